import QuorateCore
import QuorateTesting
import Testing
import UnitFile

@Suite struct UnitFileTests {
  private static func answers(version: String = "3.4.23", path: String = "/usr/bin/etcd") -> ProbeAnswers {
    ProbeAnswers([
      "unit-file.etcd-version": .command(
        status: 0, output: Array("etcd Version: \(version)\nGit SHA: x\nGo Version: go1.19.8\n".utf8)),
      "unit-file.etcd-path": .command(status: 0, output: Array("\(path)\n".utf8)),
    ])
  }

  private func unit(_ reply: ManifestReply) throws -> MemberUnit {
    let file = try #require(reply.manifest.first)
    guard case .bytes(let bytes) = file.content else { throw CancellationError() }
    return try #require(MemberUnit(text: String(decoding: bytes, as: UTF8.self)))
  }

  @Test func `It keeps the contract of manifest writers`() async throws {
    let suite = ManifestWriterConformance(try UnitFile()) { member in
      Self.answers(version: member.etcdVersion.description)
    }
    #expect(try await suite.violations() == [])
    let named = ManifestWriterConformance(try UnitFile(etcd: "/opt/etcd/etcd")) { _ in Self.answers() }
    #expect(try await named.violations() == [])
  }

  @Test(arguments: ["bin/etcd", "", "/usr/bin/etcd\nx=y"])
  func `A path that is not absolute or has a line break is refused`(_ path: String) {
    #expect(throws: PluginError.self) { try UnitFile(etcd: path) }
  }

  @Test func `The program that is found, and its folder below the root, are in the unit`() async throws {
    let member = try #require(MemberFixture.member(addresses: ["127.0.0.1"]) { host, _ in host.root = "/srv/infra0" })
    let reply = try await UnitFile().manifest(for: member, answers: Self.answers())
    let unit = try unit(reply)
    #expect(unit.binary == "/usr/bin/etcd")
    #expect(unit.dataFolder == "/srv/infra0/var/lib/etcd")
    #expect(unit.record == "/srv/infra0/etc/kubernetes/quorate/member.json")
    #expect(unit.arguments.contains("--cert-file=/srv/infra0/etc/kubernetes/pki/etcd/server.crt"))
    #expect(unit.arguments.contains("--listen-client-urls=https://127.0.0.1:2379"))
    #expect(reply.configuration.map(\.path) == ["/srv/infra0/etc/kubernetes/kubeadmcfg.yaml"])
  }

  @Test(arguments: [
    ("3.4.23", [] as [String]),
    ("3.5.16", ["experimental-initial-corrupt-check", "experimental-watch-progress-notify-interval"]),
    ("3.6.4", ["feature-gates", "watch-progress-notify-interval"]),
    ("3.7.0", ["feature-gates", "watch-progress-notify-interval"]),
  ])
  func `The program's own version decides its flags`(_ version: String, _ expected: [String]) async throws {
    let member = try #require(MemberFixture.member(kubernetes: Version(1, 31, 0)))
    let unit = try unit(try await UnitFile().manifest(for: member, answers: Self.answers(version: version)))
    let names = unit.arguments.map { String($0.dropFirst(2).prefix { $0 != "=" }) }
    let special = names.filter {
      ["feature-gates", "watch-progress-notify-interval"].contains($0)
        || ($0.hasPrefix("experimental-") && $0 != "experimental-initial-corrupt-check"
          || version.hasPrefix("3.5") && $0.hasPrefix("experimental-"))
    }
    #expect(special == expected)
    #expect(names == names.sorted())
  }

  @Test func `A program of another version than the configuration's is said`() async throws {
    let member = try #require(MemberFixture.member())
    let near = try await UnitFile().manifest(for: member, answers: Self.answers(version: "3.4.23"))
    #expect(near.findings.map(\.severity) == [.note])
    let far = try await UnitFile().manifest(for: member, answers: Self.answers(version: "3.5.16"))
    #expect(far.findings.map(\.severity) == [.warning])
  }

  @Test func `A host without etcd is refused`() async throws {
    let member = try #require(MemberFixture.member())
    let reply = try await UnitFile().manifest(for: member, answers: ProbeAnswers())
    #expect(reply.manifest.isEmpty)
    #expect(reply.findings.map(\.code) == ["host.no-etcd"])
  }
}
