import Glibc
package import QuorateCore

/// One command of a transport that starts a program of this machine for it, from its start to its end, on the thread that
/// calls ``run()``.
package final class CommandProcess {
  /// How a command came out.
  package enum Ending: Sendable {
    /// It ran.
    case reply(RunReply)
    /// `sudo -n` said that a password is needed.
    case passwordRequired
    /// sudo asked again.
    case passwordWrong(TransportError)
    /// It never began: why, how the program ended, and what it said on standard error.
    case notStarted(TransportError, ExitStatus, said: String)
  }

  private enum Stop: Error {
    case error(TransportError)
    case passwordWrong
  }

  private let request: RunRequest
  private let password: SecretBytes?
  private let host: String
  private let user: String
  private let stop: CallStop
  private let deadline: UInt64?
  private var dialogue: ElevationDialogue
  private var output: ProcessOutput
  private var input: ProcessInput
  private var errorOutput: [UInt8] = []
  /// What was said before the command began; the beginning of it.
  private var preamble: [UInt8] = []
  private let words: [String]
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)

  /// Makes a command; nothing is started yet.
  ///
  /// - Parameters:
  ///   - words: The program that runs the command line of the form, here or elsewhere, and its arguments.
  ///   - form: With whose rights the command runs.
  ///   - request: The command.
  ///   - password: sudo's, where one is known.
  ///   - host: The host's name, for errors.
  ///   - user: The login name, for errors.
  ///   - stop: Ends it early.
  package init(
    _ words: [String], _ form: ElevationForm, _ request: RunRequest, password: SecretBytes?, host: String, user: String,
    stop: CallStop
  ) {
    self.words = words
    self.request = request
    self.password = password
    self.host = host
    self.user = user
    self.stop = stop
    deadline = request.timeoutSeconds.map { Self.now + UInt64(max(0, min($0, 1e9)) * 1e9) }
    dialogue = ElevationDialogue(form)
    output = ProcessOutput(request.output)
    input = ProcessInput(greeting: dialogue.greeting, text: ElevationDialogue.text(of: request.command), request.input)
  }

  deinit { buffer.deallocate() }

  private static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Runs it.
  package func run() -> Result<Ending, TransportError> {
    let process: ChildProcess
    switch ChildProcess.start(words) {
    case .success(let started): process = started
    case .failure(let error):
      return .failure(
        TransportError(
          .commandNotStarted, host: host, why: "\(words.first ?? "") cannot be started: \(error.text)"))
    }
    var pipes = Pipes(process)
    do throws(Stop) {
      try exchange(process, &pipes)
      pipes.closeAll()
      return ending(status: process.reap())
    } catch {
      pipes.closeAll()
      process.end()
      switch error {
      case .error(let error): return .failure(error)
      case .passwordWrong: return .success(.passwordWrong(.becomePasswordWrong(host: host, user: user)))
      }
    }
  }

  private func ending(status: ExitStatus) -> Result<Ending, TransportError> {
    switch dialogue.ending(status: status, host: host, user: user) {
    case .ran: .success(.reply(RunReply(status: status, output: output.collected, errorOutput: errorOutput)))
    case .passwordRequired: .success(.passwordRequired)
    case .notStarted(let error):
      .success(.notStarted(error, status, said: String(decoding: preamble, as: UTF8.self)))
    }
  }

  // MARK: The exchange

  private struct Pipes {
    var input: Int32?
    var output: Int32?
    var errors: Int32?

    init(_ process: ChildProcess) {
      input = process.pipes[0]
      output = process.pipes[1]
      errors = process.pipes[2]
    }

    static func close(_ descriptor: inout Int32?) {
      if let number = descriptor { Glibc.close(number) }
      descriptor = nil
    }

    mutating func closeAll() {
      Self.close(&input)
      Self.close(&output)
      Self.close(&errors)
    }
  }

  private func exchange(_ process: ChildProcess, _ pipes: inout Pipes) throws(Stop) {
    var idleWait: Int32 = 1
    while true {
      let hasMoved = try turn(&pipes)
      if let reason = stop.reason { throw .error(reason) }
      if let deadline, Self.now >= deadline { throw .error(timedOut) }
      if hasMoved {
        idleWait = 1
        continue
      }
      let isSilent = pipes.output == nil && pipes.errors == nil && !output.isFull
      if isSilent, process.hasEnded { return }
      // There is nothing to wait for in `poll` when a process has closed its outputs and goes on.
      wait(pipes, milliseconds: isSilent ? idleWait : nil)
      if isSilent { idleWait = min(idleWait * 2, 50) }
    }
  }

  private var timedOut: TransportError {
    TransportError(
      .timedOut, host: host,
      why: "the command on \(host) did not end within \(Int(request.timeoutSeconds ?? 0)) seconds")
  }

  /// Does what can be done now; false when that is nothing.
  private func turn(_ pipes: inout Pipes) throws(Stop) -> Bool {
    var hasMoved = false
    if let descriptor = pipes.input {
      switch input.write(
        to: descriptor, buffer, mayTakeInput: dialogue.mayTakeInput, hasStarted: dialogue.hasStarted)
      {
      case .moved: hasMoved = true
      case .waiting: break
      case .ended: Pipes.close(&pipes.input)
      case .failed(let code): throw .error(failure("the command's input cannot be read", code))
      }
    }
    if let descriptor = pipes.errors, let count = read(descriptor) {
      hasMoved = true
      if count == 0 { Pipes.close(&pipes.errors) } else { try takeErrors(buffer[..<count]) }
    }
    if output.isFull { try note(output.flush(), &hasMoved) }
    if !output.isFull, let descriptor = pipes.output, let count = read(descriptor) {
      hasMoved = true
      if count == 0 { Pipes.close(&pipes.output) } else { try takeOutput(count) }
    }
    return hasMoved
  }

  /// Bytes in the buffer, 0 at the end; nil: nothing now.
  private func read(_ descriptor: Int32) -> Int? {
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      if errno == EAGAIN { return nil }
      if errno != EINTR { return 0 }
    }
  }

  private func takeErrors(_ chunk: Slice<UnsafeMutableRawBufferPointer>) throws(Stop) {
    if !dialogue.hasStarted { preamble.append(contentsOf: chunk.prefix(max(0, 16_384 - preamble.count))) }
    let (event, bytes) = dialogue.errorOutput(chunk)
    errorOutput.append(contentsOf: bytes.prefix(max(0, request.errorLimit - errorOutput.count)))
    try note(event)
  }

  private func takeOutput(_ count: Int) throws(Stop) {
    var ignored = false
    if dialogue.outputHasStarted {
      try note(output.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])), &ignored)
    } else {
      let (event, bytes) = dialogue.output(buffer[..<count])
      try note(event)
      if !bytes.isEmpty { try note(bytes.withUnsafeBytes { output.take($0) }, &ignored) }
    }
  }

  private func note(_ event: ElevationDialogue.Event) throws(Stop) {
    switch event {
    case .none, .started: break
    case .passwordWanted:
      guard let password else { throw .error(.becomePasswordMissing(host: host, user: user)) }
      input.add(password: password)
      dialogue.passwordWasSent()
    case .passwordWrong: throw .passwordWrong
    case .flooded:
      throw .error(
        TransportError(
          .commandNotStarted, host: host, why: "more than a mebibyte was written and the command did not start"))
    }
  }

  private func note(_ progress: ProcessOutput.Progress, _ hasMoved: inout Bool) throws(Stop) {
    switch progress {
    case .open: hasMoved = true
    case .full: break
    case .tooLarge:
      throw .error(
        TransportError(.outputTooLarge, host: host, why: "the command wrote more than the caller takes"))
    case .readerGone:
      throw .error(TransportError(.cancelled, host: host, why: "the reader of the command's output went away"))
    case .failed(let code): throw .error(failure("the command's output cannot be written", code))
    }
  }

  private func failure(_ what: String, _ code: Int32) -> TransportError {
    TransportError(.internal, host: host, why: "\(what): \(String(cString: strerror(code)))")
  }

  private func wait(_ pipes: Pipes, milliseconds: Int32?) {
    var entries = [pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)]
    func add(_ descriptor: Int32?, _ events: Int32) {
      if let descriptor { entries.append(pollfd(fd: descriptor, events: Int16(events), revents: 0)) }
    }
    add(pipes.errors, POLLIN)
    add(output.isFull ? output.descriptor : pipes.output, output.isFull ? POLLOUT : POLLIN)
    switch input.awaited(mayTakeInput: dialogue.mayTakeInput, hasStarted: dialogue.hasStarted) {
    case .pipe: add(pipes.input, POLLOUT)
    case .descriptor(let number): add(pipes.input == nil ? nil : number, POLLIN)
    case .nothing: break
    }
    var timeout = milliseconds ?? -1
    if let deadline {
      let now = Self.now
      let left = Int32(min((deadline > now ? deadline - now : 0) / 1_000_000 + 1, 1 << 30))
      timeout = timeout < 0 ? left : min(timeout, left)
    }
    poll(&entries, nfds_t(entries.count), timeout)
  }
}
