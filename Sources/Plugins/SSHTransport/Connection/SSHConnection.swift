internal import CLibSSH2
import Glibc
internal import QuorateCore

/// One connection to one host, for a whole run: an actor on one of the transport's loops.
///
/// Everything that waits does it in ``pause()``: it goes on when anything happened to the connection (bytes came,
/// bytes went, a descriptor is ready, time is up, a task was cancelled) and looks again at what it waits for. So
/// there is one way to wait, and no wake-up can be missed.
actor SSHConnection {
  /// The thread it lives on.
  nonisolated let loop: EventLoop
  /// The host's name in the configuration, for messages.
  nonisolated let name: String
  /// Where it listens.
  nonisolated let endpoint: HostEndpoint
  /// The login name.
  nonisolated let user: String
  /// How it is reached; nil: over TCP, from here.
  let jump: JumpRoute?
  let settings: SSHSettings
  let context: PluginContext
  let knownHosts: KnownHostsFiles

  /// The session below; nil before the connection is there and after it was closed.
  var session: SSHSession?
  /// Why the connection cannot be used any more.
  private(set) var lost: TransportError?
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var watch: EventLoop.Token?
  private var interest: UInt32 = 0
  private var hasHungUp = false
  private var keepAliveTimer: EventLoop.Token?

  // Connecting (SSHConnection+Connect).
  var lookup: NameResolver.Answer?
  /// How long connecting may take.
  var connectSeconds = 10.0
  /// Whether a key was left out that the system's ssh could use.
  var needsOpenSSH = false
  /// Whether sshd has refused to forward, so that it is not asked again.
  var forwardingIsRefused = false

  // Channels (SSHConnection+Channels).
  var openings: [ChannelOpening] = []
  var isOpening = false
  var isPreparingSpare = false
  /// Whether a channel is opened ahead: not on jump hosts, which run no commands.
  var keepsSpare: Bool
  var spare: SpareChannel?
  var leaving: [SSHChannel] = []
  var openCount = 0
  var sessionLimit = SSHConnection.mostSessions
  var tickets: [UInt64] = []
  var nextTicket: UInt64 = 0
  var runningCount = 0
  /// How many commands have been given a channel.
  var begunCount = 0
  /// Whether the host is far enough away for shells that are started ahead.
  var isFar = false

  // Rights (SSHConnection+Run).
  var becomePassword: SecretBytes?
  var isPasswordNeeded = false
  var isPasswordWrong = false

  /// Where bytes are read into, by whoever runs on the loop.
  var scratch: UnsafeMutableRawBufferPointer { scratchMemory.buffer }
  private let scratchMemory = ScratchMemory()

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  init(
    loop: EventLoop, request: OpenRequest, settings: SSHSettings, context: PluginContext, knownHosts: KnownHostsFiles,
    jump: JumpRoute? = nil, keepsSpare: Bool = true
  ) {
    self.jump = jump
    self.keepsSpare = keepsSpare
    self.loop = loop
    self.settings = settings
    self.context = context
    self.knownHosts = knownHosts
    name = request.name
    endpoint = request.endpoint
    user = request.endpoint.user ?? settings.user ?? SSHSettings.ownName
  }

  // MARK: Waiting

  /// Sends what is to be sent, and waits until something happened.
  func pause() async {
    session?.wire.flush()
    noteLoss()
    if lost != nil { return await Task.yield() }
    await withCheckedContinuation { continuation in
      waiting.append(continuation)
      updateInterest()
    }
  }

  /// Lets everybody look again.
  func wake() {
    let resumed = waiting
    waiting = []
    for continuation in resumed { continuation.resume() }
  }

  /// Calls ``wake()`` after some seconds.
  func wake(after seconds: Double) -> EventLoop.Token {
    loop.after(seconds) { [weak self] in self?.assumeIsolated { $0.wake() } }
  }

  /// Calls ``wake()`` when a descriptor is ready; once, until it is armed again.
  func wake(when descriptor: Int32, _ events: UInt32) -> EventLoop.Token? {
    loop.watch(descriptor, events | EPOLLONESHOT.rawValue) { [weak self] _ in self?.assumeIsolated { $0.wake() } }
  }

  /// Waits within a time limit.
  ///
  /// - Throws: The connection's loss; `cancelled`; or what `timeout` makes once the time is up.
  func pause(until deadline: Deadline) async throws(TransportError) {
    try check(deadline)
    let alarm = deadline.seconds.map { wake(after: $0) }
    await pause()
    if let alarm { loop.cancel(alarm) }
    try check(deadline)
  }

  private func check(_ deadline: Deadline) throws(TransportError) {
    if let lost { throw lost }
    if Task.isCancelled { throw cancelled }
    if EventLoop.now >= deadline.time { throw deadline.error }
  }

  /// Lets a call notice that its task was cancelled.
  nonisolated func cancellable<Value: Sendable>(
    _ body: @Sendable () async throws(TransportError) -> Value
  ) async throws(TransportError) -> Value {
    let result = await withTaskCancellationHandler {
      do throws(TransportError) {
        return Result<Value, TransportError>.success(try await body())
      } catch {
        return .failure(error)
      }
    } onCancel: {
      Task { await wake() }
    }
    return try result.get()
  }

  /// The error of a call whose task was cancelled.
  nonisolated var cancelled: TransportError {
    TransportError(.cancelled, host: name, why: "the call to \(name) was cancelled")
  }

  // MARK: The socket

  /// Takes a connected socket into use.
  func use(_ session: SSHSession) {
    self.session = session
    interest = EPOLLRDHUP.rawValue
    hasHungUp = false
    watch = loop.watch(session.wire.socket, EPOLLRDHUP.rawValue) { [weak self] events in
      self?.assumeIsolated { $0.socketIsReady(events) }
    }
  }

  /// Lets go of a socket without calling the connection lost: to try again with another.
  func drop() {
    unwatch()
    session?.free()
    session = nil
  }

  private func unwatch() {
    if let watch, let session { loop.unwatch(watch, session.wire.socket) }
    watch = nil
  }

  private func updateInterest() {
    guard let watch, let session else { return }
    var events: UInt32 = hasHungUp ? 0 : EPOLLRDHUP.rawValue
    if !waiting.isEmpty || !leaving.isEmpty { events |= EPOLLIN.rawValue }
    if session.wire.unsentCount > 0 { events |= EPOLLOUT.rawValue }
    guard events != interest else { return }
    interest = events
    loop.change(watch, session.wire.socket, events)
  }

  private func socketIsReady(_ events: UInt32) {
    session?.wire.flush()
    finishLeaving()
    // Whoever reads finds the end behind the last bytes. Where nobody does, it is looked for here.
    let isBroken = events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
    if events & EPOLLRDHUP.rawValue != 0 { hasHungUp = true }
    if isBroken || hasHungUp, waiting.isEmpty, let wire = session?.wire, isBroken || wire.isAtEnd { wire.lose(0) }
    noteLoss()
    wake()
    updateInterest()
  }

  // MARK: The end

  /// Turns an error of libssh2 into the connection's loss, where it is one.
  func note(_ failure: SSHFailure) {
    if failure.isDisconnect { session?.wire.lose(0) }
    noteLoss()
  }

  private func noteLoss() {
    guard lost == nil, let wire = session?.wire, wire.isLost else { return }
    let reason =
      wire.farewell.map { "the host said: \(HostWords.printable($0))" }
      ?? (wire.lostWith == 0 ? "the host closed it" : SystemError.text(wire.lostWith))
    lose("the connection to \(name) (\(endpoint.host)) was lost: \(reason)")
  }

  private func lose(_ why: String) {
    guard lost == nil else { return }
    lost = TransportError(
      .connectionLost, host: name, why: why, fix: "run the same command again: it goes on where it stopped")
    context.log(why)
    session?.wire.lose(0)
    end()
  }

  private func end() {
    unwatch()
    if let keepAliveTimer { loop.cancel(keepAliveTimer) }
    keepAliveTimer = nil
    spare = nil
    leaving = []
    wake()
  }

  /// Ends the connection; everything under way on it fails.
  func close() {
    if lost == nil {
      lost = TransportError(.connectionLost, host: name, why: "the connection to \(name) was closed")
      session?.disconnect()
      session?.wire.flush()
      end()
    }
    session?.free()
    session = nil
  }

  // MARK: Signs of life

  /// Asks for signs of life from now on.
  func keepAlive() {
    guard settings.keepAlive > 0 else { return }
    session?.setKeepAlive(interval: 1)
    let interval = Double(settings.keepAlive)
    keepAliveTimer = loop.after(interval / 2) { [weak self] in self?.assumeIsolated { $0.checkLife() } }
  }

  private func checkLife() {
    guard lost == nil, let session else { return }
    let interval = UInt64(settings.keepAlive) * 1_000_000_000
    let silence = EventLoop.now - min(EventLoop.now, session.wire.lastReceived)
    var entry = pollfd(fd: session.wire.socket, events: Int16(POLLIN), revents: 0)
    if silence >= 3 * interval, poll(&entry, 1, 0) == 0 {
      return lose(
        "the connection to \(name) (\(endpoint.host)) was lost: nothing came from the host for "
          + "\(silence / 1_000_000_000) seconds")
    }
    if silence >= interval { session.keepAlive() }
    session.wire.flush()
    updateInterest()
    keepAlive()
  }

  // MARK: Figures

  /// About how many round trips the connection has cost so far.
  var flights: Int { session?.wire.flights ?? 0 }
}

/// When a wait ends, and with which error.
struct Deadline: Sendable {
  /// On the clock of ``EventLoop/now``.
  var time: UInt64
  /// What is thrown then.
  var error: TransportError

  /// A moment some seconds from now; nil seconds: never.
  init(seconds: Double?, error: TransportError) {
    self.error = error
    guard let seconds else {
      time = .max
      return
    }
    time = EventLoop.now + UInt64(max(0, min(seconds, 1e9)) * 1e9)
  }

  /// Seconds from now; nil: never.
  var seconds: Double? {
    guard time != .max else { return nil }
    let now = EventLoop.now
    return time > now ? Double(time - now) / 1e9 : 0
  }

  /// Moves it, for time that a human took.
  mutating func extend(by nanoseconds: UInt64) {
    if time != .max { time += nanoseconds }
  }
}

/// Memory that bytes pass through.
private final class ScratchMemory {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)

  deinit { buffer.deallocate() }
}
