internal import CCurl
internal import Glibc
internal import QuorateCore
internal import Synchronization

/// Carries out one client's exchanges, one after the other, on a thread of its own. The thread begins with the first
/// exchange and ends with ``close()``; nothing here blocks the thread that calls.
final class CurlThread: Sendable {
  private let endpoint: NetworkEndpoint
  private let credentials: EtcdCredentials
  private let state = Mutex(State())

  private struct State {
    var queue: [Job] = []
    var isStarted = false
    var isClosed = false
    /// Why the thread has ended; nil: it has not.
    var end: Failure.Stop?
    /// The multi handle's address, where `curl_multi_wakeup` reaches the thread; 0 while there is none.
    var multi: UInt = 0
    var closing: [CheckedContinuation<Void, Never>] = []

    /// Ends the thread's wait. Called with the lock held, so that the handle is still there.
    func wake() { if let multi = UnsafeMutableRawPointer(bitPattern: multi) { curl_multi_wakeup(multi) } }
  }

  private struct Job {
    let exchange: Exchange
    let descriptor: Int32?
    let flag: Flag
    let continuation: CheckedContinuation<Outcome, Never>
  }

  /// Whether a call was cancelled.
  final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
  }

  init(endpoint: NetworkEndpoint, credentials: EtcdCredentials) {
    self.endpoint = endpoint
    self.credentials = credentials
  }

  /// Carries out an exchange after those that came before.
  ///
  /// - Parameters:
  ///   - exchange: What to send.
  ///   - descriptor: A connected stream for the case that a connection is needed; it is closed here in the end.
  func run(_ exchange: Exchange, descriptor: Int32?) async -> Outcome {
    let flag = Flag()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let job = Job(exchange: exchange, descriptor: descriptor, flag: flag, continuation: continuation)
        if let reason = submit(job) { Self.refuse(job, reason) }
      }
    } onCancel: {
      flag.set()
      state.withLock { $0.wake() }
    }
  }

  /// Gives the thread a job; why not, where it takes none.
  private func submit(_ job: Job) -> Failure.Stop? {
    state.withLock { state in
      if let reason = state.end { return reason }
      if state.isClosed { return .cancelled }
      if !state.isStarted {
        guard start() else { return .unavailable("no thread could be started") }
        state.isStarted = true
      }
      state.queue.append(job)
      state.wake()
      return nil
    }
  }

  /// Ends what is under way and what waits, and the thread. Returns when the connection is closed.
  func close() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        state.isClosed = true
        guard state.isStarted, state.end == nil else { return true }
        state.closing.append(continuation)
        state.wake()
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  /// Like ``close()``, without waiting.
  func abandon() {
    state.withLock { state in
      state.isClosed = true
      state.wake()
    }
  }

  private static func refuse(_ job: Job, _ reason: Failure.Stop) {
    if let descriptor = job.descriptor { Glibc.close(descriptor) }
    job.continuation.resume(
      returning: .failed(Failure(code: 0, text: "", verification: 0, hasBeenSent: false, stop: reason)))
  }

  private func start() -> Bool { DetachedThread.start { [self] in main() } }

  private func main() {
    Self.blockSignals()
    guard let session = CurlSession(endpoint: endpoint, credentials: credentials) else {
      end(.unavailable("libcurl could not be started"))
      return
    }
    let address = UInt(bitPattern: session.multi)
    state.withLock { $0.multi = address }
    while let job = next(of: session) {
      if job.flag.isSet {
        Self.refuse(job, .cancelled)
      } else {
        let outcome = session.run(job.exchange, descriptor: job.descriptor) { job.flag.isSet || self.isClosed }
        job.continuation.resume(returning: outcome)
      }
    }
    state.withLock { $0.multi = 0 }
    session.close()
    end(.cancelled)
  }

  /// Refuses what waits and whatever comes after, and tells who waits for the end.
  private func end(_ reason: Failure.Stop) {
    let (jobs, closing) = state.withLock { state in
      state.end = reason
      return (state.queue, state.closing)
    }
    for job in jobs { Self.refuse(job, reason) }
    for continuation in closing { continuation.resume() }
  }

  private var isClosed: Bool { state.withLock { $0.isClosed } }

  /// The next job; nil once the client is closed. Waits in libcurl's own poll, which a wake-up ends.
  private func next(of session: CurlSession) -> Job? {
    while true {
      let (job, isClosed): (Job?, Bool) = state.withLock { state in
        guard !state.isClosed, !state.queue.isEmpty else { return (nil, state.isClosed) }
        return (state.queue.removeFirst(), false)
      }
      if let job { return job }
      if isClosed { return nil }
      session.wait()
    }
  }

  /// Signals are the program's matter, not this thread's; and a member that closes its connection must not end the
  /// program by SIGPIPE, which libcurl leaves to its user.
  private static func blockSignals() {
    var signals = sigset_t()
    sigfillset(&signals)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&signals, fault) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }
}
