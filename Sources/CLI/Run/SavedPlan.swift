internal import FoundationEssentials
internal import QuorateCore

/// A plan in a file. It holds no key; it names hosts and paths, so it is readable by its owner only.
enum SavedPlan {
  /// Writes a plan to a new file, or over an earlier plan.
  static func write(_ plan: Plan, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try OperatorFiles().replace(SecretBytes(Array(try encoder.encode(plan)) + [10]), at: path, mode: 0o600)
  }

  /// Reads a plan.
  ///
  /// - Throws: ``RunFailure`` when the file is no plan of this version.
  static func read(_ path: String) throws -> Plan {
    let bytes: [UInt8]
    do { bytes = try OperatorFiles().read(path, limit: 16 << 20) } catch {
      var failure = error
      failure.fix = "check the path given by --plan; quorate plan --out \(path) makes one"
      throw failure
    }
    let plan = try? JSONDecoder().decode(Plan.self, from: Data(bytes))
    guard let plan, plan.format == Plan.currentFormat else {
      throw RunFailure(
        code: "plan.unreadable", what: "\(path) is no plan that this version of Quorate made",
        why: "it cannot be read as one", fix: "make it anew: quorate plan --out \(path)")
    }
    return plan
  }
}
