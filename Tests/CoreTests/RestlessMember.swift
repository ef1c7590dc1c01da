import Glibc
import QuorateCore

/// A listener that resets the first connections as soon as they are made, as a member does that ends, and then says that
/// it is healthy.
struct RestlessMember {
  let port: UInt16
  private let socket: Int32

  init(refusals: Int) throws {
    let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, address, &length) == 0
      }
    }
    guard isListening else { throw Unusable() }
    port = UInt16(bigEndian: address.sin_port)
    socket = listener
    DetachedThread.start {
      var refused = 0
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        if refused < refusals {
          refused += 1
          var reset = linger(l_onoff: 1, l_linger: 0)
          setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
        } else {
          var request = [UInt8](repeating: 0, count: 1024)
          _ = read(connection, &request, request.count)
          let answer = Array("HTTP/1.0 200 OK\r\n\r\n{\"health\":\"true\"}".utf8)
          _ = write(connection, answer, answer.count)
        }
        close(connection)
      }
    }
  }

  /// Ends it: `accept` returns.
  func end() {
    shutdown(socket, Int32(SHUT_RDWR))
    close(socket)
  }

  private struct Unusable: Error {}
}
