internal import Dispatch
internal import Glibc
internal import QuorateCore
internal import Synchronization

/// Ctrl-C and termination: the first one asks the run to stop at a step's end, the second one cancels what is under way.
///
/// Not bound to the main actor: its handlers run on a queue, where a closure of the main actor would trap.
final class Interruption {
  private var sources: [any DispatchSourceSignal] = []

  /// Listens until ``end()``.
  init(stop: StopSignal, report: @escaping @Sendable () -> Void, cancel: @escaping @Sendable () -> Void) {
    let received = Count()
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler(
        handler: DispatchWorkItem { @Sendable in
          stop.request()
          if received.next() == 1 { report() } else { cancel() }
        })
      source.resume()
      sources.append(source)
    }
  }

  /// Stops listening: the next Ctrl-C ends the process as usual.
  func end() {
    for source in sources { source.cancel() }
    for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
  }

  /// How many signals came.
  private final class Count: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
      value.withLock { number in
        number += 1
        return number
      }
    }
  }
}
