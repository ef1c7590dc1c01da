import Testing

@testable import QuorateCore

@Suite struct PendingRequestTests {
  private let request = PendingRequest(
    csr: [48, 3, 2, 1, 5], publicKeyFingerprint: "ab01",
    profile: CertificateProfile(
      commonName: "infra0", organization: "o", dnsNames: ["infra0"], addresses: [.loopbackV6], isServer: true,
      isClient: true, keyAlgorithm: .rsa2048), issuer: "csr", token: "t", awaiting: "a signature of /srv/ca",
    since: Instant(secondsSinceEpoch: 1_795_399_380), chain: [[1, 2], [3]])

  @Test func `A request is read as it was written`() {
    #expect(PendingRequest(json: request.json) == request)
    var other = request
    (other.token, other.chain) = (nil, [])
    #expect(PendingRequest(json: other.json) == other)
    #expect(other.text == "awaits a signature of /srv/ca" && request.text == "issued, not in place yet")
  }

  @Test func `What is awaited is no command for a terminal`() {
    let hostile = PendingRequest(
      csr: [], publicKeyFingerprint: "", profile: request.profile, issuer: "i", token: nil,
      awaiting: "\u{1B}[2J\n" + String(repeating: "a", count: 5_000), since: request.since)
    #expect(hostile.awaiting.hasPrefix("?[2J?aaa") && hostile.awaiting.count == 1_000)
    #expect(PendingRequest(json: hostile.json) == hostile)
  }

  @Test func `No garbage from a host makes the reader crash`() {
    var random = SeededGenerator(seed: 11)
    let original = request.json
    for _ in 0..<5_000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...2, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(index..<min(bytes.count, index + 9))
        default: bytes.insert(UInt8.random(in: 32...126, using: &random), at: index)
        }
        if bytes.isEmpty { bytes = [10] }
      }
      guard let read = PendingRequest(json: bytes) else { continue }
      #expect(!read.awaiting.unicodeScalars.contains { $0.value < 32 })
    }
    #expect(PendingRequest(json: []) == nil)
    #expect(PendingRequest(json: [UInt8](repeating: 32, count: 70_000)) == nil)
  }

  @Test func `Only a request whose key is there counts as waiting`() {
    let layout = HostLayout()
    let file = { (bytes: [UInt8]) in ProbeAnswer.file(ObservedFile(kind: .regular, content: bytes)) }
    var observed = ObservedHost(
      name: "a",
      answers: ProbeAnswers([
        layout.pendingRequest(.peer): file(request.json),
        layout.pendingKey(.peer): .file(ObservedFile(kind: .regular, mode: 0o600)),
      ]), keyFingerprints: [layout.pendingKey(.peer): "ab01"])
    #expect(observed.pending(layout) == [.peer: request])
    observed.keyFingerprints[layout.pendingKey(.peer)] = .some("other")
    #expect(observed.pending(layout).isEmpty)
    observed.keyFingerprints[layout.pendingKey(.peer)] = .some(nil)
    #expect(observed.pending(layout).isEmpty)
    observed.keyFingerprints = [:]
    #expect(observed.pending(layout).isEmpty)
  }
}
