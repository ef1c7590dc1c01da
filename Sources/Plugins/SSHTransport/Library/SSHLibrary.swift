internal import CLibSSH2
internal import QuorateCore

/// The linked libssh2: its version, and what it can do.
enum SSHLibrary {
  /// Starts the library once in a process; false when it cannot be used.
  static let isReady: Bool = libssh2_init(0) == 0

  /// The version that is linked at run time (`1.10.0`).
  static let version: Version = {
    guard let text = libssh2_version(0) else { return Version(0, 0, 0) }
    let numbers = String(cString: text).split { !$0.isNumber }.prefix(3).compactMap { Int($0) }
    return numbers.count == 3 ? Version(numbers[0], numbers[1], numbers[2]) : Version(0, 0, 0)
  }()

  /// Whether it signs and checks RSA with SHA-2 (RFC 8332, since 1.11). OpenSSH 8.8 and later refuse SHA-1.
  static let hasRSAWithSHA2 = version >= Version(1, 11, 0)

  /// The host key algorithms that it can check, by name.
  static let hostKeyAlgorithms: [String] = names(of: LIBSSH2_METHOD_HOSTKEY)

  /// The names that it knows of one kind of method.
  static func names(of kind: Int32) -> [String] {
    guard isReady, let session = libssh2_session_init_ex(nil, nil, nil, nil) else { return [] }
    defer { libssh2_session_free(session) }
    var list: UnsafeMutablePointer<UnsafePointer<CChar>?>?
    let count = libssh2_session_supported_algs(session, kind, &list)
    guard count > 0, let list else { return [] }
    defer { libssh2_free(session, list) }
    return (0..<Int(count)).compactMap { list[$0].map { String(cString: $0) } }
  }

  /// `libssh2 1.10.0`.
  static var name: String { "libssh2 \(version)" }
}

/// What a call of libssh2 came to.
enum SSHOutcome<Value> {
  /// Done.
  case done(Value)
  /// To be repeated with the same arguments once something arrived.
  case again
  /// It failed.
  case failed(SSHFailure)
}

/// An error of libssh2.
struct SSHFailure: Error, Sendable {
  /// One of the `LIBSSH2_ERROR_*`.
  var code: Int32
  /// The library's own words.
  var message: String

  /// Whether the connection is gone.
  var isDisconnect: Bool {
    [
      LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_SEND, LIBSSH2_ERROR_SOCKET_DISCONNECT,
      LIBSSH2_ERROR_INVALID_MAC, LIBSSH2_ERROR_DECRYPT,
    ].contains(code)
  }
}
