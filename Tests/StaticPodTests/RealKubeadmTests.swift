import Glibc
import QuorateCore
import QuorateTesting
import StaticPod
import Testing

/// The manifest against a real kubeadm that is fed our own kubeadmcfg.yaml.
@Suite(.enabled(if: RealKubeadm.path != nil, "no kubeadm, or not root")) struct RealKubeadmTests {
  @Test func `A real kubeadm writes the same bytes in every case`() async throws {
    let kubeadm = try await RealKubeadm()
    let version = try await kubeadm.version()
    for golden in GoldenManifest.all(kubernetes: version) {
      let (configuration, manifest) = try await golden.files()
      let theirs = try await kubeadm.manifest(configuration: configuration)
      #expect(manifest == theirs, "\(golden.name)")
    }
    await kubeadm.remove()
  }

  @Test func `A real kubeadm quotes and folds odd values as we do`() async throws {
    let kubeadm = try await RealKubeadm()
    let version = try await kubeadm.version()
    var values = OddValues(seed: 20)
    for _ in 0..<40 {
      let member = try #require(
        MemberFixture.member(kubernetes: version) { host, _ in host.dataFolder = "/srv/" + values.path() })
      var odd = member
      odd.extraArguments = (0..<250).map { EtcdArgument(name: "x\($0)", value: values.next()) }
      let (configuration, manifest) = try await GoldenManifest(name: "odd", member: odd).files()
      let theirs = try await kubeadm.manifest(configuration: configuration)
      if manifest != theirs {
        let pairs = zip(manifest.split(separator: "\n"), theirs.split(separator: "\n"))
        let first = pairs.first { $0.0 != $0.1 }
        Issue.record("ours: \(first?.0 ?? "") theirs: \(first?.1 ?? "")")
      }
    }
    await kubeadm.remove()
  }

  @Test func `A real kubeadm reads the probes' address out of the metrics listeners as we do`() async throws {
    let kubeadm = try await RealKubeadm()
    let version = try await kubeadm.version()
    for url in [
      "http://127.0.0.1:2381", "https://127.0.0.1:2391", "http://0.0.0.0:1", "http://[::]:65535",
      "https://[fd00::6]:2381",
      "http://localhost:2381", "http://etcd.example.com:80", "http://127.0.0.1:02381",
    ] {
      var member = try #require(MemberFixture.member(kubernetes: version))
      member.extraArguments = [EtcdArgument(name: "listen-metrics-urls", value: url + ",http://127.0.0.1:2381")]
      let (configuration, manifest) = try await GoldenManifest(name: url, member: member).files()
      #expect(try await kubeadm.manifest(configuration: configuration) == manifest, "\(url)")
    }
    await kubeadm.remove()
  }

  @Test func `A real kubeadm makes the member's own certificates from our configuration`() async throws {
    let kubeadm = try await RealKubeadm()
    let member = try #require(
      MemberFixture.member(kubernetes: try await kubeadm.version(), index: 1) { host, _ in
        host.serverSANs = ["etcd.example.com", "*.etcd.example.com", "192.168.0.6", "fd00::99"]
        host.peerSANs = ["peer.example.com"]
      })
    let said = try await kubeadm.certificates(
      configuration: try await GoldenManifest(name: "certificates", member: member).files().configuration)
    #expect(
      said.contains(
        "etcd/server serving cert is signed for DNS names [*.etcd.example.com etcd.example.com infra1 localhost] "
          + "and IPs [10.0.0.7 127.0.0.1 ::1 192.168.0.6 fd00::99]"))
    #expect(
      said.contains(
        "etcd/peer serving cert is signed for DNS names [infra1 localhost peer.example.com] "
          + "and IPs [10.0.0.7 127.0.0.1 ::1]"))
    await kubeadm.remove()
  }

  /// Writes the golden files of this kubeadm's version: `QUORATE_RECORD=1 swift test --filter RealKubeadmTests`.
  @Test(.enabled(if: getenv("QUORATE_RECORD") != nil)) func `Record the golden files`() async throws {
    let kubeadm = try await RealKubeadm()
    let version = try await kubeadm.version()
    for golden in GoldenManifest.all(kubernetes: version) {
      let (configuration, _) = try await golden.files()
      let manifest = try await kubeadm.manifest(configuration: configuration)
      try await GoldenManifest.record(configuration, as: "kubeadm-\(version)/\(golden.name).kubeadmcfg.yaml")
      try await GoldenManifest.record(manifest, as: "kubeadm-\(version)/\(golden.name).etcd.yaml")
    }
    await kubeadm.remove()
  }
}
