internal import Glibc

/// A question whose only answer is `yes`.
enum Confirmation {
  /// Asks on the terminal; without one the answer is no.
  static func ask(_ question: String) -> Bool {
    guard isatty(STDIN_FILENO) == 1 else { return false }
    print(question, terminator: "")
    fflush(stdout)
    return readLine(strippingNewline: true) == "yes"
  }
}
