internal import Glibc

/// A question whose only answer is `yes`.
enum Confirmation {
  /// Whether somebody can be asked.
  static var isPossible: Bool { isatty(STDIN_FILENO) == 1 }

  /// Asks on the terminal; without one the answer is no.
  static func ask(_ question: String) -> Bool {
    guard isPossible else { return false }
    _ = Array(question.utf8).withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    return readLine(strippingNewline: true) == "yes"
  }
}
