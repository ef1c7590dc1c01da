internal import Glibc

/// A question whose only answer is `yes`.
enum Confirmation {
  /// Asks on the terminal; without one the answer is no.
  static func ask(_ question: String) -> Bool {
    guard isatty(STDIN_FILENO) == 1 else { return false }
    _ = Array(question.utf8).withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    return readLine(strippingNewline: true) == "yes"
  }
}
