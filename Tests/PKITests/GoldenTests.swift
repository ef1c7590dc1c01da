import Foundation
import QuorateCore
import Testing

@testable import QuoratePKI

/// Comparison with what a real kubeadm 1.20.2 made; see Fixtures/README.md.
@Suite struct GoldenTests {
  private let toolkit = OpenSSLToolkit()

  /// The second host as the recording's configuration describes it.
  private func member(kubernetes: Version = Version(1, 20, 2), named name: String = "host1") throws -> MemberContext {
    let hosts = try (0..<3).map { index in
      HostSpec(name: "host\(index)", address: try #require(IPAddress("10.77.0.1\(index + 1)")))
    }
    let host = try #require(hosts.first { $0.name == name })
    return MemberContext(
      clusterName: "prod", token: nil, host: host, isFirst: name == "host0", members: hosts, phase: .founding,
      kubernetesVersion: kubernetes, etcdVersion: Version(3, 4, 13), image: "k8s.gcr.io/etcd:3.4.13-0",
      keyAlgorithm: .rsa2048)
  }

  private func authority() throws -> [UInt8] { try GoldenCertificate("etcd_ca").rebuilt(issuer: nil) }

  @Test(arguments: GoldenCertificate.names)
  func `Our encoding is kubeadm's, byte for byte: its signature holds over it`(_ name: String) throws {
    let authority = try authority()
    let isAuthority = name == "etcd_ca"
    let rebuilt = try GoldenCertificate(name).rebuilt(
      issuer: isAuthority ? nil : try Certificate(der: authority))
    #expect(toolkit.isIssued(rebuilt, by: authority))
  }

  @Test(arguments: GoldenCertificate.names)
  func `A certificate of kubeadm's is read field by field`(_ name: String) throws {
    let golden = try GoldenCertificate(name)
    let authority = try authority()
    let issuer = golden.isAuthority ? nil : try Certificate(der: authority)
    let parsed = try toolkit.parse(certificate: try golden.rebuilt(issuer: issuer))
    #expect(parsed.serial == String(golden.serial, radix: 16))
    #expect(parsed.commonName == golden.subject.commonName)
    #expect(parsed.organizations == golden.subject.organizations)
    #expect(parsed.issuer == "CN=etcd-ca")
    #expect(parsed.dnsNames == golden.dnsNames)
    #expect(parsed.addresses == golden.addresses)
    #expect(parsed.extendedKeyUsages == golden.extendedKeyUsages)
    #expect(parsed.notBefore == golden.notBefore && parsed.notAfter == golden.notAfter)
    #expect(parsed.keyUsageIsCritical)
    #expect(parsed.keyAlgorithm == .rsa2048)
    #expect(parsed.signatureAlgorithm == "sha256WithRSAEncryption")
    let identifier = "CC:CD:4B:53:01:2D:B4:34:B4:78:81:8A:C4:58:04:26:C5:FD:F8:CF"
    if golden.isAuthority {
      #expect(parsed.keyUsages == ["digitalSignature", "keyEncipherment", "keyCertSign"])
      #expect(parsed.isAuthority == true && parsed.basicConstraintsIsCritical)
      #expect(parsed.subjectKeyIdentifier == identifier && parsed.authorityKeyIdentifier == nil)
    } else {
      #expect(parsed.keyUsages == ["digitalSignature", "keyEncipherment"])
      #expect(parsed.isAuthority == nil)
      #expect(parsed.subjectKeyIdentifier == nil && parsed.authorityKeyIdentifier == identifier)
    }
  }

  @Test(arguments: [
    (CertificateRole.server, "etcd_server"), (.peer, "etcd_peer"), (.healthcheckClient, "etcd_healthcheck-client"),
    (.apiserverEtcdClient, "apiserver-etcd-client"),
  ])
  func `The profile of the first host is what kubeadm made of the first host's configuration`(
    _ role: CertificateRole, _ name: String
  ) throws {
    var member = try member(named: "host0")
    // The recording's configuration adds the second host's address to both serving certificates.
    member.host.serverSANs = ["10.77.0.12"]
    member.host.peerSANs = ["10.77.0.12"]
    let release = try #require(KubernetesRelease(member.kubernetesVersion))
    let profile = try #require(member.certificateProfiles(for: release)[role])
    let golden = try GoldenCertificate(name)
    #expect(profile.commonName == golden.subject.commonName)
    #expect((profile.organization.map { [$0] } ?? []) == golden.subject.organizations)
    #expect(profile.dnsNames == golden.dnsNames)
    #expect(profile.addresses == golden.addresses)
    #expect(profile.isServer == golden.extendedKeyUsages.contains("serverAuth"))
    #expect(profile.isClient == golden.extendedKeyUsages.contains("clientAuth"))
  }

  @Test func `The guide's certificates of the second host are not right, and the plan can say why`() throws {
    let member = try member()
    let release = try #require(KubernetesRelease(member.kubernetesVersion))
    let profiles = member.certificateProfiles(for: release)
    let issuer = try Certificate(der: try authority())
    let server = try toolkit.parse(certificate: try GoldenCertificate("etcd_server").rebuilt(issuer: issuer))
    #expect(
      try #require(profiles[.server]).differences(from: server) == [
        "common name is host0, not host1", "SAN lacks host1", "SAN has host0, 10.77.0.11, which are not wanted",
      ])
    let client = try toolkit.parse(
      certificate: try GoldenCertificate("etcd_healthcheck-client").rebuilt(issuer: issuer))
    #expect(try #require(profiles[.healthcheckClient]).differences(from: client).isEmpty)
  }

  @Test(arguments: [
    ("etcd_ca", "host0"), ("etcd_server", "host0"), ("etcd_peer", "host0"), ("etcd_healthcheck-client", "host0"),
    ("apiserver-etcd-client", "host0"),
  ])
  func `What openssl prints for our certificate is what it prints for kubeadm's`(
    _ name: String, _ host: String
  ) async throws {
    let golden = try GoldenCertificate(name)
    var member = try member(named: host)
    member.host.serverSANs = ["10.77.0.12"]
    member.host.peerSANs = ["10.77.0.12"]
    let release = try #require(KubernetesRelease(member.kubernetesVersion))
    let now = Instant(secondsSinceEpoch: golden.notBefore.secondsSinceEpoch)
    let profile = AuthorityProfile.kubeadm(
      release, keyAlgorithm: .rsa2048, now: now, validitySeconds: AuthoritySpec().validitySeconds)
    let authority = try CertificateAuthority.make(profile)
    let roles = [
      "etcd_server": CertificateRole.server, "etcd_peer": .peer, "etcd_healthcheck-client": .healthcheckClient,
    ]
    let made: [UInt8]
    if golden.isAuthority {
      #expect(profile.notBefore == golden.notBefore && profile.notAfter == golden.notAfter)
      made = try authority.certificatePEM()
    } else {
      let leaf = try #require(member.certificateProfiles(for: release)[roles[name] ?? .apiserverEtcdClient])
      let key = try #require(try await toolkit.makeKeys(for: [leaf]).first)
      made = try PEM.encode(
        "CERTIFICATE",
        try authority.sign(
          IssueRequest(id: name, csr: key.csr, profile: leaf, notBefore: golden.notBefore, notAfter: golden.notAfter)))
    }
    let folder = try TemporaryFolder()
    let file = try folder.write("made.crt", made)
    let printed = try OpenSSLProgram.run("x509", "-noout", "-text", "-in", file)
    // kubeadm 1.20's leaves have no basicConstraints; later ones and ours say CA:FALSE.
    let expected = Self.layout(golden.text)
    let found = Self.layout(printed)
    #expect(golden.isAuthority == found.contains("CA:TRUE"))
    #expect(found.contains("X509v3 Basic Constraints: critical"))
    #expect(Self.withoutBasicConstraints(found) == Self.withoutBasicConstraints(expected))
  }

  /// The lines of a printed certificate without what differs from one to the next: numbers, keys, signatures.
  private static func layout(_ text: String) -> [String] {
    let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    return lines.filter { line in
      !line.hasPrefix("Serial Number:") && !line.hasPrefix("Signature Value:")
        && !(line.contains(":") && line.allSatisfy { $0.isHexDigit || $0 == ":" })
        && !(line.split(separator: " ").first.map { Int($0) != nil } ?? false)
    }
  }

  private static func withoutBasicConstraints(_ lines: [String]) -> [String] {
    lines.filter { !$0.hasPrefix("X509v3 Basic Constraints") && $0 != "CA:FALSE" && $0 != "CA:TRUE" }
  }
}
