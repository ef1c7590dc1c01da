import OpenSSHTransport
import QuorateCore
import QuorateTesting
import SSHTestHost
import Testing

@Suite(.enabled(if: TestHost.isAvailable)) struct OpenSSHConformanceTests {
  @Test(arguments: TransportConformance.checks)
  func `does what every transport must do`(_ check: TransportConformance.Check) async throws {
    let server = try await TestHost.shared.server()
    try await TransportConformance(endpoint: server.endpoint) { try OpenSSHTransport.forTests(server) }.run(check)
  }

  @Test(arguments: TransportConformance.lossChecks)
  func `notices that the wire broke`(_ check: TransportConformance.Check) async throws {
    let server = try await TestHost.shared.server()
    let relay = try await Relay(to: server)
    defer { relay.stop() }
    try await TransportConformance(endpoint: relay.endpoint, cut: { relay.cut() }) {
      try OpenSSHTransport.forTests(server)
    }.run(check)
  }

  @Test(arguments: TransportConformance.checks.filter { !$0.isLarge })
  func `does it on a host that answers slowly`(_ check: TransportConformance.Check) async throws {
    let server = try await TestHost.shared.server()
    let relay = try await Relay(to: server, milliseconds: 30)
    defer { relay.stop() }
    try await TransportConformance(endpoint: relay.endpoint) { try OpenSSHTransport.forTests(server) }.run(check)
  }

  @Test(
    .enabled(if: TestHost.hasUsers),
    arguments: ["banner", "csh", "fish"], TransportConformance.checks.filter { !$0.isLarge })
  func `does it whatever the login shell is and prints, with umask 077`(
    _ user: String, _ check: TransportConformance.Check
  ) async throws {
    let server = try await TestHost.shared.server()
    try await TransportConformance(endpoint: server.endpoint(user: user)) { try OpenSSHTransport.forTests(server) }
      .run(check)
  }

  @Test(
    .enabled(if: TestHost.hasUsers), arguments: ["ro", "noexec"],
    TransportConformance.checks.filter { !$0.isLarge })
  func `does it where /tmp is of no use`(_ mount: String, _ check: TransportConformance.Check) async throws {
    let server = try await TestHost.shared.server(temporary: mount)
    try await TransportConformance(endpoint: server.endpoint) { try OpenSSHTransport.forTests(server) }.run(check)
  }

  @Test(
    .enabled(if: TestHost.hasUsers), arguments: ["free", "asked", "askedfish", "askedcsh"],
    TransportConformance.checks.filter { !$0.isLarge })
  func `does it as root by sudo, with a password and without`(
    _ user: String, _ check: TransportConformance.Check
  ) async throws {
    let server = try await TestHost.shared.server()
    try await TransportConformance(endpoint: server.endpoint(user: user)) {
      try OpenSSHTransport.forTests(
        server, ["become": .string("sudo")], secrets: TestSecrets(password: TestHost.password))
    }.run(check)
  }

  @Test(arguments: TransportConformance.checks.filter { $0.description.contains("stream") })
  func `opens streams by a program on the host where sshd forwards none`(_ check: TransportConformance.Check)
    async throws
  {
    let server = try await TestHost.shared.server(["AllowTcpForwarding no"])
    try await TransportConformance(endpoint: server.endpoint) { try OpenSSHTransport.forTests(server) }.run(check)
  }
}

extension OpenSSHTransport {
  /// A transport that knows the test host and its key.
  static func forTests(
    _ server: TestHost.Server, _ settings: [String: SettingsValue] = [:], options: [String] = [],
    secrets: TestSecrets = TestSecrets()
  ) throws -> OpenSSHTransport {
    var all: [String: SettingsValue] = [
      "identityFile": .string("id_ed25519"), "configFile": .string("none"),
      "knownHosts": .string("known_hosts"), "options": .list((["IdentityAgent=none"] + options).map { .string($0) }),
    ]
    all.merge(settings) { $1 }
    return try OpenSSHTransport(
      settings: .object(all), context: PluginContext(baseFolder: server.folder, secrets: secrets))
  }
}
