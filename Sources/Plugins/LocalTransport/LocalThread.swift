internal import CSpawn
import Glibc
import QuorateCore
import Synchronization

/// A thread outside Swift's shared pool, for work that waits.
enum LocalThread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread that ends with its body.
  ///
  /// - Parameter orElse: Called instead when the system allows no more threads.
  static func start(_ run: @escaping @Sendable () -> Void, orElse: () -> Void) {
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    defer { attributes.deallocate() }
    pthread_attr_init(attributes)
    defer { pthread_attr_destroy(attributes) }
    pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(attributes, 512 << 10)
    let body = Unmanaged.passRetained(Body(run))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, attributes,
      { argument in
        guard let argument else { return nil }
        DescriptorIO.blockBrokenPipeSignal()
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    if status != 0 {
      body.release()
      orElse()
    }
  }
}

/// Tells a thread that waits in `poll` to stop.
final class StopSignal: Sendable {
  /// Becomes readable once the signal was raised.
  let descriptor: Int32
  private let writeEnd: Int32
  private let error = Mutex<TransportError?>(nil)

  /// Makes a signal; nil when no descriptors are left.
  init?() {
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
  var reason: TransportError? { error.withLock { $0 } }

  /// Raises it; the first reason stays.
  func raise(_ reason: TransportError) {
    error.withLock { if $0 == nil { $0 = reason } }
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)
  }
}
