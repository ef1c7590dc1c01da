import QuorateCore
import Testing

@testable import QuoratePKI

/// What comes from hosts, files and issuers may be anything. None of it may crash, hang or leak an unprintable name.
@Suite struct HostileInputTests {
  private let toolkit = TestAuthority.toolkit

  /// A generator with a fixed seed (SplitMix64), so that a failure can be repeated.
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
  }

  /// One to four changes: a byte, a bit, a cut, a repetition, an insertion.
  private func mutated(_ bytes: [UInt8], with generator: inout Generator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<7, using: &generator) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...8, using: &generator)))
      case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
      case 4: bytes = Array(bytes.prefix(index))
      case 5:
        let end = min(bytes.count, index + Int.random(in: 1...40, using: &generator))
        bytes.insert(contentsOf: bytes[index..<end], at: index)
      // The values that lengths and tags of DER turn on.
      default: bytes[index] = [0, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x30, 0x03].randomElement(using: &generator) ?? 0
      }
    }
    return bytes
  }

  @Test(.timeLimit(.minutes(2)), arguments: [UInt64(1), 2, 3])
  func `Mutated certificates are read or refused`(_ seed: UInt64) async throws {
    var generator = Generator(state: seed)
    let authority = try TestAuthority()
    let (request, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    let leaf = try authority.authority.sign(request)
    let root = authority.material.certificate
    let kubeadm = try GoldenCertificate("etcd_ca").rebuilt(issuer: nil)
    let seeds = [leaf, root, kubeadm, try PEM.encode("CERTIFICATE", leaf) + root]
    var taken = 0
    for round in 0..<3000 {
      let bytes = mutated(seeds[round % seeds.count], with: &generator)
      if let parsed = try? toolkit.parse(certificate: bytes) {
        taken += 1
        for text in [parsed.commonName ?? "", parsed.issuer] + parsed.dnsNames + parsed.otherNames
          + parsed.organizations
        {
          #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        }
        _ = request.profile.differences(from: parsed)
      }
      _ = toolkit.isIssued(bytes, by: root)
      _ = toolkit.isIssued(leaf, by: bytes)
      // Nothing but the certificate itself may pass for it.
      if bytes != leaf, let written = try? toolkit.verify(chain: [bytes], against: request, authority: root) {
        #expect(try Certificate.first(in: written).der() == leaf)
      }
    }
    // Some mutations touch only values, so a test that reads nothing would be no test.
    #expect(taken > 30)
  }

  @Test(.timeLimit(.minutes(2)), arguments: [KeyAlgorithm.ecdsaP256, .rsa2048])
  func `Mutated private keys are read or refused`(_ algorithm: KeyAlgorithm) async throws {
    var generator = Generator(state: 4)
    let (_, key) = try await TestAuthority.sharedRequest(algorithm)
    let own = try toolkit.publicKeyFingerprint(ofKey: key)
    let content = try #require(key.bytes.withUnsafeBytes { PEM.blocks(in: $0, limit: 1) }.first).content.bytes
    let label = algorithm.isRSA ? "RSA PRIVATE KEY" : "EC PRIVATE KEY"
    for round in 0..<2000 {
      var bytes = mutated(round % 2 == 0 ? key.bytes : content, with: &generator)
      if round % 2 == 1 && !bytes.isEmpty { bytes = try PEM.encode(label, bytes) }
      if let fingerprint = try? toolkit.publicKeyFingerprint(ofKey: SecretBytes(bytes)) {
        // What is taken is a key whose halves belong together; mostly the same one with a harmless change.
        #expect(fingerprint.utf8.count == own.utf8.count)
      }
    }
  }

  @Test(.timeLimit(.minutes(2)))
  func `Mutated signing requests are never signed`() async throws {
    var generator = Generator(state: 5)
    let authority = try TestAuthority().authority
    let (request, _) = try await TestAuthority.sharedRequest(.ecdsaP256)
    for _ in 0..<3000 {
      var changed = request
      changed.csr = mutated(request.csr, with: &generator)
      if changed.csr == request.csr { continue }
      #expect(throws: PluginError.self) { try authority.sign(changed) }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `Random bytes and endless PEM are refused`() throws {
    var generator = Generator(state: 6)
    for _ in 0..<500 {
      let count = Int.random(in: 0..<400, using: &generator)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(throws: PluginError.self) { try toolkit.parse(certificate: bytes) }
      #expect(throws: PluginError.self) { try toolkit.publicKeyFingerprint(ofKey: SecretBytes(bytes)) }
    }
    let headers = Array(String(repeating: "-----BEGIN CERTIFICATE-----\n", count: 9000).utf8)
    #expect(throws: PluginError.self) { try toolkit.parse(certificate: headers) }
    let large = [UInt8](repeating: 0x30, count: Certificate.limit + 1)
    let error = #expect(throws: PluginError.self) { try toolkit.parse(certificate: large) }
    #expect(error?.why == "the certificate is larger than \(Certificate.limit) bytes")
  }

  @Test func `Text from a certificate cannot disturb a terminal`() {
    #expect(readableText("infra1\0.evil".utf8) == "infra1\\x00.evil")
    #expect(readableText("\u{1b}[2J\r\n".utf8) == "\\x1b[2J\\x0d\\x0a")
    #expect(readableText("a\u{202e}b".utf8) == "a\\u{202e}b")
    #expect(readableText("C:\\x00".utf8) == "C:\\\\x00")
    #expect(readableText("Müller".utf8) == "Müller")
  }
}
