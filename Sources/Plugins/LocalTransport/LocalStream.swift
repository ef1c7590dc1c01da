import Glibc
import QuorateCore
import QuorateProcesses

/// TCP connections of this machine.
enum LocalStream {
  /// How long one address may take, in milliseconds.
  private static let patience: Int32 = 30_000

  /// Connects; on the calling thread, which waits.
  ///
  /// - Returns: A connected, blocking socket.
  static func connect(_ host: String, _ port: UInt16, name: String, stop: CallStop) -> Result<Int32, TransportError> {
    let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    func unreachable(_ why: String) -> Result<Int32, TransportError> {
      .failure(
        TransportError(
          .streamTargetUnreachable, host: name, why: "\(name) cannot connect to \(address): \(why)",
          fix: "see whether something listens there: ss -ltn"))
    }
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, "\(port)", &hints, &list)
    guard status == 0 else { return unreachable(String(cString: gai_strerror(status))) }
    defer { freeaddrinfo(list) }
    var problem: Int32 = EADDRNOTAVAIL
    var entry = list
    while let current = entry?.pointee {
      switch connect(current, stop) {
      case .success(let descriptor): return .success(descriptor)
      case .failure(let failure): problem = failure.code
      }
      if let reason = stop.reason { return .failure(reason) }
      entry = current.ai_next
    }
    return unreachable(String(cString: strerror(problem)).lowercased())
  }

  private struct Failure: Error { var code: Int32 }

  private static func connect(_ address: addrinfo, _ stop: CallStop) -> Result<Int32, Failure> {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(address.ai_family, type, 0)
    guard descriptor >= 0 else { return .failure(Failure(code: errno)) }
    var error: Int32 = 0
    if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
      error = errno
      if error == EINPROGRESS { error = wait(descriptor, stop) }
    }
    guard error == 0 else {
      close(descriptor)
      return .failure(Failure(code: error))
    }
    _ = fcntl(descriptor, F_SETFL, 0)
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
    return .success(descriptor)
  }

  private static func wait(_ descriptor: Int32, _ stop: CallStop) -> Int32 {
    var entries = [
      pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
      pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      let count = poll(&entries, 2, patience)
      if count < 0, errno == EINTR { continue }
      if count == 0 { return ETIMEDOUT }
      if entries[1].revents != 0 { return ECANCELED }
      var error: Int32 = 0
      var size = socklen_t(4)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
      return error
    }
  }
}
