internal import Glibc
internal import QuorateCore
internal import Synchronization

/// Ctrl-C and termination: the first one asks the run to stop at a step's end, the second one cancels what is under way.
/// It listens before the run begins: a signal in between would end the program with half of a step done.
///
/// The handler writes the signal's number into a pipe, which a thread reads. (A Dispatch source listens some time after it
/// was resumed; a signal that comes before is lost.)
final class Interruption {
  private static let signals = [SIGINT, SIGTERM, SIGHUP]
  /// Where the handler writes to; -1 while nobody listens.
  private static let descriptor = Atomic<Int32>(-1)
  /// What the handler writes when nobody is to listen any more.
  private static let endMark: UInt8 = 0

  private let state = State()

  /// Listens until ``end()``.
  init(stop: StopSignal, report: @escaping @Sendable () -> Void) {
    // Without a pipe a signal ends the program, as it usually does.
    guard let pipe = Self.pipe() else { return }
    Self.descriptor.store(pipe.write, ordering: .sequentiallyConsistent)
    DetachedThread.start { [state] in
      var byte: UInt8 = 0
      while true {
        let count = read(pipe.read, &byte, 1)
        if count < 0 && errno == EINTR { continue }
        guard count == 1, byte != Self.endMark else { break }
        stop.request()
        if state.isFirst() { report() } else { state.cancel() }
      }
      close(pipe.read)
      close(pipe.write)
    }
    for number in Self.signals {
      signal(number) { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(Interruption.descriptor.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
      }
    }
  }

  /// Two ends that no child inherits.
  private static func pipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    let type = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    return socketpair(AF_UNIX, type, 0, &ends) == 0 ? (ends[0], ends[1]) : nil
  }

  /// Stops listening: the next Ctrl-C ends the process as usual.
  func end() {
    for number in Self.signals { signal(number, SIG_DFL) }
    let descriptor = Self.descriptor.exchange(-1, ordering: .sequentiallyConsistent)
    var byte = Self.endMark
    if descriptor >= 0 { _ = write(descriptor, &byte, 1) }
  }

  /// Says what the second signal cancels.
  func cancels(_ cancel: @escaping @Sendable () -> Void) { state.cancels(cancel) }

  /// How many signals came, and what the second one does.
  private final class State: Sendable {
    private struct Content {
      var received = 0
      var cancel: (@Sendable () -> Void)?
    }

    private let content = Mutex(Content())

    func isFirst() -> Bool {
      content.withLock { content in
        content.received += 1
        return content.received == 1
      }
    }

    func cancel() { content.withLock { $0.cancel }?() }

    func cancels(_ cancel: @escaping @Sendable () -> Void) {
      let isDue = content.withLock { content in
        content.cancel = cancel
        return content.received > 1
      }
      if isDue { cancel() }
    }
  }
}
