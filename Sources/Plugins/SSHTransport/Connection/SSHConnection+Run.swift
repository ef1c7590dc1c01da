internal import QuorateCore

extension SSHConnection {
  /// With whose rights an elevated command runs on this host, as far as is known.
  var elevationForm: ElevationForm {
    guard settings.becomesRoot, user != "root" else { return .none }
    return isPasswordNeeded ? .sudoWithPassword : .sudo
  }

  /// Runs one command.
  func run(_ request: RunRequest) async throws(TransportError) -> RunReply {
    if let lost { throw lost }
    var deadline = Deadline(
      seconds: request.timeoutSeconds,
      error: TransportError(
        .timedOut, host: name,
        why: "the command on \(name) did not end within \(Int(request.timeoutSeconds ?? 0)) seconds"))
    try await takeTurn(deadline)
    begunCount += 1
    defer {
      endTurn()
      prepareSpare()
    }
    var form = request.elevated ? elevationForm : .none
    if form == .sudoWithPassword { try await fetchPassword(&deadline) }
    while true {
      switch try await attempt(request, form, &deadline) {
      case .reply(let reply): return reply
      case .passwordRequired:
        // Nothing ran and nothing was read: the same again, in the form that can answer.
        isPasswordNeeded = true
        form = .sudoWithPassword
        try await fetchPassword(&deadline)
      }
    }
  }

  private enum Attempt {
    case reply(RunReply)
    case passwordRequired
  }

  private func attempt(
    _ request: RunRequest, _ form: ElevationForm, _ deadline: inout Deadline
  ) async throws(TransportError) -> Attempt {
    let exchange = try await sessionChannel(form, deadline)
    prepareSpare()
    defer { leave(exchange.channel) }
    if let error = exchange.attach(request) { throw error }
    while true {
      switch exchange.step(scratch: scratch) {
      case .moved:
        // Others have their turn between steps, and cancellation and time limits theirs.
        session?.wire.flush()
        await Task.yield()
        if Task.isCancelled { throw cancelled }
        if EventLoop.now >= deadline.time { throw deadline.error }
      case .waiting:
        exchange.watchDescriptors(self)
        try await pause(until: deadline)
      case .passwordWanted:
        try await fetchPassword(&deadline)
        if let becomePassword { exchange.give(password: becomePassword) }
      case .ended(.ran): return .reply(exchange.reply)
      case .ended(.passwordRequired): return .passwordRequired
      case .ended(.notStarted(let error)): throw error
      case .failed(let error):
        if error.code == .elevationPasswordWrong { isPasswordWrong = true }
        throw error
      case .broken(let failure):
        note(failure)
        if let lost { throw lost }
        throw TransportError(.internal, host: name, why: "\(SSHLibrary.name) failed: \(failure.message)")
      }
    }
  }

  /// Makes sure that there is a password to answer sudo with.
  private func fetchPassword(_ deadline: inout Deadline) async throws(TransportError) {
    // A password that was refused once is not tried again: hosts lock accounts.
    if isPasswordWrong { throw .becomePasswordWrong(host: name, user: user) }
    guard becomePassword == nil else { return }
    let begin = EventLoop.now
    let answer = await context.secrets.secret(SecretRequest(purpose: .becomePassword, subject: user))
    deadline.extend(by: EventLoop.now - begin)
    guard let answer else { throw .becomePasswordMissing(host: name, user: user) }
    becomePassword = answer
  }
}
