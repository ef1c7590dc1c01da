import Glibc
public import QuorateCore
import QuorateProcesses
import Synchronization

/// The transport `openssh`: the system's `ssh` client, with one master connection a host for the whole run, and every
/// command and stream a channel of it.
///
/// For what libssh2 cannot do: RSA keys with SHA-2, certificates, FIDO keys, everything in ssh_config. Each call has a thread
/// and an `ssh` of its own for as long as it runs.
public final class OpenSSHTransport: Transport {
  /// The plugin `openssh`.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "openssh", kind: .transport, version: "1.0.0", summary: "Reaches hosts over SSH, by the system's ssh client.",
      settings: OpenSSHSettings.schema),
    make: .transport { settings, context throws(PluginError) in
      try OpenSSHTransport(settings: settings, context: context)
    })

  private struct State {
    var folder: RuntimeFolder?
    var configuration: String?
    /// The script that carries ssh's questions; nil where the folder's file system runs no programs.
    var script: String?
    var nextPlace = 1
    var isShutDown = false
  }

  private let settings: OpenSSHSettings
  private let context: PluginContext
  private let connections = BlockingConnections<MasterConnection>()
  private let state = Mutex(State())

  /// Makes a transport; nothing is started yet.
  ///
  /// - Parameters:
  ///   - settings: What stands under `with:`, checked against the schema.
  ///   - context: Where relative paths start from, and where passphrases and sudo's password come from.
  public init(settings: SettingsValue, context: PluginContext) throws(PluginError) {
    self.settings = try OpenSSHSettings(settings, baseFolder: context.baseFolder)
    self.context = context
  }

  /// Connects to a host by a master connection of its own.
  public func open(_ request: OpenRequest) async throws(TransportError) -> OpenReply {
    let client = try client(for: request)
    guard let stop = CallStop() else { throw .noDescriptors(host: request.name) }
    let seconds = request.timeoutSeconds ?? settings.connectTimeout ?? 10
    let (becomesRoot, secrets) = (settings.becomesRoot, context.secrets)
    let questions = state.withLock(\.script).flatMap {
      PassphraseQuestions(place: client.socket, script: $0, secrets: secrets)
    }
    let opened = await stop.call(host: request.name) {
      MasterConnection.open(
        client, name: request.name, seconds: seconds, stop: stop, questions: questions
      ) { user in
        // sudo as root is no more than a detour.
        Elevation(becomesRoot: becomesRoot && user != "root", secrets: secrets)
      }
    }
    let master = try opened.get()
    let handle = connections.add(master, name: request.name)
    if state.withLock({ $0.isShutDown }) {
      await close(handle)
      throw closed(request.name)
    }
    return OpenReply(connection: handle, user: master.user)
  }

  /// The arguments for a host; makes the runtime folder when there is none yet.
  private func client(for request: OpenRequest) throws(TransportError) -> ClientArguments {
    let client = state.withLock { state -> Result<ClientArguments, TransportError> in
      if state.isShutDown { return .failure(closed(request.name)) }
      if state.folder == nil { state.folder = RuntimeFolder() }
      if state.configuration == nil {
        state.script = state.folder?.write(PassphraseQuestions.script, to: "ask", mode: 0o700)
        if let script = state.script, access(script, X_OK) != 0 { state.script = nil }
        state.configuration = state.folder?.write(
          ClientArguments.configuration(settings, asks: state.script != nil), to: "config")
      }
      guard let folder = state.folder, let configuration = state.configuration else {
        return .failure(
          TransportError(
            .internal, host: request.name, why: "no folder for ssh's control sockets can be made",
            fix: "make $XDG_RUNTIME_DIR, /tmp or /dev/shm writable"))
      }
      defer { state.nextPlace += 1 }
      return .success(
        ClientArguments(
          settings, endpoint: request.endpoint, configuration: configuration, place: "\(folder.path)/\(state.nextPlace)"
        ))
    }
    return try client.get()
  }

  // MARK: Commands

  /// Runs a command.
  public func run(_ request: RunRequest, on connection: ConnectionHandle) async throws(TransportError) -> RunReply {
    let (master, name) = try connections.find(connection)
    let deadline = request.timeoutSeconds.map { ClientRun.moment(in: $0) }
    try await takeTurn(master, request, deadline, name)
    defer { master.turns.give() }
    return try await master.elevation.run(request, host: name, user: master.user) {
      (form, password) async throws(TransportError) in
      try await self.attempt(request, form, password, deadline, on: connection)
    }
  }

  private func takeTurn(
    _ master: MasterConnection, _ request: RunRequest, _ deadline: UInt64?, _ name: String, isFirst: Bool = false
  ) async throws(TransportError) {
    switch await master.turns.take(seconds: Self.left(deadline), isFirst: isFirst) {
    case .granted: return
    case .cancelled: throw TransportError(.cancelled, host: name, why: "the call to \(name) was cancelled")
    case .closed: throw closed(name)
    case .timedOut:
      throw TransportError(
        .timedOut, host: name,
        why: "the command on \(name) did not end within \(Int(request.timeoutSeconds ?? 0)) seconds")
    }
  }

  private static func left(_ deadline: UInt64?) -> Double? {
    guard let deadline else { return nil }
    let now = ClientRun.now
    return deadline > now ? Double(deadline - now) / 1e9 : 0
  }

  /// Runs the command once in a form; again, where sshd had no session to give and so nothing was read.
  private func attempt(
    _ request: RunRequest, _ form: ElevationForm, _ password: SecretBytes?, _ deadline: UInt64?,
    on connection: ConnectionHandle
  ) async throws(TransportError) -> CommandProcess.Ending {
    var patience = 0.01
    while true {
      var limited = request
      limited.timeoutSeconds = Self.left(deadline)
      let (master, name) = try connections.find(connection)
      let ending = try await connections.call(on: connection) { [limited] master, name, stop in
        CommandProcess(
          master.client.run(form.lineWithStatus), form, limited, password: password, host: name, user: master.user,
          stop: stop
        ).run().mapError { error in
          // The whole time, not what was left of it.
          var error = error
          if error.code == .timedOut {
            error.why = "the command on \(name) did not end within \(Int(request.timeoutSeconds ?? 0)) seconds"
          }
          return error
        }
      }
      switch ending {
      case .reply(let reply):
        if reply.status == .exited(255), !master.isAlive { throw master.loss }
        // A command's own signal comes as 128 and its number: this was the end of the ssh here.
        if case .signalled(let signal) = reply.status {
          throw TransportError(
            .internal, host: name, why: "signal \(signal) ended the ssh that ran a command on \(name)")
        }
        return ending
      case .notStarted(_, .exited(255), let said):
        if !master.isAlive { throw master.loss }
        guard said.contains("Session open refused by peer") else { return ending }
        if master.turns.sessionWasRefused() {
          // The host allows fewer sessions than usual: wait until one of them ends.
          context.log("\(name): sshd allows fewer than \(CallTurns.most) sessions at once (MaxSessions)")
          master.turns.give()
          try await takeTurnBack(master, request, deadline, name)
        } else {
          // sshd frees a session a moment after its channel, or once a command that was given up has ended.
          guard patience < 2 else {
            throw TransportError(
              .commandNotStarted, host: name, why: "the host does not let \(master.user) open a session",
              fix: "look at MaxSessions in the host's sshd_config, and at its log")
          }
          try? await Task.sleep(for: .seconds(patience))
          patience *= 2
        }
      default: return ending
      }
    }
  }

  /// Waits for another turn after one that came to nothing. Whatever happens, one turn is held afterwards: the caller gives
  /// it back.
  private func takeTurnBack(
    _ master: MasterConnection, _ request: RunRequest, _ deadline: UInt64?, _ name: String
  ) async throws(TransportError) {
    do {
      try await takeTurn(master, request, deadline, name, isFirst: true)
    } catch {
      master.turns.takeAnyway()
      throw error
    }
  }

  // MARK: Streams

  /// Opens a stream, through the master or, where sshd forwards none, by a program on the host.
  public func stream(to target: StreamTarget, on connection: ConnectionHandle) async throws(TransportError) -> Int32 {
    guard case .tcp(let host, let port) = target else {
      throw TransportError(.unsupported, host: "", why: "the transport openssh opens streams to TCP addresses only")
    }
    let (master, name) = try connections.find(connection)
    let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    if !master.forwardingIsRefused {
      let begin = master.logLength
      let outcome = try await connections.call(on: connection) { master, name, stop in
        StreamCarrier.open(master.client.stream(to: address), name: name, address: address, stop: stop)
      }
      guard case .refused(let said) = outcome else {
        if case .connected(let descriptor) = outcome { return descriptor }
        throw closed(name)
      }
      if !master.isAlive { throw master.loss }
      let words = ClientWords(master.logText(from: begin))
      guard let reason = words.refusal, reason.contains("prohibited") else {
        throw unreachable(name, address, words.refusal ?? ClientWords(said).lastLine)
      }
      master.forwardingIsRefused = true
    }
    let outcome = try await StreamRelay.open(to: host, port: port, host: name) { request async throws(TransportError) in
      try await self.run(request, on: connection)
    }
    switch outcome {
    case .connected(let descriptor):
      context.log("\(name): sshd does not forward connections; a program there relays to \(address)")
      return descriptor
    case .noProgram: throw .forwardingRefused(host: name, place: name, address: address, relayIsMissing: true)
    case .unreachable(let said): throw unreachable(name, address, said)
    }
  }

  private func unreachable(_ name: String, _ address: String, _ reason: String) -> TransportError {
    TransportError(
      .streamTargetUnreachable, host: name,
      why: "\(name) cannot connect to \(address)" + (reason.isEmpty ? "" : ": \(reason)"),
      fix: "see on the host whether something listens there: ss -ltn")
  }

  // MARK: The end

  /// Ends a master connection, with everything on it.
  public func close(_ connection: ConnectionHandle) async {
    guard let master = connections.remove(connection) else { return }
    master.turns.close()
    _ = await DetachedThread.value { master.end() }
  }

  /// Ends every connection, and waits until no thread is left.
  public func shutdown() async {
    state.withLock { $0.isShutDown = true }
    for handle in connections.handles { await close(handle) }
    await connections.untilIdle()
    state.withLock { state in
      state.folder?.remove()
      state.folder = nil
    }
  }

  /// Where the control sockets are; nil before the first connection and after the end.
  var runtimeFolder: String? { state.withLock { $0.folder?.path } }

  private func closed(_ name: String) -> TransportError {
    TransportError(.connectionLost, host: name, why: "the connection to \(name) was closed")
  }
}
