import QuorateCore
import QuorateTesting
import SSHTestHost
import SSHTransport
import Testing

@Suite(.enabled(if: TestHost.isAvailable)) struct SSHConformanceTests {
  @Test(arguments: TransportConformance.checks)
  func `does what every transport must do`(_ check: TransportConformance.Check) async throws {
    let server = try await TestHost.shared.server()
    try await TransportConformance(endpoint: server.endpoint) { try SSHTransport.forTests(server) }.run(check)
  }

  @Test(arguments: TransportConformance.lossChecks)
  func `notices that the wire broke`(_ check: TransportConformance.Check) async throws {
    let server = try await TestHost.shared.server()
    let relay = try await Relay(to: server)
    defer { relay.stop() }
    try await TransportConformance(endpoint: relay.endpoint, cut: { relay.cut() }) {
      try SSHTransport.forTests(server)
    }.run(check)
  }

  @Test(arguments: TransportConformance.checks.filter { !$0.isLarge })
  func `does it on a host that answers slowly`(_ check: TransportConformance.Check) async throws {
    let server = try await TestHost.shared.server()
    let relay = try await Relay(to: server, milliseconds: 30)
    defer { relay.stop() }
    try await TransportConformance(endpoint: relay.endpoint) { try SSHTransport.forTests(server) }.run(check)
  }

  @Test(
    .enabled(if: TestHost.hasUsers), arguments: ["ro", "noexec"],
    TransportConformance.checks.filter { !$0.isLarge })
  func `does it where /tmp is of no use`(_ mount: String, _ check: TransportConformance.Check) async throws {
    let server = try await TestHost.shared.server(temporary: mount)
    try await TransportConformance(endpoint: server.endpoint) { try SSHTransport.forTests(server) }.run(check)
  }

  /// By socat, and by bash alone.
  @Test(arguments: [nil, "bashonly"], TransportConformance.checks.filter { $0.description.contains("stream") })
  func `opens streams by a program on the host where sshd forwards none`(
    _ path: String?, _ check: TransportConformance.Check
  ) async throws {
    let folder = try await TestHost.shared.folder()
    let server = try await TestHost.shared.server(
      ["AllowTcpForwarding no"] + (path.map { ["SetEnv PATH=\(folder)/\($0)"] } ?? []))
    try await TransportConformance(endpoint: server.endpoint) { try SSHTransport.forTests(server) }.run(check)
  }

  @Test(
    .enabled(if: TestHost.hasUsers),
    arguments: ["banner", "csh", "fish"], TransportConformance.checks.filter { !$0.isLarge })
  func `does it whatever the login shell is and prints, with umask 077`(
    _ user: String, _ check: TransportConformance.Check
  )
    async throws
  {
    let server = try await TestHost.shared.server()
    try await TransportConformance(endpoint: server.endpoint(user: user)) { try SSHTransport.forTests(server) }
      .run(check)
  }

  @Test(
    .enabled(if: TestHost.hasUsers),
    arguments: ["free", "asked", "askedfish", "askedcsh", "askedbanner"],
    TransportConformance.checks.filter { !$0.isLarge })
  func `does it as root by sudo, with a password and without`(
    _ user: String, _ check: TransportConformance.Check
  ) async throws {
    let server = try await TestHost.shared.server()
    try await TransportConformance(endpoint: server.endpoint(user: user)) {
      try SSHTransport.forTests(server, ["become": .string("sudo")], secrets: TestSecrets(password: TestHost.password))
    }.run(check)
  }
}

extension SSHTransport {
  /// A transport that knows the test host and its key.
  static func forTests(
    _ server: TestHost.Server, _ settings: [String: SettingsValue] = [:], secrets: TestSecrets = TestSecrets()
  ) throws -> SSHTransport {
    var all: [String: SettingsValue] = [
      "identityFile": .string("id_ed25519"), "knownHosts": .string("known_hosts"), "agent": .boolean(false),
    ]
    all.merge(settings) { $1 }
    return try SSHTransport(
      settings: .object(all), context: PluginContext(baseFolder: server.folder, secrets: secrets))
  }
}
