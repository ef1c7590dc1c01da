/// A reference from the configuration to a value from elsewhere: `${env:NAME}`, `${env:NAME:-DEFAULT}`, `${file:PATH}`.
public struct OutsideReference: Sendable, Hashable, CustomStringConvertible {
  /// Where a value comes from.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A variable of the process's environment.
    case variable = "env"
    /// A file on the operator's machine; its last line end is not part of the value.
    case file
  }

  /// Where it comes from.
  public var kind: Kind
  /// The variable's name, or the file's path as it is written.
  public var name: String
  /// What holds where a variable is not set or empty; nil: then it is an error.
  public var fallback: String?

  /// The reference as it is written.
  public var description: String { "${\(kind.rawValue):\(name)\(fallback.map { ":-\($0)" } ?? "")}" }

  /// Whether a text can be a variable's name (POSIX: letters, digits and `_`, no digit first).
  static func isVariableName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
    return text.allSatisfy { $0.isASCIIAlphanumeric || $0 == "_" }
  }
}
