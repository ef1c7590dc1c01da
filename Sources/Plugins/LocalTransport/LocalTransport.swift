import Glibc
public import QuorateCore
import Synchronization

/// The transport `local`: commands run on this machine.
///
/// Each command has a thread of its own for as long as it runs, a process group of its own, and no descriptors but
/// its three. A connection is a name for what was opened together; there is nothing behind it.
public final class LocalTransport: Transport {
  /// The plugin `local`.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "local", kind: .transport, version: "1.0.0", summary: "Runs everything on this machine.",
      settings: SchemaObject([
        SchemaKey(
          "become", .oneOf(["none", "sudo"]), default: "none",
          "How commands get root's rights. `sudo` asks for a password only where sudo does (--ask-become-pass, "
            + "--become-pass-fd).")
      ])),
    make: .transport { settings, context throws(PluginError) in
      LocalTransport(settings: settings, context: context)
    })

  private struct Connection {
    var name: String
    var calls: [UInt64: StopSignal] = [:]
  }

  private struct State {
    var connections: [UInt64: Connection] = [:]
    var nextID: UInt64 = 1
    var callCount = 0
    var isPasswordNeeded = false
    var isPasswordWrong = false
    var idle: [CheckedContinuation<Void, Never>] = []
  }

  private let becomesRoot: Bool
  private let context: PluginContext
  private let state = Mutex(State())

  /// Makes a transport.
  ///
  /// - Parameters:
  ///   - settings: What stands under `with:`, checked against the schema.
  ///   - context: Where sudo's password comes from.
  public init(settings: SettingsValue, context: PluginContext) {
    // sudo as root is no more than a detour.
    becomesRoot = settings["become"].string == "sudo" && geteuid() != 0
    self.context = context
  }

  /// Gives a handle for the other calls.
  public func open(_ request: OpenRequest) async throws(TransportError) -> OpenReply {
    let id = state.withLock { state in
      defer { state.nextID += 1 }
      state.connections[state.nextID] = Connection(name: request.name)
      return state.nextID
    }
    return OpenReply(connection: ConnectionHandle(id: id), user: Self.user)
  }

  /// Runs a command.
  public func run(_ request: RunRequest, on connection: ConnectionHandle) async throws(TransportError) -> RunReply {
    var form = ElevationForm.none
    if request.elevated, becomesRoot {
      form = state.withLock { $0.isPasswordNeeded } ? .sudoWithPassword : .sudo
    }
    while true {
      let password = form == .sudoWithPassword ? try await password(connection) : nil
      let ending = try await call(on: connection) { [form] name, stop in
        LocalCommand(request, form, password: password, host: name, user: Self.user, stop: stop).run()
      }
      switch ending {
      case .reply(let reply): return reply
      case .passwordRequired:
        // Nothing ran and nothing was read: the same again, in the form that can answer.
        state.withLock { $0.isPasswordNeeded = true }
        form = .sudoWithPassword
      case .passwordWrong(let error):
        state.withLock { $0.isPasswordWrong = true }
        throw error
      }
    }
  }

  /// Connects to an address.
  public func stream(to target: StreamTarget, on connection: ConnectionHandle) async throws(TransportError) -> Int32 {
    guard case .tcp(let host, let port) = target else {
      throw TransportError(.unsupported, host: "", why: "the transport local opens streams to TCP addresses only")
    }
    return try await call(on: connection) { name, stop in LocalStream.connect(host, port, name: name, stop: stop) }
  }

  /// Forgets a connection and ends what runs on it.
  public func close(_ connection: ConnectionHandle) async {
    let closed = state.withLock { $0.connections.removeValue(forKey: connection.id) }
    guard let closed else { return }
    let error = TransportError(.connectionLost, host: closed.name, why: "the connection to \(closed.name) was closed")
    for stop in closed.calls.values { stop.raise(error) }
  }

  /// Ends everything, and waits until no thread is left.
  public func shutdown() async {
    for id in state.withLock({ Array($0.connections.keys) }) { await close(ConnectionHandle(id: id)) }
    await withCheckedContinuation { continuation in
      let isIdle = state.withLock { state in
        if state.callCount > 0 { state.idle.append(continuation) }
        return state.callCount == 0
      }
      if isIdle { continuation.resume() }
    }
  }

  /// How many calls are under way.
  var callCount: Int { state.withLock { $0.callCount } }

  private static var user: String {
    guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name else { return "\(geteuid())" }
    return String(cString: name)
  }

  private func password(_ connection: ConnectionHandle) async throws(TransportError) -> SecretBytes {
    let name = state.withLock { $0.connections[connection.id]?.name } ?? ""
    // A password that was refused once is not tried again: machines lock accounts.
    if state.withLock({ $0.isPasswordWrong }) { throw .becomePasswordWrong(host: name, user: Self.user) }
    let answer = await context.secrets.secret(SecretRequest(purpose: .becomePassword, subject: Self.user))
    guard let answer else { throw .becomePasswordMissing(host: name, user: Self.user) }
    return answer
  }

  /// Does something that waits, on a thread of its own.
  private func call<Value: Sendable>(
    on connection: ConnectionHandle,
    _ body: @escaping @Sendable (String, StopSignal) -> Result<Value, TransportError>
  ) async throws(TransportError) -> Value {
    guard let stop = StopSignal() else {
      throw TransportError(.internal, host: "", why: "no descriptors are left")
    }
    let (id, name) = state.withLock { state -> (UInt64, String?) in
      let id = state.nextID
      state.nextID += 1
      guard let name = state.connections[connection.id]?.name else { return (id, nil) }
      state.connections[connection.id]?.calls[id] = stop
      state.callCount += 1
      return (id, name)
    }
    guard let name else { throw TransportError(.connectionLost, host: "", why: "the connection is closed") }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if !DetachedThread.start({ continuation.resume(returning: body(name, stop)) }) {
          continuation.resume(
            returning: .failure(TransportError(.internal, host: name, why: "the system allows no more threads")))
        }
      }
    } onCancel: {
      stop.raise(TransportError(.cancelled, host: name, why: "the call to \(name) was cancelled"))
    }
    let idle = state.withLock { state in
      state.connections[connection.id]?.calls[id] = nil
      state.callCount -= 1
      guard state.callCount == 0 else { return [CheckedContinuation<Void, Never>]() }
      defer { state.idle = [] }
      return state.idle
    }
    for continuation in idle { continuation.resume() }
    return try result.get()
  }
}
