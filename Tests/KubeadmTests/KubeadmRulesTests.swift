import QuorateCore
import QuorateTesting
import Testing

@Suite struct KubeadmRulesTests {
  @Test(arguments: [
    (Version(1, 20, 2), Version(3, 4, 13)), (Version(1, 31, 0), Version(3, 5, 15)),
    (Version(1, 31, 14), Version(3, 5, 24)),
    (Version(1, 32, 0), Version(3, 5, 16)), (Version(1, 32, 10), Version(3, 5, 24)),
    (Version(1, 33, 5), Version(3, 5, 21)),
    (Version(1, 34, 1), Version(3, 6, 4)), (Version(1, 34, 2), Version(3, 6, 5)), (Version(1, 37, 0), Version(3, 7, 0)),
  ])
  func `Each Kubernetes version has its etcd`(_ kubernetes: Version, _ etcd: Version) throws {
    #expect(try #require(KubernetesRelease(kubernetes)).etcdVersion == etcd)
  }

  @Test func `The image repository moved with 1.25 and some earlier patches`() throws {
    func repository(_ minor: Int, _ patch: Int) throws -> String {
      try #require(KubernetesRelease(Version(1, minor, patch))).imageRepository
    }
    #expect(try repository(24, 8) == "k8s.gcr.io" && repository(24, 9) == "registry.k8s.io")
    #expect(try repository(21, 14) == "k8s.gcr.io" && repository(25, 0) == "registry.k8s.io")
  }

  @Test(arguments: KubernetesRelease.knownMinors)
  func `No version is unlike kubeadm's with its own etcd`(_ minor: Int) throws {
    for patch in [0, 5, 20] {
      let release = try #require(KubernetesRelease(Version(1, minor, patch)))
      #expect(EtcdFlags.areKubeadms(release, etcd: release.etcdVersion))
    }
  }

  @Test(arguments: MemberFixture.all())
  func `Flags are sorted, and each stands once`(_ name: String, _ member: MemberContext) throws {
    let release = try #require(KubernetesRelease(member.kubernetesVersion))
    let names = EtcdFlags(of: member, release: release, etcd: member.etcdVersion).arguments.map(\.name)
    #expect(names == names.sorted() && Set(names).count == names.count)
    #expect(Set(names).isSuperset(of: ManagedFlags.names))
  }

  @Test func `kubeadm's listeners stay where they fit, so that loopback answers too`() throws {
    let member = try #require(MemberFixture.member())
    #expect(
      EtcdFlags.overrides(of: member).map(\.name) == [
        "initial-cluster", "initial-cluster-state", "initial-cluster-token",
      ])
  }

  @Test func `A listener may be added but not taken away`() throws {
    let member = try #require(MemberFixture.member())
    let release = try #require(KubernetesRelease(member.kubernetesVersion))
    func contradicts(_ name: String, _ value: String) -> Bool {
      ManagedFlags.contradicted(by: EtcdArgument(name: name, value: value), member: member, release: release) != nil
    }
    #expect(!contradicts("listen-client-urls", "https://10.0.0.6:2379,https://192.168.0.6:2379"))
    #expect(contradicts("listen-client-urls", "https://192.168.0.6:2379"))
    #expect(!contradicts("listen-metrics-urls", "http://127.0.0.1:2381,http://10.0.0.6:2381"))
    #expect(contradicts("listen-metrics-urls", "http://10.0.0.6:2381"))
    #expect(!contradicts("snapshot-count", "5000") && !contradicts("quota-backend-bytes", "1"))
    #expect(!contradicts("data-dir", "/var/lib/etcd") && contradicts("data-dir", "/x") && contradicts("wal-dir", "/x"))
  }

  @Test func `A unit is read as it was written`() throws {
    let unit = MemberUnit(
      name: "infra0", binary: "/usr/bin/etcd", dataFolder: "/var/lib/etcd", record: "/r",
      arguments: ["--a=b=c", "--d="])
    #expect(MemberUnit(text: "# note\n" + unit.text) == unit)
    #expect(MemberUnit(text: unit.text + "name=x\n") == nil)
    #expect(MemberUnit(text: unit.text.replacing("format=1", with: "format=2")) == nil)
    #expect(MemberUnit(text: "nonsense") == nil)
  }

  @Test func `Broken units are refused or read, and never crash`() throws {
    let good = Array(
      MemberUnit(name: "n", binary: "/b", dataFolder: "/d", record: "/r", arguments: ["--a=b"]).text.utf8)
    var state: UInt64 = 1
    for _ in 0..<5_000 {
      var bytes = good
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      if let unit = MemberUnit(text: String(decoding: bytes, as: UTF8.self)) {
        #expect(MemberUnit(text: unit.text) == unit)
      }
    }
  }
}
