import Foundation
import Glibc
import QuorateCore
import QuorateEtcd
import Testing

/// Real etcd members on loopback, with TLS, and what a client needs to speak to them.
final class EtcdCluster: Sendable {
  /// The etcd that is tested: Debian's, or the one that `QUORATE_TEST_ETCD` names.
  static let program = ProcessInfo.processInfo.environment["QUORATE_TEST_ETCD"] ?? "/usr/bin/etcd"
  static var isInstalled: Bool { access(program, X_OK) == 0 }
  static let missing: Comment = "etcd is not installed (apt-get install etcd-server): tests against it are left out"

  let authority: TestAuthority
  let hosts: [HostSpec]
  let members: [ChildProcess]

  private init(authority: TestAuthority, hosts: [HostSpec], members: [ChildProcess]) {
    self.authority = authority
    self.hosts = hosts
    self.members = members
  }

  /// Starts a cluster and waits until each of its members serves.
  static func start(_ count: Int, _ arguments: [String] = []) async throws -> EtcdCluster {
    let authority = try await TestAuthority(in: TestAuthority.makeFolder())
    try await authority.issue("server")
    try await authority.issue("client", names: "DNS:client")
    let ports = try Sockets.freePorts(count * 3)
    let hosts = try (0..<count).map { try host($0, ports: Array(ports[($0 * 3)..<($0 * 3 + 3)])) }
    let cluster = hosts.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ",")
    let members = hosts.map { start($0, in: authority, initialCluster: cluster, state: "new", arguments) }
    let started = EtcdCluster(authority: authority, hosts: hosts, members: members)
    for member in members where await !member.waitForLine(where: isReady) {
      await started.stop()
      throw ChildProcess.Failed(arguments: [program], output: member.output)
    }
    return started
  }

  private static func host(_ index: Int, ports: [UInt16]) throws -> HostSpec {
    HostSpec(
      name: "infra\(index)", address: .loopbackV4,
      ports: MemberPorts(client: ports[0], peer: ports[1], metrics: ports[2]))
  }

  /// A further member, which a test has added to the cluster.
  func startFurther(_ index: Int, host: HostSpec) async throws -> ChildProcess {
    let cluster = (hosts + [host]).map { "\($0.name)=\($0.peerURL)" }.joined(separator: ",")
    let member = Self.start(host, in: authority, initialCluster: cluster, state: "existing")
    guard await member.waitForLine(where: Self.isReady) else {
      throw ChildProcess.Failed(arguments: [Self.program], output: member.output)
    }
    return member
  }

  static func furtherHost(_ index: Int) throws -> HostSpec { try host(index, ports: Sockets.freePorts(3)) }

  @Sendable private static func isReady(_ line: String) -> Bool { line.contains("serving client traffic securely") }

  private static func start(
    _ host: HostSpec, in authority: TestAuthority, initialCluster: String, state: String,
    _ arguments: [String] = []
  ) -> ChildProcess {
    let files = ["", "peer-"].flatMap { kind in
      [
        "--\(kind)cert-file=\(authority.certificate("server"))", "--\(kind)key-file=\(authority.key("server"))",
        "--\(kind)trusted-ca-file=\(authority.certificate("ca"))", "--\(kind)client-cert-auth=true",
      ]
    }
    return ChildProcess(
      [
        program, "--name=\(host.name)", "--data-dir=\(authority.folder)/\(host.name)",
        "--listen-client-urls=\(host.clientURL)", "--advertise-client-urls=\(host.clientURL)",
        "--listen-peer-urls=\(host.peerURL)", "--initial-advertise-peer-urls=\(host.peerURL)",
        "--listen-metrics-urls=http://127.0.0.1:\(host.ports.metrics)", "--initial-cluster=\(initialCluster)",
        "--initial-cluster-state=\(state)", "--logger=zap",
        // Members that have been connected for less than five seconds may be changed too.
        "--strict-reconfig-check=false",
      ] + files + arguments)
  }

  /// Ends every member and removes the folder.
  func stop() async {
    for member in members { await member.stop(SIGKILL) }
    try? FileManager.default.removeItem(atPath: authority.folder)
  }

  /// A client of one member.
  func client(
    _ index: Int = 0, as leaf: String = "client", timeoutSeconds: Double = 5
  ) throws -> EtcdClient {
    Self.client(hosts[index], credentials: try authority.credentials(leaf), timeoutSeconds: timeoutSeconds)
  }

  /// A client that connects from this machine.
  static func client(_ host: HostSpec, credentials: EtcdCredentials, timeoutSeconds: Double = 5) -> EtcdClient {
    let port = host.ports.client
    return EtcdClient(
      endpoint: host.clientEndpoint, host: host.name, credentials: credentials, timeoutSeconds: timeoutSeconds
    ) { () throws(TransportError) in try Sockets.connect(to: port) }
  }

  @TaskLocal static var shared: EtcdCluster?

  /// The cluster of the suite.
  static var current: EtcdCluster { get throws { try #require(shared) } }
}

/// Gives a suite a cluster of its own, which ends with it.
struct WithCluster: SuiteTrait, TestScoping {
  let count: Int
  let arguments: [String]

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let cluster = try await EtcdCluster.start(count, arguments)
    do { try await EtcdCluster.$shared.withValue(cluster) { try await function() } } catch {
      await cluster.stop()
      throw error
    }
    await cluster.stop()
  }
}

extension Trait where Self == WithCluster {
  /// A cluster of so many real members.
  static func cluster(_ count: Int, _ arguments: [String] = []) -> Self {
    WithCluster(count: count, arguments: arguments)
  }
}
