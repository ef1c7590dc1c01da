import QuorateCore
import QuorateTesting
import SSHTransport
import Testing

@Suite(.enabled(if: TestHost.isAvailable)) struct SSHConformanceTests {
  @Test(arguments: TransportConformance.checks)
  func `does what every transport must do`(_ check: TransportConformance.Check) async throws {
    let server = try await TestHost.shared.server()
    try await TransportConformance(endpoint: server.endpoint) { try SSHTransport.forTests(server) }.run(check)
  }

  @Test(
    .enabled(if: TestHost.hasUsers),
    arguments: ["banner", "csh", "fish"], TransportConformance.checks.filter { !$0.isLarge })
  func `does it whatever the login shell is and prints`(_ user: String, _ check: TransportConformance.Check)
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

/// Secrets that are known, and a count of how often they were asked for.
actor TestSecrets: SecretSource {
  private let password: String?
  private let passphrase: String?
  private(set) var requests: [SecretRequest] = []

  init(password: String? = nil, passphrase: String? = nil) {
    self.password = password
    self.passphrase = passphrase
  }

  func secret(_ request: SecretRequest) async -> SecretBytes? {
    requests.append(request)
    return (request.purpose == .keyPassphrase ? passphrase : password).map { SecretBytes(Array($0.utf8)) }
  }
}
