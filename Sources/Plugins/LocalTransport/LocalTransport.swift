import Glibc
public import QuorateCore
import QuorateProcesses

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

  private let elevation: Elevation
  private let connections = BlockingConnections<Void>()

  /// Makes a transport.
  ///
  /// - Parameters:
  ///   - settings: What stands under `with:`, checked against the schema.
  ///   - context: Where sudo's password comes from.
  public init(settings: SettingsValue, context: PluginContext) {
    // sudo as root is no more than a detour.
    elevation = Elevation(
      becomesRoot: settings["become"].string == "sudo" && geteuid() != 0, secrets: context.secrets)
  }

  /// Gives a handle for the other calls.
  public func open(_ request: OpenRequest) async throws(TransportError) -> OpenReply {
    OpenReply(connection: connections.add((), name: request.name), user: Self.user)
  }

  /// Runs a command.
  public func run(_ request: RunRequest, on connection: ConnectionHandle) async throws(TransportError) -> RunReply {
    let name = try connections.find(connection).name
    return try await elevation.run(request, host: name, user: Self.user) {
      (form, password) async throws(TransportError) in
      try await connections.call(on: connection) { _, name, stop in
        CommandProcess(form.words, form, request, password: password, host: name, user: Self.user, stop: stop).run()
      }
    }
  }

  /// Connects to an address.
  public func stream(to target: StreamTarget, on connection: ConnectionHandle) async throws(TransportError) -> Int32 {
    guard case .tcp(let host, let port) = target else {
      throw TransportError(.unsupported, host: "", why: "the transport local opens streams to TCP addresses only")
    }
    return try await connections.call(on: connection) { _, name, stop in
      LocalStream.connect(host, port, name: name, stop: stop)
    }
  }

  /// Forgets a connection and ends what runs on it.
  public func close(_ connection: ConnectionHandle) async {
    _ = connections.remove(connection)
  }

  /// Ends everything, and waits until no thread is left.
  public func shutdown() async {
    for handle in connections.handles { await close(handle) }
    await connections.untilIdle()
  }

  /// How many calls are under way.
  var callCount: Int { connections.callCount }

  private static var user: String {
    guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name else { return "\(geteuid())" }
    return String(cString: name)
  }
}
