import QuorateCore
import QuorateTesting
import StaticPod
import Testing

@Suite struct StaticPodTests {
  private func kubeadm(_ version: String) -> ProbeAnswers {
    ProbeAnswers(["kubeadm.version": .command(status: 0, output: Array("\(version)\n".utf8))])
  }

  private func text(_ file: DesiredFile?) throws -> String {
    guard case .bytes(let bytes)? = file?.content else { throw CancellationError() }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `It keeps the contract of manifest writers`() async throws {
    #expect(try await ManifestWriterConformance(StaticPod()).violations() == [])
  }

  @Test(arguments: [
    ("v1.20.2", "v1beta2"), ("v1.22.0", "v1beta3"), ("v1.30.4", "v1beta3"), ("v1.31.0", "v1beta4"),
    ("v1.37.0", "v1beta4"), ("v1.38.1-rc.0", "v1beta4"), ("garbage", "v1beta2"), ("", "v1beta2"),
  ])
  func `kubeadmcfg has the API version that the host's kubeadm takes`(_ kubeadm: String, _ api: String) async throws {
    let member = try #require(MemberFixture.member())
    let reply = try await StaticPod().manifest(for: member, answers: self.kubeadm(kubeadm))
    let text = try text(reply.configuration.first)
    #expect(text.contains("apiVersion: kubeadm.k8s.io/\(api)\n"))
    #expect(text.contains("    - name: initial-cluster\n") == (api == "v1beta4"))
    #expect(text.contains("kubernetesVersion: v1.20.2\n"))
  }

  @Test func `A kubeadm of another minor version is a warning, and the image is pinned`() async throws {
    let member = try #require(MemberFixture.member())
    let reply = try await StaticPod().manifest(for: member, answers: kubeadm("v1.31.0"))
    #expect(reply.findings.map(\.code) == ["kubeadm.version"])
    #expect(reply.findings.map(\.severity) == [.warning])
    let text = try text(reply.configuration.first)
    #expect(text.contains("    imageRepository: k8s.gcr.io\n    imageTag: \"3.4.13-0\"\n"))
    let near = try await StaticPod().manifest(for: member, answers: kubeadm("v1.20.9"))
    #expect(near.findings.map(\.severity) == [.note])
  }

  @Test(arguments: [
    EtcdArgument(name: "name", value: "x"), EtcdArgument(name: "initial-cluster-state", value: "existing"),
    EtcdArgument(name: "listen-client-urls", value: "https://0.0.0.0:2379"),
    EtcdArgument(name: "config-file", value: "/x"),
    EtcdArgument(name: "listen-metrics-urls", value: "127.0.0.1:2381,http://127.0.0.1:2381"),
    EtcdArgument(name: "listen-metrics-urls", value: "http://127.0.0.1:2381,"),
    EtcdArgument(name: "listen-metrics-urls", value: "http://127.0.0.1:2381/x,http://127.0.0.1:2381"),
    EtcdArgument(name: "listen-metrics-urls", value: "http://127.0.0.1:70000,http://127.0.0.1:2381"),
    EtcdArgument(name: "bad name", value: ""), EtcdArgument(name: "-x", value: ""),
    EtcdArgument(name: "note", value: "two\nlines"), EtcdArgument(name: "note", value: "\u{2028}"),
  ])
  func `An extra argument that contradicts or breaks something is refused`(_ argument: EtcdArgument) async throws {
    var member = try #require(MemberFixture.member())
    member.extraArguments = [argument]
    let reply = try await StaticPod().manifest(for: member, answers: ProbeAnswers())
    #expect(reply.findings.count == 1 && reply.findings.first?.severity == .error)
    #expect(reply.manifest.isEmpty && reply.configuration.isEmpty)
    #expect(reply.findings.first?.what.contains(where: \.isNewline) == false)
  }

  @Test func `A member without a token is not described`() async throws {
    var member = try #require(MemberFixture.member())
    member.token = nil
    let reply = try await StaticPod().manifest(for: member, answers: ProbeAnswers())
    #expect(reply.findings.map(\.code) == ["etcd.token-missing"])
    #expect(reply.manifest.isEmpty)
  }

  @Test func `An etcd that kubeadm's flags do not fit gets its own, and a warning`() async throws {
    let old = try #require(MemberFixture.member(kubernetes: Version(1, 36, 0), etcd: Version(3, 5, 24)))
    let reply = try await StaticPod().manifest(for: old, answers: ProbeAnswers())
    #expect(reply.findings.map(\.code) == ["etcd.unusual-version"])
    #expect(try text(reply.manifest.first).contains("--experimental-initial-corrupt-check=true"))
    let older = try #require(MemberFixture.member(kubernetes: Version(1, 31, 0), etcd: Version(3, 4, 27)))
    let text = try text(try await StaticPod().manifest(for: older, answers: ProbeAnswers()).manifest.first)
    #expect(text.contains("path: /health\n") && !text.contains("readinessProbe") && !text.contains("watch-progress"))
  }

  @Test func `The phases differ in the cluster's state alone`() async throws {
    let new = try #require(MemberFixture.member())
    let existing = try #require(MemberFixture.member(phase: .existing))
    let first = try text(try await StaticPod().manifest(for: new, answers: ProbeAnswers()).manifest.first)
    let second = try text(try await StaticPod().manifest(for: existing, answers: ProbeAnswers()).manifest.first)
    #expect(first.replacing("initial-cluster-state=new", with: "initial-cluster-state=existing") == second)
  }
}
