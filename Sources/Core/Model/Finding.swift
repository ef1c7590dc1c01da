/// Something that was found wrong, or worth knowing, with where it stands and what to do about it.
///
/// Findings are collected and reported together; the first one is not thrown.
public struct Finding: Sendable, Codable, Hashable {
  /// How bad it is.
  public enum Severity: String, Sendable, Codable, Hashable {
    /// Nothing may be changed while this stands.
    case error
    /// Worth a look; the run goes on.
    case warning
    /// Worth knowing.
    case note
  }

  /// How bad it is.
  public var severity: Severity
  /// A stable name for programs (`host.port-taken`).
  public var code: String
  /// The host it was found on; nil: it is about the configuration or the cluster.
  public var host: String?
  /// Where in the configuration it stands.
  public var position: SourcePosition?
  /// What is wrong, in a sentence without a full stop.
  public var what: String
  /// Why it matters; may be empty.
  public var why: String
  /// How to mend it; may be empty.
  public var fix: String

  /// Makes a finding.
  public init(
    _ severity: Severity, code: String, host: String? = nil, position: SourcePosition? = nil, what: String,
    why: String = "", fix: String = ""
  ) {
    self.severity = severity
    self.code = code
    self.host = host
    self.position = position
    self.what = what
    self.why = why
    self.fix = fix
  }
}

/// A place in a file.
public struct SourcePosition: Sendable, Codable, Hashable, CustomStringConvertible {
  /// The file as the user named it.
  public var file: String
  /// The line, from 1.
  public var line: Int
  /// The column, from 1.
  public var column: Int

  /// Makes a position.
  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// `file:line:column`.
  public var description: String { "\(file):\(line):\(column)" }
}
