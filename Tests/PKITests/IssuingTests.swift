import QuorateCore
import Testing

@testable import QuoratePKI

@Suite struct IssuingTests {
  private let toolkit = TestAuthority.toolkit

  @Test(
    arguments: KeyAlgorithm.allCases.map { ($0, KeyAlgorithm.ecdsaP256) }
      + [(.ecdsaP256, .ecdsaP384), (.ecdsaP384, .rsa2048)])
  func `openssl verifies what a CA of one algorithm signs for a key of another`(
    _ leaf: KeyAlgorithm, _ root: KeyAlgorithm
  ) async throws {
    let authority = try TestAuthority(root)
    let (request, _) = try await TestAuthority.sharedRequest(leaf)
    let signed = try authority.authority.sign(request)
    let pem = try toolkit.verify(chain: [signed], against: request, authority: authority.material.certificate)
    let folder = try TemporaryFolder()
    let file = try folder.write("leaf.crt", pem)
    let anchor = try folder.write("ca.crt", authority.material.certificate)
    let time = "\(TestAuthority.now.secondsSinceEpoch)"
    for purpose in ["sslserver", "sslclient"] {
      let report = try OpenSSLProgram.run(
        "verify", "-x509_strict", "-attime", time, "-purpose", purpose, "-verify_ip", "10.0.0.7", "-CAfile", anchor,
        file)
      #expect(report.hasSuffix(": OK\n"))
    }
    let digest =
      root == .ecdsaP384 ? "ecdsa-with-SHA384" : root == .ecdsaP256 ? "ecdsa-with-SHA256" : "sha256WithRSAEncryption"
    #expect(try toolkit.parse(certificate: pem).signatureAlgorithm == digest)
    #expect(toolkit.isIssued(pem, by: authority.material.certificate))
  }

  @Test func `A leaf says what kubeadm's says, and CA FALSE`() async throws {
    let authority = try TestAuthority()
    let (request, key) = try await TestAuthority.request(try TestAuthority.serverProfile())
    let parsed = try toolkit.parse(certificate: try authority.authority.sign(request))
    #expect(parsed.keyUsages == ["digitalSignature", "keyEncipherment"] && parsed.keyUsageIsCritical)
    #expect(parsed.extendedKeyUsages == ["serverAuth", "clientAuth"])
    #expect(parsed.isAuthority == false && parsed.basicConstraintsIsCritical)
    #expect(parsed.subjectKeyIdentifier == nil)
    let root = try toolkit.parse(certificate: authority.material.certificate)
    #expect(parsed.authorityKeyIdentifier == root.subjectKeyIdentifier && root.subjectKeyIdentifier != nil)
    #expect(parsed.notBefore == request.notBefore && parsed.notAfter == request.notAfter)
    #expect(parsed.publicKeyFingerprint == (try toolkit.publicKeyFingerprint(ofKey: key)))
    #expect(parsed.dnsNames == request.profile.dnsNames && parsed.addresses == request.profile.addresses)
    #expect(request.profile.differences(from: parsed).isEmpty)
  }

  @Test func `A CA says what kubeadm's says`() throws {
    let authority = try TestAuthority()
    let parsed = try toolkit.parse(certificate: authority.material.certificate)
    #expect(parsed.commonName == "etcd-ca" && parsed.organizations.isEmpty && parsed.dnsNames == ["etcd-ca"])
    #expect(parsed.keyUsages == ["digitalSignature", "keyEncipherment", "keyCertSign"] && parsed.keyUsageIsCritical)
    #expect(parsed.isAuthority == true && parsed.basicConstraintsIsCritical)
    #expect(parsed.extendedKeyUsages.isEmpty && parsed.authorityKeyIdentifier == nil)
  }

  @Test func `Serial numbers are positive, below two to the 63rd, and differ`() async throws {
    let serials = (0..<2000).map { _ in CertificateTemplate.randomSerial() }
    #expect(serials.allSatisfy { $0 >= 1 && $0 < Int64.max })
    #expect(Set(serials).count == serials.count)
    // Uniform: about half of them have the highest bit set.
    #expect((800...1200).contains(serials.count { $0 >= 1 << 62 }))
  }

  @Test func `A name beyond ASCII, a long life and an old date are written as X.509 wants them`() async throws {
    var profile = TestAuthority.clientProfile()
    profile.organization = "Müller & Söhne"
    let (made, _) = try await TestAuthority.request(profile)
    var request = made
    request.notBefore = Instant(secondsSinceEpoch: -86_400)
    request.notAfter = Instant(secondsSinceEpoch: 4_102_444_800)
    let authority = try TestAuthority(validitySeconds: 100 * 366 * 86_400)
    let parsed = try toolkit.parse(certificate: try authority.authority.sign(request))
    #expect(parsed.organizations == ["Müller & Söhne"])
    #expect(parsed.notBefore == request.notBefore && parsed.notAfter == request.notAfter)
  }

  @Test func `A request that asks for something else than its profile is not signed`() async throws {
    let authority = try TestAuthority().authority
    let (request, _) = try await TestAuthority.request(try TestAuthority.serverProfile())
    func reason(_ change: (inout IssueRequest) throws -> Void) rethrows -> String {
      var changed = request
      try change(&changed)
      do throws(PluginError) {
        _ = try authority.sign(changed)
        return "signed"
      } catch {
        return error.why
      }
    }
    #expect(reason { _ in } == "signed")
    #expect(reason { $0.profile.commonName = "infra2" }.contains("its subject is CN=infra1, not CN=infra2"))
    #expect(reason { $0.profile.organization = "system:masters" }.contains("not O=system:masters, CN=infra1"))
    #expect(reason { $0.profile.dnsNames = ["infra1"] }.contains("its subject alternative names are"))
    #expect(reason { $0.profile.dnsNames.append("evil.example") }.contains("its subject alternative names are"))
    #expect(reason { $0.profile.keyAlgorithm = .rsa2048 }.contains("its key is ECDSA-P256, not RSA-2048"))
    #expect(
      reason {
        $0.profile.isServer = false; $0.profile.isClient = false
      }.contains("neither"))
    #expect(
      reason { $0.notAfter = authority.notAfter.advanced(bySeconds: 1) }.contains("longer than the CA, which ends"))
    #expect(reason { $0.notBefore = $0.notAfter }.contains("before it begins"))
    #expect(reason { $0.csr[$0.csr.count - 5] ^= 1 } == "the signing request is not signed with the key it names")
    #expect(reason { $0.csr = [] } == "the signing request cannot be read")
    #expect(reason { $0.csr.append(0) } == "the signing request cannot be read")
  }

  @Test func `A SAN that is no DNS name is refused instead of dropped`() async throws {
    var profile = try TestAuthority.serverProfile()
    profile.dnsNames.append("not a name")
    let (request, _) = try await TestAuthority.request(profile)
    let error = #expect(throws: PluginError.self) { try TestAuthority().authority.sign(request) }
    #expect(try #require(error).why.contains("not a name is no DNS name"))
  }

  @Test func `A CA that cannot be used is refused with its reason`() async throws {
    let authority = try TestAuthority()
    let other = try TestAuthority()
    func reason(_ material: AuthorityMaterial) -> String {
      do throws(PluginError) {
        _ = try CertificateAuthority(material)
        return "taken"
      } catch {
        return error.why
      }
    }
    #expect(reason(authority.material) == "taken")
    #expect(
      reason(AuthorityMaterial(certificate: authority.material.certificate))
        == "the CA's certificate is there, but not its private key, so nothing can be issued")
    #expect(
      reason(AuthorityMaterial(certificate: authority.material.certificate, key: other.material.key))
        == "the CA's private key does not belong to its certificate (CN=etcd-ca)")
    let (request, key) = try await TestAuthority.request(try TestAuthority.serverProfile())
    let leaf = try PEM.encode("CERTIFICATE", try authority.authority.sign(request))
    #expect(reason(AuthorityMaterial(certificate: leaf, key: key)) == "the certificate of CN=infra1 is no CA's")
    let folder = try TemporaryFolder()
    try OpenSSLProgram.run(
      "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", folder.file("key"), "-out", folder.file("crt"),
      "-subj",
      "/CN=small")
    #expect(
      reason(AuthorityMaterial(certificate: try folder.read("crt"), key: SecretBytes(try folder.read("key"))))
        == "the CA's key is RSA-1024, which is too small")
  }

  @Test func `A CA that somebody brings need not be kubeadm's`() async throws {
    let folder = try TemporaryFolder()
    try OpenSSLProgram.run(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-days", "36500", "-keyout",
      folder.file("key"), "-out", folder.file("crt"), "-subj", "/C=DE/O=Example/CN=Example etcd CA")
    let material = AuthorityMaterial(
      certificate: try folder.read("crt"), key: SecretBytes(try folder.read("key")))
    let authority = try CertificateAuthority(material)
    var (request, _) = try await TestAuthority.request(try TestAuthority.serverProfile(.rsa2048))
    request.notBefore = authority.notBefore
    request.notAfter = authority.notBefore.advanced(bySeconds: 86_400)
    let now = authority.notBefore
    let toolkit = OpenSSLToolkit(clock: { now })
    let pem = try toolkit.verify(
      chain: [try authority.sign(request)], against: request, authority: material.certificate)
    let parsed = try toolkit.parse(certificate: pem)
    #expect(parsed.issuer == "C=DE, O=Example, CN=Example etcd CA")
    #expect(parsed.signatureAlgorithm == "ecdsa-with-SHA384")
  }
}
