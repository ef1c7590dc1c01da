internal import CLibSSH2
import Glibc
internal import QuorateCore
import Synchronization

/// One thread that waits for descriptors and timers, and runs the actors that live on it.
///
/// The thread starts with the first job, watch or timer, and ends when ``stop()`` was called and nothing is left to
/// do. A job that comes later starts it again, so no job is ever lost.
///
/// Handlers of watches and timers are called on the thread, outside of any job: an actor of this loop may use
/// `assumeIsolated` in them.
final class EventLoop: SerialExecutor {
  /// Names a watch or a timer.
  typealias Token = UInt64

  private struct Timer {
    var due: UInt64
    var handler: @Sendable () -> Void
  }

  private struct State {
    var jobs: [UnownedJob] = []
    var timers: [Token: Timer] = [:]
    var watches: [Token: @Sendable (UInt32) -> Void] = [:]
    var nextToken: Token = 1
    var isRunning = false
    var thread: pthread_t?
    var isStopping = false
  }

  private let name: String
  private let epoll: Int32
  private let bell: Int32
  private let state = Mutex(State())

  /// Makes a loop; its thread starts when it is needed.
  ///
  /// - Returns: Nil when the system has no descriptors left.
  init?(name: String) {
    self.name = name
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    bell = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    guard epoll >= 0, bell >= 0, control(EPOLL_CTL_ADD, bell, 0, EPOLLIN.rawValue) else {
      close(epoll)
      close(bell)
      return nil
    }
  }

  deinit {
    close(epoll)
    close(bell)
  }

  /// Nanoseconds of a clock that only runs forward.
  static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Whether the caller is on the loop's thread.
  var isCurrent: Bool {
    let current = pthread_self()
    return state.withLock { $0.thread.map { pthread_equal($0, current) != 0 } ?? false }
  }

  /// Lets the thread end once nothing is left to do.
  func stop() {
    state.withLock { $0.isStopping = true }
    ring()
  }

  // MARK: Executor

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let current = pthread_self()
    let isOwn = state.withLock { state in
      state.jobs.append(job)
      startIfNeeded(&state)
      return state.thread.map { pthread_equal($0, current) != 0 } ?? false
    }
    if !isOwn { ring() }
  }

  func checkIsolated() { precondition(isCurrent, "called from a thread that is not the loop's") }

  // MARK: Descriptors

  /// Calls a handler with epoll's events whenever a descriptor is ready.
  ///
  /// - Returns: Nil when epoll does not take the descriptor (a regular file is always ready).
  func watch(_ descriptor: Int32, _ events: UInt32, handler: @escaping @Sendable (UInt32) -> Void) -> Token? {
    let token = state.withLock { state in
      let token = state.nextToken
      state.nextToken += 1
      state.watches[token] = handler
      startIfNeeded(&state)
      return token
    }
    guard control(EPOLL_CTL_ADD, descriptor, token, events) else {
      state.withLock { _ = $0.watches.removeValue(forKey: token) }
      return nil
    }
    return token
  }

  /// Changes the events that are waited for.
  func change(_ token: Token, _ descriptor: Int32, _ events: UInt32) {
    _ = control(EPOLL_CTL_MOD, descriptor, token, events)
  }

  /// Ends a watch; to be called before the descriptor is closed. The handler is not called again.
  func unwatch(_ token: Token, _ descriptor: Int32) {
    state.withLock { _ = $0.watches.removeValue(forKey: token) }
    _ = control(EPOLL_CTL_DEL, descriptor, token, 0)
  }

  private func control(_ operation: Int32, _ descriptor: Int32, _ token: Token, _ events: UInt32) -> Bool {
    var event = epoll_event()
    event.events = events
    event.data.u64 = token
    return epoll_ctl(epoll, operation, descriptor, &event) == 0
  }

  // MARK: Timers

  /// Calls a handler once, after some seconds.
  func after(_ seconds: Double, handler: @escaping @Sendable () -> Void) -> Token {
    let due = Self.now + UInt64(max(0, min(seconds, 1e9)) * 1e9)
    let token = state.withLock { state in
      let token = state.nextToken
      state.nextToken += 1
      state.timers[token] = Timer(due: due, handler: handler)
      startIfNeeded(&state)
      return token
    }
    if !isCurrent { ring() }
    return token
  }

  /// Forgets a timer.
  func cancel(_ token: Token) { state.withLock { _ = $0.timers.removeValue(forKey: token) } }

  // MARK: Thread

  private func ring() {
    var one: UInt64 = 1
    _ = write(bell, &one, 8)
  }

  private func startIfNeeded(_ state: inout State) {
    guard !state.isRunning else { return }
    state.isRunning = DetachedThread.start { [self] in run() }
  }

  private func run() {
    // Signals are for the program's other threads.
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    quorate_ssh_name_thread(name)
    state.withLock { $0.thread = pthread_self() }
    var events = [epoll_event](repeating: epoll_event(), count: 64)
    while true {
      let jobs = state.withLock { state in
        let jobs = state.jobs
        state.jobs.removeAll(keepingCapacity: true)
        return jobs
      }
      for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
      guard let timeout = nextTimeout() else { return }
      let count = epoll_wait(epoll, &events, Int32(events.count), timeout)
      for index in 0..<max(0, Int(count)) { handle(events[index]) }
      fireTimers()
    }
  }

  private func handle(_ event: epoll_event) {
    if event.data.u64 == 0 {
      var value: UInt64 = 0
      _ = read(bell, &value, 8)
      return
    }
    let token = event.data.u64
    let handler = state.withLock { $0.watches[token] }
    handler?(event.events)
  }

  private func fireTimers() {
    let now = Self.now
    let handlers = state.withLock { state in
      let due = state.timers.filter { $0.value.due <= now }.sorted { $0.value.due < $1.value.due }
      for (token, _) in due { state.timers.removeValue(forKey: token) }
      return due.map(\.value.handler)
    }
    for handler in handlers { handler() }
  }

  /// Milliseconds until there is something to do, -1 for no limit; nil when the thread is to end.
  private func nextTimeout() -> Int32? {
    state.withLock { state in
      if !state.jobs.isEmpty { return 0 }
      guard let due = state.timers.values.map(\.due).min() else {
        if state.isStopping, state.watches.isEmpty {
          state.thread = nil
          state.isRunning = false
          return nil
        }
        return -1
      }
      let now = Self.now
      return due <= now ? 0 : Int32(min((due - now + 999_999) / 1_000_000, 1 << 30))
    }
  }
}
