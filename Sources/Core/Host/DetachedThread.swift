internal import Glibc

/// A thread outside Swift's shared pool, for work that waits or computes for long. The pool has as many threads as the
/// machine has processors, and Dispatch's global queues share them: what waits there makes everything wait.
public enum DetachedThread {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread that ends with its body. On it, a reader that went away is an error of `write`, not a signal.
  ///
  /// - Returns: Whether it was started; false when the system allows no more threads.
  @discardableResult
  public static func start(_ run: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return false }
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 1 << 20)
    let body = Unmanaged.passRetained(Body(run))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        DescriptorIO.blockBrokenPipeSignal()
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    if status != 0 { body.release() }
    return status == 0
  }

  /// Carries out a call that blocks, on a thread of its own.
  ///
  /// - Returns: What the call returned; nil when the system allows no more threads.
  public static func value<Value: Sendable>(of call: @escaping @Sendable () -> Value) async -> Value? {
    await withCheckedContinuation { continuation in
      if !start({ continuation.resume(returning: call()) }) { continuation.resume(returning: nil) }
    }
  }
}
