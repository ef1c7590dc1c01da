internal import Dispatch
internal import Glibc
internal import QuorateCore
internal import Synchronization

/// Ctrl-C and termination: the first one asks the run to stop at a step's end, the second one cancels what is under way.
/// It listens before the run begins: a signal in between would end the program with half of a step done.
///
/// Not bound to the main actor: its handlers run on a queue, where a closure of the main actor would trap.
final class Interruption {
  private var sources: [any DispatchSourceSignal] = []
  private let state = State()

  /// Listens until ``end()``.
  init(stop: StopSignal, report: @escaping @Sendable () -> Void) {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler(
        handler: DispatchWorkItem { @Sendable [state] in
          stop.request()
          if state.isFirst() { report() } else { state.cancel() }
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
