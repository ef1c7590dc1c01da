internal import QuorateCore

/// The values from outside that one reading of a configuration takes, each read once: two keys that name a variable or
/// a pipe see the same.
final class OutsideValues {
  private let sources: OutsideSources
  private let baseFolder: String
  private let homeFolder: String?
  private var known: [OutsideReference: Result<SecretBytes, Missing>] = [:]

  /// Why there is no value.
  struct Missing: Error {
    /// Continues a sentence that names the key and the reference: `and …`.
    var what: String
    var why: String
    var fix: String
  }

  init(_ sources: OutsideSources, baseFolder: String, homeFolder: String?) {
    self.sources = sources
    self.baseFolder = baseFolder
    self.homeFolder = homeFolder
  }

  /// The value of a reference, without the line end that a file ends with.
  func value(of reference: OutsideReference) -> Result<SecretBytes, Missing> {
    if let value = known[reference] { return value }
    let value = reference.kind == .file ? file(reference) : variable(reference)
    known[reference] = value
    return value
  }

  /// A reference with its path in full, so that it means the same from any folder.
  func absolute(_ reference: OutsideReference) -> OutsideReference {
    guard reference.kind == .file, let path = path(reference.name) else { return reference }
    var reference = reference
    reference.name = path
    return reference
  }

  private func variable(_ reference: OutsideReference) -> Result<SecretBytes, Missing> {
    let value = sources.variable(reference.name)
    if let fallback = reference.fallback, value == nil || value?.count == 0 {
      return .success(SecretBytes(Array(fallback.utf8)))
    }
    if let value { return .success(value) }
    let near = NearestName.find(reference.name, among: sources.variableNames())
    return .failure(
      Missing(
        what: "and the variable `\(reference.name)` is not set", why: "",
        fix: (near.map { "did you mean \(shown($0))? " } ?? "")
          + "set it (`export \(reference.name)=…`), or write a default: `${env:\(reference.name):-VALUE}`"))
  }

  private func file(_ reference: OutsideReference) -> Result<SecretBytes, Missing> {
    guard let path = path(reference.name) else {
      return .failure(
        Missing(
          what: "and there is no home folder", why: "the variable HOME is not set", fix: "write the path in full"))
    }
    switch sources.file(path) {
    case .success(let bytes): return .success(Self.withoutLineEnd(bytes))
    case .failure(let failure):
      let isRelative = !reference.name.hasPrefix("/") && !reference.name.hasPrefix("~")
      return .failure(
        Missing(
          what: "\(isRelative ? "the file \(shown(path)), " : "")\(failure.what)",
          why: isRelative ? "a relative path starts from the configuration file's folder" : "", fix: failure.fix))
    }
  }

  private func path(_ name: String) -> String? {
    if name == "~" || name.hasPrefix("~/") {
      return homeFolder.map { PathCheck.normalized($0 + String(name.dropFirst())) }
    }
    return PathCheck.normalized(name.hasPrefix("/") ? name : baseFolder + "/" + name)
  }

  private static func withoutLineEnd(_ bytes: SecretBytes) -> SecretBytes {
    bytes.withBytes { content in
      guard content.last == UInt8(ascii: "\n") else { return bytes }
      let rest = content.dropLast()
      return SecretBytes(rest.last == UInt8(ascii: "\r") ? rest.dropLast() : rest)
    }
  }
}
