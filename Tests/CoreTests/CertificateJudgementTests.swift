import QuorateCore
import Testing

@Suite struct CertificateJudgementTests {
  private static let now = Instant(secondsSinceEpoch: 1_795_399_380)  // 2026-11-23T02:03:00Z

  private func profile() throws -> CertificateProfile {
    CertificateProfile(
      commonName: "infra1", dnsNames: ["infra1", "localhost"],
      addresses: [try #require(IPAddress("10.0.0.7")), .loopbackV4, .loopbackV6], isServer: true, isClient: true,
      keyAlgorithm: .ecdsaP256)
  }

  private func terms(authorityNotAfter: Instant? = nil) throws -> CertificateJudgement.Terms {
    CertificateJudgement.Terms(
      profile: try profile(), owner: .root, now: Self.now,
      renewalWindowSeconds: CertificateJudgement.renewalWindow(validitySeconds: 8_760 * 3600),
      authorityNotAfter: authorityNotAfter)
  }

  /// A pair with which nothing is wrong.
  private func right() throws -> CertificateObservation {
    let profile = try profile()
    let certificate = ParsedCertificate(
      serial: "1", commonName: profile.commonName, organizations: [], issuer: "CN=etcd-ca", dnsNames: profile.dnsNames,
      addresses: profile.addresses, otherNames: [], keyUsages: ["digitalSignature", "keyEncipherment"],
      keyUsageIsCritical: true, extendedKeyUsages: ["serverAuth", "clientAuth"], isAuthority: false,
      basicConstraintsIsCritical: true, subjectKeyIdentifier: nil, authorityKeyIdentifier: "CC:CD",
      notBefore: Self.now.advanced(bySeconds: -300), notAfter: Self.now.advanced(bySeconds: 8_760 * 3600),
      keyAlgorithm: .ecdsaP256, publicKeyFingerprint: "aa", fingerprint: "bb", signatureAlgorithm: "ecdsa-with-SHA256")
    return CertificateObservation(
      certificateFile: ObservedFile(kind: .regular, mode: 0o644), keyFile: ObservedFile(kind: .regular, mode: 0o600),
      certificate: certificate, keyFingerprint: "aa", isIssuedByAuthority: true)
  }

  private func judgement(
    authorityNotAfter: Instant? = nil, _ change: (inout CertificateObservation) throws -> Void = { _ in }
  ) throws -> CertificateJudgement {
    var observation = try right()
    try change(&observation)
    return CertificateJudgement(of: observation, by: try terms(authorityNotAfter: authorityNotAfter))
  }

  /// What is changed of a right pair, and what is then said.
  struct Case: Sendable, CustomTestStringConvertible {
    let reasons: [String]
    let change: @Sendable (inout CertificateObservation) -> Void
    var testDescription: String { reasons.joined(separator: "; ") }

    init(_ reasons: String..., change: @escaping @Sendable (inout CertificateObservation) -> Void) {
      self.reasons = reasons
      self.change = change
    }
  }

  static let replacements: [Case] = [
    Case("missing") { $0 = .absent },
    Case("certificate is missing") {
      $0.certificateFile = .absent
      $0.certificate = nil
    },
    Case("key is missing") {
      $0.keyFile = .absent
      $0.keyFingerprint = nil
    },
    Case("certificate cannot be read") { $0.certificate = nil },
    Case("key cannot be read") { $0.keyFingerprint = nil },
    Case("certificate is a symbolic link") { $0.certificateFile.kind = .symlink },
    Case("key is a folder") { $0.keyFile.kind = .folder },
    Case("key does not match") { $0.keyFingerprint = "cc" },
    Case("issued by another CA (CN=kubernetes)") {
      $0.isIssuedByAuthority = false
      $0.certificate?.issuer = "CN=kubernetes"
    },
    Case("common name is host0, not infra1") { $0.certificate?.commonName = "host0" },
    Case("common name is missing, not infra1") { $0.certificate?.commonName = nil },
    Case("organization is system:masters, not absent") { $0.certificate?.organizations = ["system:masters"] },
    Case("SAN lacks 10.0.0.7") { $0.certificate?.addresses.removeFirst() },
    Case("SAN lacks infra1", "SAN has host0, 10.0.0.6, which are not wanted") {
      $0.certificate?.dnsNames = ["host0", "localhost"]
      if let address = IPAddress("10.0.0.6") { $0.certificate?.addresses.append(address) }
    },
    Case("SAN has URI:spiffe://x, which is not wanted") { $0.certificate?.otherNames = ["URI:spiffe://x"] },
    Case("key usage lacks digitalSignature") { $0.certificate?.keyUsages = ["keyEncipherment"] },
    Case("key usage has keyCertSign, which makes a CA", "it is a CA's certificate (CA:TRUE)") {
      $0.certificate?.keyUsages.append("keyCertSign")
      $0.certificate?.isAuthority = true
    },
    Case("extended key usage lacks clientAuth") { $0.certificate?.extendedKeyUsages = ["serverAuth"] },
    Case("extended key usage has 1.2.3, which is not wanted") { $0.certificate?.extendedKeyUsages.append("1.2.3") },
    Case("key is RSA-2048, not ECDSA-P256") { $0.certificate?.keyAlgorithm = .rsa2048 },
    Case("key is of another kind, not ECDSA-P256") { $0.certificate?.keyAlgorithm = nil },
    Case("expired 2026-11-22") { $0.certificate?.notAfter = now.advanced(bySeconds: -86_400) },
    Case("not valid before 2026-11-23T02:03:01Z") { $0.certificate?.notBefore = now.advanced(bySeconds: 1) },
    Case("expires 2026-12-13, in 20 days") { $0.certificate?.notAfter = now.advanced(bySeconds: 20 * 86_400) },
    Case("expires 2026-11-24, in 1 day") { $0.certificate?.notAfter = now.advanced(bySeconds: 86_400) },
    Case("expires 2026-11-23, within a day") { $0.certificate?.notAfter = now.advanced(bySeconds: 60) },
  ]

  @Test func `A right pair is right`() throws {
    let judgement = try judgement()
    #expect(judgement.isRight && !judgement.needsReplacement && judgement.reasons.isEmpty)
  }

  @Test(arguments: replacements)
  func `What is wrong with the content asks for a new pair and says why`(_ fault: Case) throws {
    let judgement = try judgement { fault.change(&$0) }
    #expect(judgement.replacementReasons == fault.reasons)
    #expect(judgement.needsReplacement && judgement.attributeReasons.isEmpty)
  }

  @Test func `Wrong modes and owners ask for no new pair`() throws {
    let judgement = try judgement {
      $0.keyFile.mode = 0o644
      $0.certificateFile.mode = 0o4640
      $0.certificateFile.owner = FileOwner(user: "etcd", group: "etcd")
    }
    #expect(!judgement.isRight && !judgement.needsReplacement)
    #expect(
      judgement.attributeReasons == [
        "certificate mode is 4640, not 0644", "certificate owner is etcd:etcd, not root:root",
        "key mode is 0644, not 0600",
      ])
  }

  @Test func `Order of names, other harmless usages and a missing basicConstraints are no faults`() throws {
    let judgement = try judgement {
      $0.certificate?.dnsNames.reverse()
      $0.certificate?.addresses.reverse()
      $0.certificate?.extendedKeyUsages.reverse()
      $0.certificate?.keyUsages = ["digitalSignature", "keyAgreement"]
      $0.certificate?.isAuthority = nil
      $0.certificate?.basicConstraintsIsCritical = false
    }
    #expect(judgement.isRight)
  }

  @Test func `An RSA certificate needs keyEncipherment`() throws {
    var profile = try profile()
    profile.keyAlgorithm = .rsa2048
    var certificate = try #require(try right().certificate)
    certificate.keyAlgorithm = .rsa2048
    certificate.keyUsages = ["digitalSignature"]
    #expect(profile.differences(from: certificate) == ["key usage lacks keyEncipherment"])
  }

  @Test func `A certificate that lasts as long as its CA is not replaced by one that would, too`() throws {
    let end = Self.now.advanced(bySeconds: 10 * 86_400)
    #expect(try judgement(authorityNotAfter: end) { $0.certificate?.notAfter = end }.isRight)
    let longer = end.advanced(bySeconds: 1)
    #expect(try judgement(authorityNotAfter: longer) { $0.certificate?.notAfter = end }.needsReplacement)
  }

  @Test func `A short-lived certificate is not renewed in every run`() {
    #expect(CertificateJudgement.renewalWindow(validitySeconds: 8_760 * 3600) == 30 * 86_400)
    #expect(CertificateJudgement.renewalWindow(validitySeconds: 86_400) == 28_800)
  }

  @Test func `All reasons are given together`() throws {
    let judgement = try judgement {
      $0.keyFingerprint = "cc"
      $0.isIssuedByAuthority = false
      $0.certificate?.notAfter = Self.now.advanced(bySeconds: -1)
      $0.keyFile.mode = 0o640
    }
    #expect(
      judgement.reasons == [
        "issued by another CA (CN=etcd-ca)", "key does not match", "expired 2026-11-23", "key mode is 0640, not 0600",
      ])
  }
}
