internal import CLibSSH2
internal import QuorateCore

/// One command on one channel, from the request to its end. It does what can be done now and says what it waits for;
/// an ``SSHConnection`` calls it whenever something happened.
///
/// It may be begun before it is known what is to run: the host's shell then waits for the text (see
/// ``ElevationForm``).
final class CommandExchange {
  /// What a step came to.
  enum Step {
    /// Something moved: step again.
    case moved
    /// Nothing to do until something happens.
    case waiting
    /// sudo asks for the password: ``give(password:)``.
    case passwordWanted
    /// The command has ended, and all its output is there.
    case ended(ElevationDialogue.Ending)
    /// It cannot go on.
    case failed(TransportError)
    /// libssh2 says that it cannot go on.
    case broken(SSHFailure)
  }

  /// With whose rights it runs.
  var form: ElevationForm { dialogue.form }
  /// Its channel.
  let channel: SSHChannel
  private let host: String
  private let user: String
  private var dialogue: ElevationDialogue
  private var isAccepted = false
  /// The dialogue's part of the input.
  private let opening = CommandInput()
  private var request: RunRequest?
  private var input: CommandInput?
  private var output: CommandOutput?
  private var errorOutput: [UInt8] = []
  private var errorLimit = 0

  /// Begins a command line on a fresh channel.
  init(_ form: ElevationForm, on channel: SSHChannel, host: String, user: String) {
    dialogue = ElevationDialogue(form)
    self.channel = channel
    self.host = host
    self.user = user
    opening.append(dialogue.greeting)
  }

  /// Says what is to run.
  ///
  /// - Returns: An error when a descriptor of the request is none.
  func attach(_ request: RunRequest) -> TransportError? {
    let input = CommandInput()
    input.append(ElevationDialogue.text(of: request.command))
    for part in request.input {
      switch part {
      case .bytes(let bytes): input.append(bytes)
      case .secret(let secret): input.append(secret)
      case .descriptor(let number):
        guard let lent = LentDescriptor(number) else { return badDescriptor(number) }
        input.append(lent)
      }
    }
    input.appendEnd()
    switch request.output {
    case .collected(let limit): output = CommandOutput(collectingUpTo: limit)
    case .descriptor(let number):
      guard let lent = LentDescriptor(number) else { return badDescriptor(number) }
      output = CommandOutput(to: lent)
    }
    self.request = request
    self.input = input
    errorLimit = request.errorLimit
    return nil
  }

  private func badDescriptor(_ number: Int32) -> TransportError {
    TransportError(.internal, host: host, why: "\(number) is no open descriptor")
  }

  /// Answers sudo's question.
  func give(password: SecretBytes) {
    opening.append(password)
    opening.append([UInt8(ascii: "\n")])
    dialogue.passwordWasSent()
  }

  /// Whether the host's shell waits for the text.
  var isReady: Bool { dialogue.hasStarted }

  /// The result of a command that ran.
  var reply: RunReply {
    RunReply(status: channel.status, output: output?.collected ?? [], errorOutput: errorOutput)
  }

  /// Has the connection woken when the caller's descriptors are ready.
  func watchDescriptors(_ connection: isolated SSHConnection) {
    if dialogue.hasStarted { input?.awaited?.wake(connection, when: EPOLLIN.rawValue) }
    if let output, output.isFull { output.descriptor?.wake(connection, when: EPOLLOUT.rawValue) }
  }

  /// Does what can be done now.
  func step(scratch: UnsafeMutableRawBufferPointer) -> Step {
    var hasMoved = false
    if !isAccepted {
      switch channel.start(dialogue.form.line) {
      case .done: isAccepted = true
      case .again: break
      case .failed(let failure): return refused(failure)
      }
    }
    // The request is out: the input may follow it as soon as the host opens its window.
    switch write(scratch) {
    case .moved: hasMoved = true
    case .waiting: break
    case .failed(let failure):
      // A host that has closed the channel takes no more input; its answer may still be read.
      if failure.isDisconnect { return .broken(failure) }
    }
    if let code = input?.readError {
      return .failed(
        TransportError(.internal, host: host, why: "the command's input cannot be read: \(SystemError.text(code))"))
    }
    if let step = readErrors(scratch, &hasMoved) { return step }
    if let step = readOutput(scratch, &hasMoved) { return step }
    if hasMoved { return .moved }
    guard isAccepted, output.map({ !$0.isFull }) ?? true, channel.isClosed else { return .waiting }
    return .ended(dialogue.ending(status: channel.status, host: host, user: user))
  }

  private func refused(_ failure: SSHFailure) -> Step {
    guard failure.code == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED else { return .broken(failure) }
    return .failed(
      TransportError(
        .commandNotStarted, host: host, why: "the host does not let \(user) run commands",
        fix: "look for ForceCommand, PermitTTY and the shell of \(user) on the host"))
  }

  private func write(_ scratch: UnsafeMutableRawBufferPointer) -> CommandInput.Progress {
    let first = opening.write(to: channel, mayRead: false, scratch: scratch)
    if case .failed = first { return first }
    guard opening.isDone, dialogue.mayTakeInput, let input else { return first }
    let second = input.write(to: channel, mayRead: dialogue.hasStarted, scratch: scratch)
    if case .waiting = second { return first }
    return second
  }

  private func readErrors(_ scratch: UnsafeMutableRawBufferPointer, _ hasMoved: inout Bool) -> Step? {
    while true {
      switch channel.read(1, into: scratch) {
      case .done(0), .again: return nil
      case .failed(let failure): return .broken(failure)
      case .done(let count):
        hasMoved = true
        let (event, bytes) = dialogue.errorOutput(scratch[..<count])
        errorOutput.append(contentsOf: bytes.prefix(max(0, errorLimit - errorOutput.count)))
        if let step = step(after: event) { return step }
      }
    }
  }

  private func step(after event: ElevationDialogue.Event) -> Step? {
    switch event {
    case .none, .started: nil
    case .passwordWanted: .passwordWanted
    case .passwordWrong: .failed(.becomePasswordWrong(host: host, user: user))
    case .flooded:
      .failed(
        TransportError(
          .commandNotStarted, host: host,
          why: "the login shell of \(user) wrote more than a mebibyte and did not start the command",
          fix: "log in as \(user) by hand, and see what the shell's start-up files print"))
    }
  }

  private func readOutput(_ scratch: UnsafeMutableRawBufferPointer, _ hasMoved: inout Bool) -> Step? {
    if let output, output.isFull {
      if let step = step(after: output.flush()) { return step }
      if !output.isFull { hasMoved = true }
    }
    var budget = 1 << 20
    while budget > 0, output.map({ !$0.isFull }) ?? true {
      switch channel.read(0, into: scratch) {
      case .done(0), .again: return nil
      case .failed(let failure): return .broken(failure)
      case .done(let count):
        hasMoved = true
        budget -= count
        if dialogue.outputHasStarted, let output {
          if let step = step(after: output.take(UnsafeRawBufferPointer(rebasing: scratch[..<count]))) { return step }
        } else {
          let (event, bytes) = dialogue.output(scratch[..<count])
          if let step = step(after: event) { return step }
          if let output, !bytes.isEmpty, let step = step(after: bytes.withUnsafeBytes { output.take($0) }) {
            return step
          }
        }
      }
    }
    return nil
  }

  private func step(after progress: CommandOutput.Progress) -> Step? {
    switch progress {
    case .open, .full: nil
    case .tooLarge:
      .failed(TransportError(.outputTooLarge, host: host, why: "the command wrote more than the caller takes"))
    case .readerGone:
      .failed(TransportError(.cancelled, host: host, why: "the reader of the command's output went away"))
    case .failed(let code):
      .failed(
        TransportError(
          .internal, host: host, why: "the command's output cannot be written: \(SystemError.text(code))"))
    }
  }
}
