internal import QuorateCore

/// Collects findings, each once.
struct FindingCollector: Sendable {
  /// As many as anybody reads; a file with more is no configuration.
  static let limit = 200

  private(set) var findings: [Finding] = []
  private var seen: Set<Finding> = []
  /// The worst of those that were left out; nil: none was.
  private var leftOut: Finding.Severity?

  /// Whether no further finding is taken.
  var isFull: Bool { findings.count >= Self.limit }

  /// Whether an error was found.
  var hasErrors: Bool { leftOut == .error || findings.contains { $0.severity == .error } }

  mutating func add(_ finding: Finding) {
    guard !isFull else {
      leaveOut(finding.severity)
      return
    }
    if seen.insert(finding).inserted { findings.append(finding) }
  }

  private mutating func leaveOut(_ severity: Finding.Severity) {
    if leftOut != .error { leftOut = severity }
  }

  /// Adds the findings of another reading of the same text. One that tells of the same fault at the same place, with
  /// another path to it, is left out.
  mutating func merge(_ other: FindingCollector) {
    let known = Set(findings.map(Place.init))
    for finding in other.findings where !known.contains(Place(finding)) { add(finding) }
    if let severity = other.leftOut { leaveOut(severity) }
  }

  private struct Place: Hashable {
    var position: SourcePosition?
    var code: String

    init(_ finding: Finding) {
      position = finding.position
      code = finding.code
    }
  }

  mutating func error(
    _ code: String, at position: SourcePosition?, _ what: String, why: String = "", fix: String = ""
  ) {
    add(Finding(.error, code: "config." + code, position: position, what: what, why: why, fix: fix))
  }

  mutating func warning(
    _ code: String, at position: SourcePosition?, _ what: String, why: String = "", fix: String = ""
  ) {
    add(Finding(.warning, code: "config." + code, position: position, what: what, why: why, fix: fix))
  }

  /// The findings in the order of the text; those without a place come first.
  var ordered: [Finding] {
    let numbered = findings.enumerated().sorted { left, right in
      let (a, b) = (left.element.position, right.element.position)
      let places = (a?.line ?? 0, a?.column ?? 0, left.offset)
      return places < (b?.line ?? 0, b?.column ?? 0, right.offset)
    }
    var all = numbered.map(\.element)
    if let leftOut {
      all.append(
        Finding(
          leftOut, code: "config.more", position: all.last?.position,
          what: "there is more than these \(Self.limit) findings", fix: "mend these first"))
    }
    return all
  }
}
