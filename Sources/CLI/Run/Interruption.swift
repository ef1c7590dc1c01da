internal import Dispatch
internal import Glibc
internal import QuorateCore
internal import Synchronization

/// Ctrl-C and termination: the first one asks the run to stop at a step's end, the second one cancels what is under way.
final class Interruption: Sendable {
  private let sources: [any DispatchSourceSignal]

  /// Listens until it is released.
  init(stop: StopSignal, report: @escaping @Sendable () -> Void, cancel: @escaping @Sendable () -> Void) {
    let box = Counter()
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        stop.request()
        if box.next() == 1 { report() } else { cancel() }
      }
      source.resume()
      return source
    }
  }

  deinit { for source in sources { source.cancel() } }

  private final class Counter: Sendable {
    private let value = Mutex(0)
    func next() -> Int {
      value.withLock { number in
        number += 1
        return number
      }
    }
  }
}
