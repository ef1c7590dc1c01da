import OpenSSLIssuer
import QuorateCore
import QuoratePKI
import QuorateTesting
import Testing

@Suite struct OpenSSLIssuerTests {
  private static let now = Instant(secondsSinceEpoch: 1_795_399_380)
  private let toolkit = OpenSSLToolkit(clock: { now })
  private let issuer = OpenSSLIssuer()

  private func authorityProfile(_ algorithm: KeyAlgorithm = .ecdsaP256) throws -> AuthorityProfile {
    AuthorityProfile.kubeadm(
      try #require(KubernetesRelease(Version(1, 31))), keyAlgorithm: algorithm, now: Self.now,
      validitySeconds: AuthoritySpec().validitySeconds)
  }

  private func profile(_ name: String) throws -> CertificateProfile {
    CertificateProfile(
      commonName: name, dnsNames: [name, "localhost"], addresses: [.loopbackV4, .loopbackV6], isServer: true,
      isClient: true, keyAlgorithm: .ecdsaP256)
  }

  private func requests(_ names: [String]) async throws -> [IssueRequest] {
    let profiles = try names.map { try profile($0) }
    return zip(zip(names, profiles), try await toolkit.makeKeys(for: profiles)).map { named, made in
      IssueRequest(
        id: "\(named.0)/etcd/server", csr: made.csr, profile: named.1, notBefore: Self.now.advanced(bySeconds: -300),
        notAfter: Self.now.advanced(bySeconds: 8_760 * 3600))
    }
  }

  @Test func `It keeps what every issuer must keep, with a CA of its own and with one that exists`() async throws {
    #expect(try await CertIssuerConformance(issuer, toolkit: toolkit, now: Self.now).violations() == [])
    let made = try await issuer.authority(AuthorityRequest(existing: nil, profile: try authorityProfile()))
    let suite = CertIssuerConformance(issuer, toolkit: toolkit, now: Self.now, existing: made.material)
    #expect(try await suite.violations() == [])
  }

  @Test func `It names itself and its settings for the reference page`() throws {
    let descriptor = OpenSSLIssuer.registration.descriptor
    #expect(descriptor.id == "openssl" && descriptor.kind == .certIssuer)
    #expect(
      descriptor.settings["keyAlgorithm"]?.type
        == .oneOf(["ECDSA-P256", "ECDSA-P384", "RSA-2048", "RSA-3072", "RSA-4096"]))
    #expect(descriptor.settings["keyAlgorithm"]?.defaultText == CertificateSpec().keyAlgorithm.rawValue)
    #expect(descriptor.settings["validity"]?.type == .duration)
    #expect(descriptor.settings["validity"]?.defaultText == "\(CertificateSpec().validitySeconds / 3600)h")
    guard case .certIssuer = OpenSSLIssuer.registration.make else { throw Unexpected() }
  }

  @Test(arguments: [KeyAlgorithm.ecdsaP256, .ecdsaP384, .rsa2048])
  func `It makes a CA where there is none, and only then gives a key`(_ algorithm: KeyAlgorithm) async throws {
    let request = AuthorityRequest(existing: nil, profile: try authorityProfile(algorithm))
    let made = try await issuer.authority(request)
    #expect(made.isNew)
    let key = try #require(made.material.key)
    let parsed = try toolkit.parse(certificate: made.material.certificate)
    #expect(parsed.keyAlgorithm == algorithm && parsed.commonName == "etcd-ca")
    #expect(parsed.notBefore == Self.now.advanced(bySeconds: -300))
    #expect(try toolkit.publicKeyFingerprint(ofKey: key) == parsed.publicKeyFingerprint)

    let again = try await issuer.authority(AuthorityRequest(existing: made.material, profile: request.profile))
    #expect(!again.isNew && again.material.key == nil && again.material.certificate == made.material.certificate)
  }

  @Test func `It issues a batch, and every answer passes the checks`() async throws {
    let authority = try await issuer.authority(AuthorityRequest(existing: nil, profile: try authorityProfile()))
      .material
    let requests = try await requests(["infra0", "infra1", "infra2"])
    let replies = try await issuer.issue(IssueBatch(authority: authority, requests: requests))
    #expect(replies.map(\.id) == requests.map(\.id))
    for (reply, request) in zip(replies, requests) {
      guard case .issued(let chain) = reply.answer else { throw Unexpected() }
      _ = try toolkit.verify(chain: chain, against: request, authority: authority.certificate)
    }
  }

  @Test func `A request that cannot be granted is refused by itself, with the reason`() async throws {
    let authority = try await issuer.authority(AuthorityRequest(existing: nil, profile: try authorityProfile()))
      .material
    var requests = try await requests(["infra0", "infra1", "infra2"])
    requests[0].notAfter = Self.now.advanced(bySeconds: 20 * 365 * 86_400)
    requests[1].csr = requests[2].csr
    let replies = try await issuer.issue(IssueBatch(authority: authority, requests: requests))
    #expect(
      replies[0].answer
        == .refused(
          why: "the certificate would be valid until 2046-11-18T02:03:00Z, longer than the CA, which ends "
            + "2036-11-20T02:03:00Z",
          retryable: false))
    guard case .refused(let why, false) = replies[1].answer else { throw Unexpected() }
    #expect(why.contains("its subject is CN=infra2, not CN=infra1"))
    guard case .issued = replies[2].answer else { throw Unexpected() }
  }

  @Test func `A CA without its key, or with another's, ends the run before anything is issued`() async throws {
    let profile = try authorityProfile()
    let one = try await issuer.authority(AuthorityRequest(existing: nil, profile: profile)).material
    let other = try await issuer.authority(AuthorityRequest(existing: nil, profile: profile)).material
    let keyless = await #expect(throws: PluginError.self) {
      try await issuer.authority(
        AuthorityRequest(existing: AuthorityMaterial(certificate: one.certificate), profile: profile))
    }
    #expect(
      keyless?.why == "the CA's certificate is there, but not its private key, so nothing can be issued")
    #expect(keyless?.fix.isEmpty == false)
    let mixed = await #expect(throws: PluginError.self) {
      try await issuer.issue(
        IssueBatch(
          authority: AuthorityMaterial(certificate: one.certificate, key: other.key),
          requests: try await requests(["infra0"])))
    }
    #expect(mixed?.why == "the CA's private key does not belong to its certificate (CN=etcd-ca)")
  }

  private struct Unexpected: Error {}
}
