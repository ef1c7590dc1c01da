// The headers of OpenSSL bring pthread.h in, so its types count as theirs.
internal import COpenSSL
internal import Glibc
public import QuorateCore
internal import Synchronization

/// Threads of their own for work that computes for long, so that it never holds a thread of Swift's shared pool.
public enum WorkThreads {
  /// Runs a body on a thread of its own.
  ///
  /// - Throws: What the body throws; or ``PluginError`` when no thread can be started, or the task was cancelled before
  ///   the body began.
  public static func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws(PluginError) -> Value
  ) async throws(PluginError) -> Value {
    let results = try await map([body], threads: 1) { body in Result { () throws(PluginError) in try body() } }
    guard let result = results.first, let result else { throw OpenSSLLibrary.refusal("the work was cancelled") }
    return try result.get()
  }

  /// How many processors are at work.
  public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Transforms every element, each thread taking the next one that is left.
  ///
  /// When the calling task is cancelled, no further element is taken, and those that were not are nil.
  ///
  /// - Parameters:
  ///   - elements: What is transformed.
  ///   - threads: At most so many threads.
  ///   - transform: Called once for an element, on one of the threads.
  /// - Returns: The results in the order of the elements.
  /// - Throws: ``PluginError`` when no thread can be started.
  public static func map<Element: Sendable, Result: Sendable>(
    _ elements: [Element], threads: Int, _ transform: @escaping @Sendable (Element) -> Result
  ) async throws(PluginError) -> [Result?] {
    if elements.isEmpty { return [] }
    let work = Work(elements, transform)
    let isStarted = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        work.start(threads: max(1, min(threads, elements.count))) { continuation.resume(returning: $0) }
      }
    } onCancel: {
      work.cancel()
    }
    guard isStarted else {
      throw OpenSSLLibrary.refusal(
        "no thread could be started", fix: "raise the limit of processes for this user (ulimit -u)")
    }
    return work.results
  }

  /// The elements, the results, and who is still at work.
  private final class Work<Element: Sendable, Result: Sendable>: Sendable {
    private struct State {
      var next = 0
      var isCancelled = false
      var running = 0
      var results: [Result?]
      var finish: (@Sendable (Bool) -> Void)?
    }

    private let elements: [Element]
    private let transform: @Sendable (Element) -> Result
    private let state: Mutex<State>

    init(_ elements: [Element], _ transform: @escaping @Sendable (Element) -> Result) {
      self.elements = elements
      self.transform = transform
      state = Mutex(State(results: Array(repeating: nil, count: elements.count)))
    }

    var results: [Result?] { state.withLock { $0.results } }

    func cancel() { state.withLock { $0.isCancelled = true } }

    /// Starts the threads; `finish` is called when the last one ends, with false where none could be started.
    func start(threads: Int, _ finish: @escaping @Sendable (Bool) -> Void) {
      // The one that starts them counts as running, so that nobody finishes before all have been tried.
      state.withLock {
        $0.finish = finish
        $0.running = 1
      }
      var started = 0
      for _ in 0..<threads {
        state.withLock { $0.running += 1 }
        if DetachedThread.start({ self.run() }) { started += 1 } else { state.withLock { $0.running -= 1 } }
      }
      leave(success: started > 0)
    }

    private func run() {
      while let index = takeNext() {
        let result = transform(elements[index])
        state.withLock { $0.results[index] = result }
      }
      leave(success: true)
    }

    private func takeNext() -> Int? {
      state.withLock { state in
        guard state.next < elements.count, !state.isCancelled else { return nil }
        defer { state.next += 1 }
        return state.next
      }
    }

    private func leave(success: Bool) {
      let finish = state.withLock { state -> (@Sendable (Bool) -> Void)? in
        state.running -= 1
        guard state.running == 0 else { return nil }
        defer { state.finish = nil }
        return state.finish
      }
      finish?(success)
    }
  }
}
