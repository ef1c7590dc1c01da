internal import CSpawn
import Glibc
package import QuorateCore
import Synchronization

/// Tells the thread of a call, which waits in `poll`, to stop.
package final class CallStop: Sendable {
  /// Becomes readable once the signal was raised.
  package let descriptor: Int32
  private let writeEnd: Int32
  private let error = Mutex<TransportError?>(nil)

  /// Makes a signal; nil when no descriptors are left.
  package init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC | O_NONBLOCK) == 0 else { return nil }
    descriptor = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    close(descriptor)
    close(writeEnd)
  }

  /// Why to stop; nil: go on.
  package var reason: TransportError? { error.withLock { $0 } }

  /// Raises it; the first reason stays.
  package func raise(_ reason: TransportError) {
    error.withLock { if $0 == nil { $0 = reason } }
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)
  }
}
