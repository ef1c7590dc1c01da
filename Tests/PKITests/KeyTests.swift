import Foundation
import QuorateCore
import Testing

@testable import QuoratePKI

@Suite struct KeyTests {
  private let toolkit = TestAuthority.toolkit

  @Test(arguments: KeyAlgorithm.allCases)
  func `A key of each algorithm is written as kubeadm writes it, and openssl takes it`(_ algorithm: KeyAlgorithm)
    async throws
  {
    let made = try await TestAuthority.sharedRequest(algorithm)
    let label = algorithm.isRSA ? "RSA PRIVATE KEY" : "EC PRIVATE KEY"
    #expect(made.key.text.hasPrefix("-----BEGIN \(label)-----\n"))
    #expect(made.key.text.hasSuffix("-----END \(label)-----\n"))
    let folder = try TemporaryFolder()
    let file = try folder.write("key", made.key.bytes)
    let report = try OpenSSLProgram.run("pkey", "-in", file, "-check", "-noout", "-text")
    #expect(report.contains("Key is valid"))
    let size = try #require(
      ["ECDSA-P256": "256", "ECDSA-P384": "384"][algorithm.rawValue]
        ?? algorithm.rawValue.split(separator: "-").last.map(String.init))
    #expect(report.contains("(\(size) bit"))
  }

  @Test(arguments: KeyAlgorithm.allCases)
  func `A signing request holds organization, common name, names and usages, and its signature holds`(
    _ algorithm: KeyAlgorithm
  ) async throws {
    let folder = try TemporaryFolder()
    let server = try await TestAuthority.sharedRequest(algorithm).request
    let text = try OpenSSLProgram.run(
      "req", "-inform", "DER", "-in", try folder.write("server.csr", server.csr), "-verify", "-noout", "-text")
    #expect(text.contains("Subject: CN = infra1"))
    #expect(
      text.contains(
        "DNS:infra1, DNS:localhost, IP Address:10.0.0.7, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"))
    #expect(text.contains("TLS Web Server Authentication, TLS Web Client Authentication"))
    #expect(text.contains("X509v3 Key Usage: critical"))
  }

  @Test func `A client's signing request names the organization first and has no names`() async throws {
    let folder = try TemporaryFolder()
    let client = try await TestAuthority.request(TestAuthority.clientProfile()).request
    let text = try OpenSSLProgram.run(
      "req", "-inform", "DER", "-in", try folder.write("client.csr", client.csr), "-verify", "-noout", "-text")
    #expect(text.contains("Subject: O = system:masters, CN = kube-etcd-healthcheck-client"))
    #expect(!text.contains("Subject Alternative Name"))
  }

  @Test(arguments: [KeyAlgorithm.ecdsaP256, .ecdsaP384, .rsa2048])
  func `A key is read in each form, and its fingerprint is that of its certificate`(_ algorithm: KeyAlgorithm)
    async throws
  {
    let (request, key) = try await TestAuthority.sharedRequest(algorithm)
    let certificate = try toolkit.parse(certificate: try TestAuthority().authority.sign(request))
    #expect(try toolkit.publicKeyFingerprint(ofKey: key) == certificate.publicKeyFingerprint)
    let folder = try TemporaryFolder()
    let file = try folder.write("key", key.bytes)
    try OpenSSLProgram.run("pkcs8", "-topk8", "-nocrypt", "-in", file, "-out", folder.file("pkcs8"))
    let pkcs8 = try folder.read("pkcs8")
    #expect(String(decoding: pkcs8, as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----"))
    #expect(try toolkit.publicKeyFingerprint(ofKey: SecretBytes(pkcs8)) == certificate.publicKeyFingerprint)
    // The program writes the curve's parameters before a SEC 1 key; kubeadm's loader skips them, and so do we.
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    let withParameters = SecretBytes(Array(parameters.utf8) + key.bytes)
    #expect(try toolkit.publicKeyFingerprint(ofKey: withParameters) == certificate.publicKeyFingerprint)
  }

  @Test func `A key's fingerprint is the SHA-256 of the public key as openssl writes it`() async throws {
    let (_, key) = try await TestAuthority.request(TestAuthority.clientProfile())
    let folder = try TemporaryFolder()
    let file = try folder.write("key", key.bytes)
    try OpenSSLProgram.run("pkey", "-in", file, "-pubout", "-outform", "DER", "-out", folder.file("public"))
    let digest = try OpenSSLProgram.run("dgst", "-sha256", folder.file("public"))
    #expect(digest.hasSuffix("= \(try toolkit.publicKeyFingerprint(ofKey: key))\n"))
  }

  @Test func `Keys that cannot be used are refused, each with its reason`() async throws {
    let folder = try TemporaryFolder()
    let (_, key) = try await TestAuthority.request(TestAuthority.clientProfile())
    let plain = try folder.write("plain", key.bytes)
    try OpenSSLProgram.run(
      "pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:x", "-in", plain, "-out", folder.file("encrypted"))
    try OpenSSLProgram.run(
      "ec", "-aes256", "-passout", "pass:x", "-in", plain, "-out", folder.file("encrypted-traditional"))
    try OpenSSLProgram.run("genpkey", "-algorithm", "ed25519", "-out", folder.file("ed25519"))
    func reason(_ bytes: [UInt8]) -> String {
      do throws(PluginError) {
        _ = try toolkit.publicKeyFingerprint(ofKey: SecretBytes(bytes))
        return "taken"
      } catch {
        return error.why
      }
    }
    #expect(reason(try folder.read("encrypted")) == "the private key is encrypted")
    #expect(reason(try folder.read("encrypted-traditional")) == "the private key is encrypted")
    #expect(reason(try folder.read("ed25519")) == "the private key is neither RSA nor ECDSA")
    #expect(reason([]) == "there is no private key in the file")
    #expect(reason(Array("ssh-rsa AAAA".utf8)) == "there is no private key in the file")
    #expect(
      reason(Array("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n".utf8))
        == "the private key (RSA PRIVATE KEY) cannot be read")
    #expect(reason([UInt8](repeating: 65, count: 1 << 20)).contains("larger than"))
  }

  @Test func `A key whose halves do not belong together is refused`() async throws {
    let first = try await TestAuthority.request(TestAuthority.clientProfile()).key
    let second = try await TestAuthority.request(TestAuthority.clientProfile()).key
    // In SEC 1 P-256 the private number is at 7..<39 and the public point in the last 65 bytes.
    func der(_ key: SecretBytes) throws -> [UInt8] {
      try #require(key.bytes.withUnsafeBytes { PEM.blocks(in: $0, limit: 1) }.first).content.bytes
    }
    let mixed = Array(try der(first).dropLast(65) + (try der(second)).suffix(65))
    let error = #expect(throws: PluginError.self) {
      try toolkit.publicKeyFingerprint(ofKey: SecretBytes(try PEM.encode("EC PRIVATE KEY", mixed)))
    }
    #expect(try #require(error).why.contains("private key"))
  }

  @Test func `Keys come back in the order in which they were asked for`() async throws {
    var profiles: [CertificateProfile] = []
    for index in 0..<24 {
      var profile = TestAuthority.clientProfile(index == 5 ? .rsa2048 : .ecdsaP256)
      profile.commonName = "client-\(index)"
      profiles.append(profile)
    }
    let made = try await toolkit.makeKeys(for: profiles)
    #expect(made.count == profiles.count)
    for (pair, profile) in zip(made, profiles) {
      #expect(try SigningRequest(der: pair.csr).subject().commonName == profile.commonName)
    }
  }
}
