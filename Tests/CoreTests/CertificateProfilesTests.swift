import QuorateCore
import Testing

@Suite struct CertificateProfilesTests {
  private func member(
    _ name: String = "infra1", address: String = "10.0.0.7", serverSANs: [String] = [], peerSANs: [String] = []
  ) throws -> MemberContext {
    let host = HostSpec(
      name: name, address: try #require(IPAddress(address)), serverSANs: serverSANs, peerSANs: peerSANs)
    return MemberContext(
      clusterName: "prod", token: nil, host: host, isFirst: false, members: [host], phase: .founding,
      kubernetesVersion: Version(1, 31), etcdVersion: Version(3, 5, 15), image: "registry.k8s.io/etcd:3.5.15-0")
  }

  private func release(_ minor: Int) throws -> KubernetesRelease { try #require(KubernetesRelease(Version(1, minor))) }

  @Test func `Every member's serving certificates carry its own name and addresses`() throws {
    let profiles = try member().certificateProfiles(for: try release(31))
    for role in [CertificateRole.server, .peer] {
      let profile = try #require(profiles[role])
      #expect(profile.commonName == "infra1" && profile.organization == nil)
      #expect(profile.dnsNames == ["infra1", "localhost"])
      #expect(profile.addresses.map(\.description) == ["10.0.0.7", "127.0.0.1", "::1"])
      #expect(profile.isServer && profile.isClient)
    }
    #expect(Set(profiles.keys) == Set(CertificateRole.allCases))
  }

  @Test func `Further names are sorted among the others, further addresses follow, and nothing stands twice`() throws {
    let member = try member(
      serverSANs: ["etcd.example", "10.0.0.7", "192.0.2.1", "a.example", "localhost", "192.0.2.1", "0:0:0:0:0:0:0:1"],
      peerSANs: ["*.peers.example"])
    let profiles = member.certificateProfiles(for: try release(31))
    let server = try #require(profiles[.server])
    #expect(server.dnsNames == ["a.example", "etcd.example", "infra1", "localhost"])
    #expect(server.addresses.map(\.description) == ["10.0.0.7", "127.0.0.1", "::1", "192.0.2.1"])
    #expect(try #require(profiles[.peer]).dnsNames == ["*.peers.example", "infra1", "localhost"])
  }

  @Test func `An IPv6 member has both loopback addresses, once each`() throws {
    let server = try member(address: "fd00::7").certificateProfiles(for: try release(31))[.server]
    #expect(server?.addresses.map(\.description) == ["fd00::7", "127.0.0.1", "::1"])
    let local = try member(address: "127.0.0.1").certificateProfiles(for: try release(31))[.server]
    #expect(local?.addresses.map(\.description) == ["127.0.0.1", "::1"])
  }

  @Test(arguments: [(28, "system:masters" as String?), (29, nil)])
  func `Clients are masters until 1.28`(_ minor: Int, _ organization: String?) throws {
    let profiles = try member().certificateProfiles(for: try release(minor))
    for (role, name) in [
      (CertificateRole.healthcheckClient, "kube-etcd-healthcheck-client"),
      (.apiserverEtcdClient, "kube-apiserver-etcd-client"),
    ] {
      let profile = try #require(profiles[role])
      #expect(profile.commonName == name && profile.organization == organization)
      #expect(!profile.isServer && profile.isClient && profile.dnsNames.isEmpty && profile.addresses.isEmpty)
    }
    #expect(try #require(profiles[.server]).organization == nil)
  }

  @Test func `Which hosts hold the kube-apiserver's client key is the configuration's choice`() {
    let members: [CertificateRole] = [.server, .peer, .healthcheckClient]
    #expect(CertificateRole.held(isFirst: false, apiserverClient: .every) == members + [.apiserverEtcdClient])
    #expect(CertificateRole.held(isFirst: true, apiserverClient: .first) == members + [.apiserverEtcdClient])
    #expect(CertificateRole.held(isFirst: false, apiserverClient: .first) == members)
    #expect(CertificateRole.held(isFirst: true, apiserverClient: .none) == members)
  }

  @Test(arguments: [(20, 0, false), (21, 0, false), (22, 0, true), (27, 0, true), (28, 300, true), (37, 300, true)])
  func `The CA begins and is named as in each release`(_ minor: Int, _ backdate: Int64, _ hasSAN: Bool) throws {
    let now = Instant(secondsSinceEpoch: 1_795_399_380)
    let profile = AuthorityProfile.kubeadm(
      try release(minor), keyAlgorithm: .ecdsaP384, now: now, validitySeconds: 3600)
    #expect(profile.commonName == "etcd-ca" && profile.commonNameIsSAN == hasSAN && profile.keyAlgorithm == .ecdsaP384)
    #expect(profile.notBefore == now.advanced(bySeconds: -backdate))
    #expect(profile.notAfter == now.advanced(bySeconds: 3600))
  }

  @Test func `A leaf begins with its CA before 1.31, five minutes ago since, and never outlives the CA`() throws {
    let now = Instant(secondsSinceEpoch: 1_795_399_380)
    func validity(_ minor: Int, begins: Int64, ends: Int64) throws -> LeafValidity {
      LeafValidity(
        release: try release(minor), now: now, validitySeconds: 1000,
        authorityNotBefore: now.advanced(bySeconds: begins),
        authorityNotAfter: now.advanced(bySeconds: ends))
    }
    let old = try validity(30, begins: -5000, ends: 5000)
    #expect(old.notBefore == now.advanced(bySeconds: -5000) && old.notAfter == now.advanced(bySeconds: 1000))
    #expect(!old.isCutByAuthority)
    let new = try validity(31, begins: -5000, ends: 5000)
    #expect(new.notBefore == now.advanced(bySeconds: -300))
    #expect(try validity(31, begins: -100, ends: 5000).notBefore == now.advanced(bySeconds: -100))
    let cut = try validity(31, begins: -5000, ends: 999)
    #expect(cut.notAfter == now.advanced(bySeconds: 999) && cut.isCutByAuthority)
    #expect(!(try validity(31, begins: -5000, ends: 1000).isCutByAuthority))
  }

  @Test func `A moment is written in UTC`() {
    let moment = Instant(secondsSinceEpoch: 1_795_399_380)
    #expect(moment.dayText == "2026-11-23" && moment.text == "2026-11-23T02:03:00Z")
    #expect(Instant(secondsSinceEpoch: -1).text == "1969-12-31T23:59:59Z")
  }
}
