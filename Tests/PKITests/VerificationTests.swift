import Foundation
import QuorateCore
import Testing

@testable import QuoratePKI

/// Each check of what an issuer returns, one fault at a time.
@Suite struct VerificationTests {
  private let toolkit = TestAuthority.toolkit

  /// A certificate for a request made from a template that a test may spoil.
  private func certificate(
    for request: IssueRequest, by authority: TestAuthority,
    _ spoil: (inout CertificateTemplate) throws -> Void = { _ in }
  ) throws -> [UInt8] {
    let profile = request.profile
    var template = CertificateTemplate(
      serial: CertificateTemplate.randomSerial(),
      subject: SubjectName(commonName: profile.commonName, organization: profile.organization),
      dnsNames: profile.dnsNames, addresses: profile.addresses, notBefore: request.notBefore,
      notAfter: request.notAfter,
      isAuthority: false, isServer: profile.isServer, isClient: profile.isClient)
    try spoil(&template)
    let signingRequest = try SigningRequest(der: request.csr)
    return try template.sign(
      publicKey: try present(signingRequest.publicKey, "public key"),
      issuer: try Certificate.first(in: authority.material.certificate),
      key: try PrivateKey(pem: try present(authority.material.key, "key"))
    ).der()
  }

  /// Why a chain is refused; empty: it is taken.
  private func refusal(
    _ chain: [[UInt8]], _ request: IssueRequest, _ authority: TestAuthority, toolkit: OpenSSLToolkit? = nil
  ) -> String {
    do throws(PluginError) {
      _ = try (toolkit ?? self.toolkit).verify(
        chain: chain, against: request, authority: authority.material.certificate)
      return ""
    } catch {
      return error.why
    }
  }

  /// One fault: how a certificate is spoiled, and what the refusal must say.
  struct Fault: Sendable, CustomTestStringConvertible {
    let words: String
    let spoil: @Sendable (inout CertificateTemplate) throws -> Void
    var testDescription: String { words }

    init(_ words: String, _ spoil: @escaping @Sendable (inout CertificateTemplate) throws -> Void) {
      self.words = words
      self.spoil = spoil
    }
  }

  static let faults: [Fault] = [
    Fault("common name is infra2, not infra1") { $0.subject = SubjectName(commonName: "infra2", organization: nil) },
    Fault("organization is system:masters, not absent") {
      $0.subject = SubjectName(commonName: "infra1", organization: "system:masters")
    },
    Fault("SAN lacks 10.0.0.7") { $0.addresses.removeFirst() },
    Fault("SAN lacks localhost") { $0.dnsNames.removeLast() },
    Fault("SAN lacks infra1, localhost, 10.0.0.7, 127.0.0.1, ::1") {
      $0.dnsNames = []
      $0.addresses = []
    },
    Fault("SAN has 10.0.0.9, which is not wanted") { $0.addresses.append(try present(IPAddress("10.0.0.9"), "")) },
    Fault("SAN has evil.example, which is not wanted") { $0.dnsNames.append("evil.example") },
    Fault("SAN has infra1\\x00.evil.example, which is not wanted") { $0.dnsNames.append("infra1\0.evil.example") },
    Fault("it is a CA's certificate (CA:TRUE)") { $0.isAuthority = true },
    Fault("key usage has keyCertSign, which makes a CA") { $0.isAuthority = true },
    Fault("extended key usage lacks clientAuth") { $0.isClient = false },
    Fault("extended key usage lacks serverAuth") { $0.isServer = false },
    Fault("extended key usage lacks serverAuth, clientAuth") {
      $0.isServer = false
      $0.isClient = false
    },
    Fault("valid until 2027-11-23T02:03:01Z, longer than asked (2027-11-23T02:03:00Z)") {
      $0.notAfter = $0.notAfter.advanced(bySeconds: 1)
    },
    Fault("longer than its CA (2036-11-20T02:03:00Z)") {
      $0.notAfter = $0.notAfter.advanced(bySeconds: 20 * 365 * 86_400)
    },
    Fault("before its CA is (2026-11-23T01:58:00Z)") { $0.notBefore = $0.notBefore.advanced(bySeconds: -1) },
    Fault("not valid before 2026-11-23T02:03:01Z, and it is 2026-11-23T02:03:00Z here: compare the clocks") {
      $0.notBefore = TestAuthority.now.advanced(bySeconds: 1)
    },
    Fault("expired 2026-11-23T02:02:59Z") { $0.notAfter = TestAuthority.now.advanced(bySeconds: -1) },
  ]

  @Test(arguments: faults)
  func `A single fault is found and named`(_ fault: Fault) async throws {
    let authority = try TestAuthority()
    let (request, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    #expect(refusal([try certificate(for: request, by: authority)], request, authority) == "")
    let why = refusal([try certificate(for: request, by: authority, fault.spoil)], request, authority)
    #expect(why.hasPrefix("the certificate issued for infra1/etcd/server is not what was asked for: "))
    #expect(why.contains(fault.words))
  }

  @Test func `A certificate for another key is found`() async throws {
    let authority = try TestAuthority()
    let (request, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    let (other, _) = try await TestAuthority.request(try TestAuthority.serverProfile())
    let why = refusal([try certificate(for: other, by: authority)], request, authority)
    #expect(why.hasSuffix("asked for: its public key is not the request's"))
  }

  @Test func `A certificate of another CA with the same name is found`() async throws {
    let authority = try TestAuthority()
    let other = try TestAuthority()
    let (request, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    let certificate = try certificate(for: request, by: other)
    #expect(refusal([certificate], request, other) == "")
    #expect(refusal([certificate], request, authority).contains("CN=etcd-ca"))
    #expect(!toolkit.isIssued(certificate, by: authority.material.certificate))
    let foreign = try TestAuthority(commonName: "kubernetes")
    #expect(
      refusal([try self.certificate(for: request, by: foreign)], request, authority).contains(
        "not issued by this cluster's CA (CN=etcd-ca) but by CN=kubernetes"))
  }

  @Test func `All faults are named together`() async throws {
    let authority = try TestAuthority()
    let (request, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    let spoiled = try certificate(for: request, by: authority) {
      $0.subject = SubjectName(commonName: "infra0", organization: nil)
      $0.isClient = false
      $0.addresses.removeFirst()
      $0.notAfter = $0.notAfter.advanced(bySeconds: 3600)
    }
    let why = refusal([spoiled], request, authority)
    for words in ["common name is infra0", "SAN lacks 10.0.0.7", "lacks clientAuth", "longer than asked"] {
      #expect(why.contains(words))
    }
    #expect(why.components(separatedBy: "; ").count == 4)
  }

  @Test func `A signature that was tampered with is found`() async throws {
    let authority = try TestAuthority()
    let (request, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    var certificate = try certificate(for: request, by: authority)
    certificate[certificate.count - 6] ^= 1
    #expect(refusal([certificate], request, authority) != "")
    #expect(!toolkit.isIssued(certificate, by: authority.material.certificate))
  }

  @Test func `An expired CA is found although it signs still`() async throws {
    let authority = try TestAuthority(validitySeconds: 3600)
    let (made, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    var request = made
    request.notAfter = TestAuthority.now.advanced(bySeconds: 3600)
    let certificate = try certificate(for: request, by: authority)
    #expect(refusal([certificate], request, authority) == "")
    let later = OpenSSLToolkit(clock: { TestAuthority.now.advanced(bySeconds: 3601) })
    #expect(refusal([certificate], request, authority, toolkit: later).contains("the CA expired 2026-11-23T03:03:00Z"))
  }

  @Test func `An answer without certificates, with rubbish, or with too many is refused`() async throws {
    let authority = try TestAuthority()
    let (request, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    let certificate = try certificate(for: request, by: authority)
    #expect(refusal([], request, authority).contains("has no certificate"))
    #expect(refusal([[1, 2, 3]], request, authority).contains("cannot be read"))
    #expect(refusal([certificate + [0]], request, authority).contains("cannot be read"))
    #expect(refusal(Array(repeating: certificate, count: 9), request, authority).contains("8 is the most"))
  }

  /// Certificates with extensions that only a foreign issuer would write, made by the program.
  private func foreign(
    _ extensions: String, subject: String = "/CN=infra1", digest: String = "-sha256"
  ) async throws -> (certificate: [UInt8], request: IssueRequest, authority: TestAuthority, toolkit: OpenSSLToolkit) {
    let now = SystemClock.now
    let authority = try TestAuthority.valid(from: now)
    let folder = try TemporaryFolder()
    let (made, key) = try await TestAuthority.sharedRequest(.ecdsaP256)
    var request = made
    request.notBefore = now.advanced(bySeconds: -300)
    request.notAfter = now.advanced(bySeconds: 8_760 * 3600)
    let configuration = """
      basicConstraints = critical,CA:FALSE
      keyUsage = critical,digitalSignature,keyEncipherment
      extendedKeyUsage = serverAuth,clientAuth
      subjectAltName = DNS:infra1,DNS:localhost,IP:10.0.0.7,IP:127.0.0.1,IP:::1
      \(extensions)

      """
    try OpenSSLProgram.run(
      "req", "-new", "-key", try folder.write("key", key.bytes), "-subj", subject, "-out", folder.file("csr"))
    try OpenSSLProgram.run(
      "x509", "-req", "-in", folder.file("csr"), "-days", "30", digest, "-outform", "DER", "-out", folder.file("crt"),
      "-CA", try folder.write("ca.crt", authority.material.certificate), "-CAkey",
      try folder.write("ca.key", try present(authority.material.key, "key").bytes), "-extfile",
      try folder.write("extensions", Array(configuration.utf8)))
    let toolkit = OpenSSLToolkit(clock: { SystemClock.now.advanced(bySeconds: 60) })
    return (try folder.read("crt"), request, authority, toolkit)
  }

  @Test(arguments: [
    ("", ""), ("extendedKeyUsage = serverAuth,clientAuth,codeSigning", "has 1.3.6.1.5.5.7.3.3, which is not wanted"),
    ("keyUsage = critical,keyEncipherment", "key usage lacks digitalSignature"),
    ("keyUsage = critical,digitalSignature,cRLSign", "key usage has cRLSign"),
    ("subjectAltName = DNS:infra1,DNS:localhost,IP:10.0.0.7,IP:127.0.0.1,IP:::1,URI:spiffe://x", "URI:spiffe://x"),
    ("1.2.3.4.5 = critical,ASN1:UTF8String:what", "unhandled critical extension"),
    ("keyUsage = critical,digitalSignature,dataEncipherment", ""),
  ])
  func `Extensions of a foreign issuer are judged by what they allow`(_ extensions: String, _ words: String)
    async throws
  {
    let (certificate, request, authority, toolkit) = try await foreign(extensions)
    let why = refusal([certificate], request, authority, toolkit: toolkit)
    if words.isEmpty { #expect(why == "") } else { #expect(why.contains(words)) }
  }

  @Test func `A subject with more than was asked for is found`() async throws {
    let (certificate, request, authority, toolkit) = try await foreign("", subject: "/CN=infra1/OU=ops")
    #expect(
      refusal([certificate], request, authority, toolkit: toolkit).contains(
        "subject is CN=infra1, OU=ops, not CN=infra1"))
  }

  @Test func `A signature with SHA-1 is found`() async throws {
    let (certificate, request, authority, toolkit) = try await foreign("", digest: "-sha1")
    #expect(
      refusal([certificate], request, authority, toolkit: toolkit).contains(
        "the chain to the CA breaks at CN=infra1: CA signature digest algorithm too weak"))
  }

  @Test func `A chain over an intermediate is taken, and written without the CA`() async throws {
    let root = try TestAuthority()
    let rootCertificate = try Certificate.first(in: root.material.certificate)
    let (request, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    func intermediate(isAuthority: Bool) throws -> (certificate: Certificate, leaf: [UInt8]) {
      let key = try PrivateKey(.ecdsaP256)
      let template = CertificateTemplate(
        serial: 7, subject: SubjectName(commonName: "etcd issuing", organization: nil), notBefore: request.notBefore,
        notAfter: request.notAfter, isAuthority: isAuthority)
      let certificate = try template.sign(
        publicKey: key.publicKey, issuer: rootCertificate,
        key: try PrivateKey(pem: try present(root.material.key, "key"))
      )
      let leaf = try CertificateTemplate(
        serial: 8, subject: SubjectName(commonName: "infra1", organization: nil), dnsNames: request.profile.dnsNames,
        addresses: request.profile.addresses, notBefore: request.notBefore, notAfter: request.notAfter,
        isAuthority: false, isServer: true, isClient: true
      ).sign(publicKey: try present(SigningRequest(der: request.csr).publicKey, "key"), issuer: certificate, key: key)
      return (certificate, try leaf.der())
    }
    let good = try intermediate(isAuthority: true)
    let written = try toolkit.verify(
      chain: [good.leaf, try good.certificate.der(), try rootCertificate.der()], against: request,
      authority: root.material.certificate)
    #expect(try Certificate.all(in: written).count == 2)
    #expect(toolkit.isIssued(written, by: root.material.certificate))
    #expect(!toolkit.isIssued(good.leaf, by: root.material.certificate))
    #expect(refusal([good.leaf], request, root).contains("not issued by this cluster's CA"))

    let bad = try intermediate(isAuthority: false)
    #expect(refusal([bad.leaf, try bad.certificate.der()], request, root) != "")
    let text = try PEM.encode("CERTIFICATE", bad.leaf) + (try PEM.encode("CERTIFICATE", try bad.certificate.der()))
    #expect(!toolkit.isIssued(text, by: root.material.certificate))
  }
}
