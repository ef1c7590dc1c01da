import Synchronization

/// Whether the user asked the run to stop. It stops at a step's end, never within one.
public final class StopSignal: Sendable {
  private let requested = Mutex(false)

  /// Makes a signal that nobody gave yet.
  public init() {}

  /// Asks the run to stop.
  public func request() { requested.withLock { $0 = true } }

  /// Whether somebody asked.
  public var isRequested: Bool { requested.withLock { $0 } }
}
