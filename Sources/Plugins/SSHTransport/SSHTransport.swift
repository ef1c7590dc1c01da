import Glibc
public import QuorateCore
import Synchronization

/// The transport `ssh`: libssh2 (RFC 4251 to 4254), one connection a host for the whole run.
///
/// Two threads serve any number of hosts. Host keys are strict: a key that is not known is a hard stop.
public final class SSHTransport: Transport {
  /// The plugin `ssh`.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "ssh", kind: .transport, version: "1.0.0", summary: "Reaches hosts over SSH, by libssh2.",
      settings: SSHSettings.schema),
    make: .transport { settings, context throws(PluginError) in try SSHTransport(settings: settings, context: context) }
  )

  /// The version of libssh2 that is linked. Before 1.11 it cannot use RSA keys with OpenSSH 8.8 and later.
  public static var libraryVersion: Version { SSHLibrary.version }

  private struct State {
    var connections: [UInt64: SSHConnection] = [:]
    var nextID: UInt64 = 1
    var isShutDown = false
  }

  private let settings: SSHSettings
  private let context: PluginContext
  private let knownHosts: KnownHostsFiles
  private let loops: [EventLoop]
  /// The way to every host; nil: straight.
  private let jump: JumpRoute?
  private let state = Mutex(State())

  /// Makes a transport.
  ///
  /// - Parameters:
  ///   - settings: What stands under `with:`, checked against the schema.
  ///   - context: Where relative paths start from, and where passphrases and passwords come from.
  public init(settings: SettingsValue, context: PluginContext) throws(PluginError) {
    self.settings = try SSHSettings(settings, baseFolder: context.baseFolder)
    self.context = context
    knownHosts = KnownHostsFiles(self.settings.knownHostsFiles)
    loops = (0..<2).compactMap { EventLoop(name: "quorate-ssh-\($0)") }
    guard loops.count == 2, SSHLibrary.isReady else {
      throw PluginError(plugin: "ssh", why: "\(SSHLibrary.name) cannot be started, or no descriptors are left")
    }
    jump = JumpRoute(
      settings: self.settings, context: context, knownHosts: knownHosts, loops: loops)
  }

  /// Connects to a host, checks its key and logs in.
  public func open(_ request: OpenRequest) async throws(TransportError) -> OpenReply {
    let id = state.withLock { state in
      defer { state.nextID += 1 }
      return state.nextID
    }
    let connection = SSHConnection(
      loop: loops[Int(id % UInt64(loops.count))], request: request, settings: settings, context: context,
      knownHosts: knownHosts, jump: jump)
    let seconds = request.timeoutSeconds ?? settings.connectTimeout ?? 10
    let greeting: SSHGreeting
    do throws(TransportError) {
      greeting = try await connection.cancellable { () async throws(TransportError) in
        try await connection.open(seconds: seconds)
      }
    } catch {
      await connection.close()
      throw error
    }
    let isKept = state.withLock { state in
      if state.isShutDown { return false }
      state.connections[id] = connection
      return true
    }
    guard isKept else {
      await connection.close()
      throw closed(request.name)
    }
    return OpenReply(
      connection: ConnectionHandle(id: id), hostKeyFingerprint: greeting.hostKey.fingerprint, user: connection.user)
  }

  /// Runs a command.
  public func run(_ request: RunRequest, on connection: ConnectionHandle) async throws(TransportError) -> RunReply {
    let connection = try find(connection)
    return try await connection.cancellable { () async throws(TransportError) in try await connection.run(request) }
  }

  /// Opens a stream.
  public func stream(to target: StreamTarget, on connection: ConnectionHandle) async throws(TransportError) -> Int32 {
    let connection = try find(connection)
    return try await connection.cancellable { () async throws(TransportError) in
      try await connection.stream(to: target)
    }
  }

  /// Closes a connection.
  public func close(_ connection: ConnectionHandle) async {
    await state.withLock { $0.connections.removeValue(forKey: connection.id) }?.close()
  }

  /// Closes every connection and ends the threads.
  public func shutdown() async {
    let connections = state.withLock { state in
      state.isShutDown = true
      defer { state.connections = [:] }
      return Array(state.connections.values)
    }
    for connection in connections { await connection.close() }
    await jump?.close()
    for loop in loops { loop.stop() }
  }

  /// The connection behind a handle.
  func find(_ handle: ConnectionHandle) throws(TransportError) -> SSHConnection {
    guard let connection = state.withLock({ $0.connections[handle.id] }) else { throw closed("the host") }
    return connection
  }

  /// The number of threads that serve all connections.
  var threadCount: Int { loops.count }

  private func closed(_ name: String) -> TransportError {
    TransportError(.connectionLost, host: name, why: "the connection is closed")
  }
}
