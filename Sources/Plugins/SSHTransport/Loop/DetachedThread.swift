internal import CLibSSH2
import Glibc

/// A thread outside Swift's shared pool, for work that waits.
enum DetachedThread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread that ends with its body.
  ///
  /// - Returns: The thread; nil when the system allows no more.
  @discardableResult
  static func start(name: String, _ run: @escaping @Sendable () -> Void) -> pthread_t? {
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    defer { attributes.deallocate() }
    pthread_attr_init(attributes)
    defer { pthread_attr_destroy(attributes) }
    pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(attributes, 1 << 20)
    let body = Unmanaged.passRetained(
      Body {
        quorate_ssh_name_thread(name)
        run()
      })
    var thread = pthread_t()
    let status = pthread_create(
      &thread, attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard status == 0 else {
      body.release()
      return nil
    }
    return thread
  }
}

/// Signals on the threads of this transport.
enum DescriptorSignals {
  /// Leaves every signal to the program's other threads, and makes a closed reader an error of `write`.
  static func block() {
    var set = sigset_t()
    sigfillset(&set)
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }
}
