import LocalTransport
import QuorateCore
import QuorateTesting
import Testing

@Suite struct LocalConformanceTests {
  @Test(arguments: TransportConformance.checks)
  func `does what every transport must do`(_ check: TransportConformance.Check) async throws {
    try await TransportConformance(endpoint: HostEndpoint(host: "localhost")) {
      LocalTransport(settings: .object([:]), context: PluginContext(baseFolder: "/", secrets: NoSecrets()))
    }.run(check)
  }
}

struct NoSecrets: SecretSource {
  func secret(_ request: SecretRequest) async -> SecretBytes? { nil }
}
