import Glibc
internal import QuorateCore

/// The way to all hosts of a transport: a chain of jump hosts, each with one connection that is made when it is first
/// needed, through the one before it, and shared by all hosts behind it.
actor JumpRoute {
  private struct Opening {
    /// What it is to become, to be closed at any time.
    var connection: SSHConnection
    var task: Task<Result<SSHConnection, TransportError>, Never>
  }

  /// The jump hosts, the nearest first; never empty.
  nonisolated let hops: [JumpHost]
  private let settings: SSHSettings
  private let context: PluginContext
  private let knownHosts: KnownHostsFiles
  private let loops: [EventLoop]
  /// Where the connections are kept, when this is a part of a longer way.
  private let parent: JumpRoute?
  private var openings: [Int: Opening] = [:]
  private var isClosed = false

  /// Makes a way; nil where the settings name no jump host.
  init?(settings: SSHSettings, context: PluginContext, knownHosts: KnownHostsFiles, loops: [EventLoop]) {
    guard !settings.jump.isEmpty else { return nil }
    hops = settings.jump
    self.settings = settings
    self.context = context
    self.knownHosts = knownHosts
    self.loops = loops
    parent = nil
  }

  /// The way to one of the jump hosts, which is shared with that to the hosts.
  private init(to index: Int, of route: JumpRoute) {
    hops = Array(route.hops.prefix(index))
    settings = route.settings
    context = route.context
    knownHosts = route.knownHosts
    loops = route.loops
    parent = route
  }

  /// What runs a command on the last jump host: `ssh [-J FIRST,…] LAST `.
  nonisolated var command: String {
    let names = hops.map { hop in
      let user = hop.endpoint.user.map { "\($0)@" } ?? ""
      let host = hop.endpoint.host.contains(":") ? "[\(hop.endpoint.host)]" : hop.endpoint.host
      return (user, host, hop.endpoint.port)
    }
    guard let last = names.last else { return "" }
    let before = names.dropLast().map { $0 + $1 + ($2 == 22 ? "" : ":\($2)") }
    return "ssh " + (before.isEmpty ? "" : "-J \(before.joined(separator: ",")) ")
      + (last.2 == 22 ? "" : "-p \(last.2) ") + "\(last.0)\(last.1) "
  }

  /// Opens a stream from the last jump host.
  ///
  /// - Parameters:
  ///   - endpoint: Where to.
  ///   - name: Whose errors these are.
  ///   - seconds: How long each jump host may take that is not connected yet.
  /// - Returns: A connected stream socket, the caller's to close.
  func stream(to endpoint: HostEndpoint, name: String, seconds: Double) async -> Result<Int32, TransportError> {
    let hop = hops[hops.count - 1]
    switch await (parent ?? self).connection(hops.count - 1, seconds) {
    case .failure(var error):
      error.host = name
      return .failure(error)
    case .success(let connection):
      do throws(TransportError) {
        return .success(
          try await connection.stream(to: .tcp(host: endpoint.host, port: endpoint.port)))
      } catch {
        var error = error
        error.host = name
        if error.code == .streamTargetUnreachable {
          error.code = .unreachable
          error.fix =
            "see on \(hop.endpoint.host) whether the host can be reached: nc -z \(endpoint.host) \(endpoint.port)"
        }
        return .failure(error)
      }
    }
  }

  /// The connection to a jump host.
  private func connection(_ index: Int, _ seconds: Double) async -> Result<SSHConnection, TransportError> {
    if let opening = openings[index] {
      let result = await opening.task.value
      guard case .success(let connection) = result, await connection.lost != nil else { return result }
      // It was there and is lost: once more, unless another caller has begun that already.
      if openings[index]?.connection === opening.connection { openings[index] = nil }
      return await self.connection(index, seconds)
    }
    let hop = hops[index]
    if isClosed {
      return .failure(TransportError(.connectionLost, host: hop.endpoint.host, why: "the transport was shut down"))
    }
    var own = settings
    own.user = hop.endpoint.user ?? settings.user
    own.identityFile = hop.identityFile ?? settings.identityFile
    own.hostKeys = hop.hostKeys
    own.becomesRoot = false
    let connection = SSHConnection(
      loop: loops[index % loops.count],
      request: OpenRequest(name: "jump host \(hop.endpoint.host)", endpoint: hop.endpoint), settings: own,
      context: context, knownHosts: knownHosts, jump: index == 0 ? nil : JumpRoute(to: index, of: self),
      keepsSpare: false)
    let task = Task<Result<SSHConnection, TransportError>, Never> {
      do throws(TransportError) {
        _ = try await connection.open(seconds: seconds)
        return .success(connection)
      } catch {
        await connection.close()
        var error = error
        if !error.why.hasPrefix("on the way") { error.why = "on the way, at \(connection.name): \(error.why)" }
        return .failure(error)
      }
    }
    openings[index] = Opening(connection: connection, task: task)
    let result = await task.value
    // What failed may go better for whoever comes later.
    if case .failure = result, openings[index]?.connection === connection { openings[index] = nil }
    return result
  }

  /// Closes all connections, the farthest first, and those that are not there yet.
  func close() async {
    isClosed = true
    for (_, opening) in openings.sorted(by: { $0.key > $1.key }) {
      await opening.connection.close()
      _ = await opening.task.value
    }
    openings = [:]
  }
}

/// What came of asking a ``JumpRoute`` for a stream, for a connection that may have stopped waiting.
final class JumpArrival {
  /// The answer, once it is there.
  private(set) var result: Result<Int32, TransportError>?
  private var isAbandoned = false

  /// Gives up waiting.
  func abandon() {
    isAbandoned = true
    if case .success(let descriptor)? = result { close(descriptor) }
    result = nil
  }

  /// Takes the answer; closes a stream that nobody wants.
  func take(_ result: Result<Int32, TransportError>) {
    self.result = result
    if isAbandoned { abandon() }
  }
}
