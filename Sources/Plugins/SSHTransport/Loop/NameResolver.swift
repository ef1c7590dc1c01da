// In a release build the sockets' constants count as the headers of libssh2's.
internal import CLibSSH2
import Glibc
internal import QuorateCore

/// Looks names up on a thread of its own: `getaddrinfo` blocks, for half a minute where no name server answers.
enum NameResolver {
  /// An address to connect to.
  struct Address: Sendable, Hashable {
    /// A `sockaddr_in` or `sockaddr_in6`, as bytes.
    var bytes: [UInt8]

    /// Its family.
    var family: Int32 { bytes.withUnsafeBytes { Int32($0.loadUnaligned(as: sockaddr.self).sa_family) } }
  }

  /// Addresses, or why there are none.
  typealias Answer = Result<[Address], LookupError>

  /// What the resolver said.
  struct LookupError: Error { var text: String }

  /// The addresses of a host, in the order of RFC 6724.
  ///
  /// - Parameter answer: Called once: at once for an IP address, from another thread for a name.
  static func resolve(_ host: String, port: UInt16, answer: @escaping @Sendable (Answer) -> Void) {
    if case .success(let addresses) = lookUp(host, port, flags: AI_NUMERICHOST) { return answer(.success(addresses)) }
    if !DetachedThread.start({ answer(lookUp(host, port, flags: 0)) }) {
      answer(.failure(LookupError(text: "the system allows no more threads")))
    }
  }

  private static func lookUp(_ host: String, _ port: UInt16, flags: Int32) -> Answer {
    var hints = addrinfo()
    hints.ai_flags = flags | AI_NUMERICSERV
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, "\(port)", &hints, &list)
    guard status == 0 else { return .failure(LookupError(text: String(cString: gai_strerror(status)))) }
    defer { freeaddrinfo(list) }
    var addresses: [Address] = []
    var entry = list
    while let current = entry?.pointee {
      if let address = current.ai_addr {
        addresses.append(Address(bytes: Array(UnsafeRawBufferPointer(start: address, count: Int(current.ai_addrlen)))))
      }
      entry = current.ai_next
    }
    return .success(addresses)
  }
}
