import Glibc
import QuorateCore
import Synchronization

/// Waits for words on a pipe, and listeners that say little.
package final class TestSignal: Sendable {
  package let readEnd: Int32
  package var writeEnd: Int32 { openEnd.withLock { $0 } }
  private let openEnd: Mutex<Int32>

  package init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw TestHost.Failure(description: "no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    readEnd = ends[0]
    openEnd = Mutex(ends[1])
  }

  deinit {
    close(readEnd)
    end()
  }

  /// Closes the end that is written to.
  package func end() {
    openEnd.withLock {
      if $0 >= 0 { close($0) }
      $0 = -1
    }
  }

  /// Waits for the first byte.
  package func wait() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      DetachedThread.start { [self] in
        var byte: UInt8 = 0
        _ = read(readEnd, &byte, 1)
        continuation.resume()
      }
    }
  }

  /// A port that takes connections; it says nothing, or something and then closes.
  package static func listener(says text: String? = nil) throws -> (descriptor: Int32, port: UInt16) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isUp = withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 4) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    guard isUp else { throw TestHost.Failure(description: "no listener") }
    if let text {
      DetachedThread.start {
        let peer = accept(listener, nil, nil)
        _ = Array(text.utf8).withUnsafeBytes { send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        shutdown(peer, Int32(SHUT_WR))
        var byte: UInt8 = 0
        while read(peer, &byte, 1) > 0 {}
        close(peer)
        close(listener)
      }
    }
    return (listener, UInt16(bigEndian: name.sin_port))
  }
}
