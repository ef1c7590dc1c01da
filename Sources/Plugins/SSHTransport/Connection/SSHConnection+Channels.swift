internal import CLibSSH2
internal import QuorateCore

/// A channel that is being opened. libssh2 opens one at a time, and an opening that was begun cannot be given up:
/// whoever asked for it may go away, the opening goes on.
final class ChannelOpening {
  /// What is opened.
  enum Kind {
    /// A channel to run a command on.
    case session
    /// A stream from the host to an address.
    case stream(host: String, port: UInt16)
  }

  let kind: Kind
  /// What came of it.
  var result: Result<SSHChannel, SSHFailure>?
  /// Whether libssh2 was asked already.
  var isBegun = false
  /// Whether nobody wants it any more.
  var isAbandoned = false

  init(_ kind: Kind) { self.kind = kind }
}

/// A session channel kept ready for the next command, so that it costs no round trip to open one.
final class SpareChannel {
  /// The channel.
  let channel: SSHChannel
  /// The command line that waits for its text on it, where the round trip is worth a waiting shell.
  let exchange: CommandExchange?

  init(channel: SSHChannel, exchange: CommandExchange?) {
    self.channel = channel
    self.exchange = exchange
  }
}

extension SSHConnection {
  /// At most this many session channels at once; sshd's `MaxSessions` is 10 by default.
  static let mostSessions = 8
  /// The window of a session channel: at 50 ms it lets 80 MB/s through; and it bounds what is kept for a slow reader.
  static let window: UInt32 = 4 << 20
  /// Above this round-trip time (in nanoseconds) a shell is started ahead. Below it that costs more than it saves.
  static let farRoundTrip: UInt64 = 5_000_000
  /// How many commands every run has for a host: the lock, and the survey. What is started ahead for a third is wasted
  /// on each run that finds nothing to change, so it waits until a third was asked for: from then on more will follow.
  static let certainCommands = 2

  // MARK: Turns

  /// Waits for a turn to run a command; turns are given in the order of asking.
  func takeTurn(_ deadline: Deadline) async throws(TransportError) {
    let ticket = nextTicket
    nextTicket += 1
    tickets.append(ticket)
    defer {
      tickets.removeAll { $0 == ticket }
      wake()
    }
    while tickets.first != ticket || runningCount >= SSHConnection.mostSessions { try await pause(until: deadline) }
    runningCount += 1
  }

  /// Gives the turn back.
  func endTurn() {
    runningCount -= 1
    wake()
  }

  // MARK: Opening and closing

  /// Opens a channel.
  func open(
    _ kind: ChannelOpening.Kind, _ deadline: Deadline
  ) async throws(TransportError) -> Result<SSHChannel, SSHFailure> {
    let opening = ChannelOpening(kind)
    openings.append(opening)
    if !isOpening {
      isOpening = true
      Task { await runOpenings() }
    }
    do {
      while true {
        if let result = opening.result { return result }
        try await pause(until: deadline)
      }
    } catch {
      opening.isAbandoned = true
      if case .success(let channel)? = opening.result { leave(channel) }
      throw error
    }
  }

  private func runOpenings() async {
    while let opening = openings.first {
      if opening.isAbandoned, !opening.isBegun {
        openings.removeFirst()
        continue
      }
      opening.isBegun = true
      switch attempt(opening.kind) {
      case .again where lost == nil:
        await pause()
        continue
      case .again:
        opening.result = .failure(SSHFailure(code: LIBSSH2_ERROR_SOCKET_DISCONNECT, message: "lost"))
      case .done(let channel):
        if channel.isSession { openCount += 1 }
        opening.result = .success(channel)
        if opening.isAbandoned { leave(channel) }
      case .failed(let failure):
        note(failure)
        opening.result = .failure(failure)
      }
      openings.removeFirst()
      wake()
    }
    isOpening = false
  }

  private func attempt(_ kind: ChannelOpening.Kind) -> SSHOutcome<SSHChannel> {
    guard let session else {
      return .failed(SSHFailure(code: LIBSSH2_ERROR_SOCKET_DISCONNECT, message: "the connection is closed"))
    }
    return switch kind {
    case .session: session.openSession(window: SSHConnection.window)
    case .stream(let host, let port): session.openStream(host: host, port: port)
    }
  }

  /// Closes a channel. What the host says to it is awaited in the background.
  func leave(_ channel: SSHChannel) {
    leaving.append(channel)
    finishLeaving()
    session?.wire.flush()
    wake()
  }

  /// Frees channels whose closing the host has confirmed.
  func finishLeaving() {
    guard !leaving.isEmpty else { return }
    leaving.removeAll { channel in
      if case .again = channel.free() { return false }
      if channel.isSession { openCount -= 1 }
      return true
    }
  }

  /// A session channel for a command: the spare one, or a new one.
  func sessionChannel(_ form: ElevationForm, _ deadline: Deadline) async throws(TransportError) -> CommandExchange {
    var patience = 0.01
    while true {
      while isPreparingSpare { try await pause(until: deadline) }
      if let spare, spare.exchange == nil || spare.exchange?.form == form {
        self.spare = nil
        if let exchange = spare.exchange { return exchange }
        return CommandExchange(form, on: spare.channel, host: name, user: user)
      }
      while openCount >= sessionLimit { try await pause(until: deadline) }
      switch try await open(.session, deadline) {
      case .success(let channel):
        return CommandExchange(form, on: channel, host: name, user: user)
      case .failure(let failure):
        if let lost { throw lost }
        guard failure.code == LIBSSH2_ERROR_CHANNEL_FAILURE else { throw refusal(failure) }
        if openCount > 0 {
          // The host allows fewer sessions than usual: wait until one of them ends.
          sessionLimit = openCount
          context.log("\(name): sshd allows \(sessionLimit) sessions at once (MaxSessions)")
        } else {
          // sshd frees a session a moment after its channel, or once a command that was given up has ended.
          guard patience < 2 else { throw refusal(failure) }
          let alarm = wake(after: patience)
          let until = EventLoop.now + UInt64(patience * 1e9)
          while EventLoop.now < until { try await pause(until: deadline) }
          loop.cancel(alarm)
          patience *= 2
        }
      }
    }
  }

  private func refusal(_ failure: SSHFailure) -> TransportError {
    TransportError(
      .commandNotStarted, host: name, why: "the host does not let \(user) open a session: \(failure.message)",
      fix: "look at MaxSessions in the host's sshd_config, and at its log")
  }

  // MARK: The spare channel

  /// Opens a channel ahead, for the next command.
  func prepareSpare() {
    guard keepsSpare, lost == nil, spare == nil, !isPreparingSpare, runningCount < SSHConnection.mostSessions,
      openCount < sessionLimit
    else { return }
    isPreparingSpare = true
    Task {
      let never = Deadline(seconds: nil, error: cancelled)
      let result = try? await open(.session, never)
      isPreparingSpare = false
      switch result {
      case .success(let channel): await keep(channel)
      case .failure(let failure) where failure.code == LIBSSH2_ERROR_CHANNEL_FAILURE:
        sessionLimit = max(1, openCount)
        wake()
      default: wake()
      }
    }
  }

  /// Whether a shell for the next command is started before it is asked for.
  private var startsShellsAhead: Bool { isFar && begunCount != SSHConnection.certainCommands }

  private func keep(_ channel: SSHChannel) async {
    let form = elevationForm
    var exchange: CommandExchange?
    if startsShellsAhead, form != .sudoWithPassword || becomePassword != nil {
      exchange = CommandExchange(form, on: channel, host: name, user: user)
    }
    let kept = SpareChannel(channel: channel, exchange: exchange)
    spare = kept
    wake()
    while lost == nil, spare === kept, goesOn(kept) { await pause() }
    if spare === kept {
      spare = nil
      if lost == nil { leave(channel) }
    }
  }

  /// Lets a waiting shell come as far as it can; false when the channel is of no use any more.
  private func goesOn(_ spare: SpareChannel) -> Bool {
    guard let exchange = spare.exchange else {
      _ = spare.channel.read(0, into: scratch)
      return !spare.channel.isClosed
    }
    while true {
      switch exchange.step(scratch: scratch) {
      case .moved: wake()
      case .waiting: return true
      case .passwordWanted:
        guard let becomePassword else { return false }
        exchange.give(password: becomePassword)
      case .ended(.passwordRequired):
        isPasswordNeeded = true
        return false
      case .failed(let error):
        if error.code == .elevationPasswordWrong { isPasswordWrong = true }
        return false
      case .ended, .broken: return false
      }
    }
  }
}
