import QuorateCore
import QuorateTesting
import StaticPod
import Testing

/// A member, and what `static-pod` writes for it.
struct GoldenManifest: Sendable, CustomTestStringConvertible {
  let name: String
  let member: MemberContext

  var testDescription: String { name }

  /// `kubeadmcfg.yaml` and `etcd.yaml`.
  func files() async throws -> (configuration: String, manifest: String) {
    let reply = try await StaticPod().manifest(for: member, answers: ProbeAnswers())
    let configuration = try #require(reply.configuration.first)
    let manifest = try #require(reply.manifest.first, "\(reply.findings)")
    return (try Self.text(configuration), try Self.text(manifest))
  }

  private static func text(_ file: DesiredFile) throws -> String {
    guard case .bytes(let bytes) = file.content else { throw Missing() }
    return String(decoding: bytes, as: UTF8.self)
  }

  struct Missing: Error {}

  private static let folder =
    "/" + #filePath.split(separator: "/").dropLast().map(String.init).joined(separator: "/") + "/Golden"

  /// A committed file of the folder `Golden`.
  static func golden(_ name: String) async throws -> String {
    let result = await LocalProgram.run(["cat", "--", "\(folder)/\(name)"])
    try #require(result.status == 0, "\(result.errorText)")
    return result.text
  }

  /// Writes a file of the folder `Golden`.
  static func record(_ text: String, as name: String) async throws {
    let path = "\(folder)/\(name)"
    let made = await LocalProgram.run([
      "mkdir", "-p", "--", String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]),
    ])
    let written = await LocalProgram.run(["tee", "--", path], input: Array(text.utf8))
    try #require(made.status == 0 && written.status == 0)
  }

  /// The cases of one version of Kubernetes.
  static func all(kubernetes: Version) -> [GoldenManifest] {
    func make(
      _ name: String, phase: MemberPhase = .founding, addresses: [String] = ["10.0.0.6", "10.0.0.7", "10.0.0.8"],
      index: Int = 0, host change: (inout HostSpec, Int) -> Void = { _, _ in },
      member adapt: (inout MemberContext) -> Void = { _ in }
    ) -> GoldenManifest? {
      guard
        var member = MemberFixture.member(
          kubernetes: kubernetes, phase: phase, addresses: addresses, index: index, change: change)
      else { return nil }
      adapt(&member)
      return GoldenManifest(name: name, member: member)
    }
    let v6 = ["fd00:0:0::6", "fd00::7", "fd00::8"]
    let cases = [
      make("new"),
      make("existing", phase: .existing, index: 1),
      make("ipv6-new", addresses: v6),
      make("ipv6-existing", phase: .existing, addresses: v6, index: 2),
      make(
        "ports",
        host: { host, number in
          host.ports = MemberPorts(client: 12379, peer: UInt16(12380 + number), metrics: 12381)
        }),
      make(
        "ipv6-ports", addresses: v6,
        host: { host, _ in host.ports = MemberPorts(client: 12379, peer: 12380, metrics: 12381) }),
      make("data-folder", host: { host, _ in host.dataFolder = "/srv/etcd: the data #1" }),
      make("root", host: { host, _ in host.root = "/srv/quorate/infra0" }),
      make(
        "image",
        member: { member in
          member.imageRepository = "registry.example.com:5000/mirror"
          member.imageTag = "3.4.27-1"
          member.image = "registry.example.com:5000/mirror/etcd:3.4.27-1"
        }),
      make(
        "extra-arguments",
        member: { member in
          member.extraArguments = [
            EtcdArgument(name: "quota-backend-bytes", value: "8589934592"),
            EtcdArgument(name: "snapshot-count", value: "5000"),
            EtcdArgument(name: "log-level", value: "true"),
            EtcdArgument(name: "experimental-note", value: "a: b # c 'd' \"e\" \\ é 😀"),
            EtcdArgument(name: "auto-compaction-retention", value: ""),
            EtcdArgument(
              name: "metrics-note",
              value:
                "thirty characters and thirty more and thirty again and some more words behind the eightieth column"),
          ]
        }),
      make(
        "metrics-listeners",
        member: { member in
          member.extraArguments = [
            EtcdArgument(name: "listen-metrics-urls", value: "https://0.0.0.0:2391,http://127.0.0.1:2381"),
            EtcdArgument(
              name: "listen-client-urls",
              value: "https://10.0.0.6:2379,https://127.0.0.1:2379,https://192.168.0.6:2379"),
          ]
        }),
      make(
        "sans",
        host: { host, _ in
          host.serverSANs = ["etcd.example.com", "*.etcd.example.com", "192.168.0.6"]
          host.peerSANs = ["fd00::99"]
        }),
      make("one-member", addresses: ["10.0.0.6"]),
    ]
    return cases.compactMap(\.self)
  }
}
