/// A shell text that is a constant of this program, and the command line that carries it.
///
/// Only a string literal makes one, so no value can become part of it: values travel on the command's input.
/// The text has no single quote, newline, `!` or double backslash, so that `sh -c 'TEXT'` means the same to every
/// login shell that may receive it (sh, bash, csh, fish, zsh).
public struct FixedCommand: Sendable, Hashable, CustomStringConvertible {
  /// What `sh -c` is given.
  public let text: String

  /// Makes a command from a literal.
  public init(shell text: StaticString) {
    self.text = text.description
    precondition(
      !self.text.contains { $0 == "'" || $0 == "\n" || $0 == "!" } && !self.text.contains("\\\\"),
      "a fixed command must mean the same to every login shell")
  }

  /// The command line, as a login shell is given it: `sh -c 'TEXT'`.
  public var line: String { "sh -c '\(text)'" }

  /// The command line.
  public var description: String { line }
}
