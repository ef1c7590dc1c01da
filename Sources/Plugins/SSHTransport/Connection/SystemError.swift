import Glibc

/// The system's errors in words.
enum SystemError {
  /// What an `errno` means; `host` is `address:port` where it is about a connection.
  static func text(_ code: Int32) -> String {
    switch code {
    case ECONNREFUSED: "connection refused"
    case EHOSTUNREACH, ENETUNREACH: "no route to it"
    case ETIMEDOUT: "no answer"
    case ECONNRESET, EPIPE: "the connection was reset"
    case ENOENT: "there is no such file"
    case EACCES: "permission denied"
    default:
      String(cString: strerror(code)).lowercased()
    }
  }
}
