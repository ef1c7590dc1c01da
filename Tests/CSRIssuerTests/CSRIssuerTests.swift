import CSRIssuer
import Foundation
import OpenSSLIssuer
import QuorateCore
import QuoratePKI
import QuorateTesting
import Testing

@Suite struct CSRIssuerTests {
  private static let now = Instant(secondsSinceEpoch: 1_795_399_380)
  private let toolkit = OpenSSLToolkit(clock: { now })

  /// A folder of requests, and a CA with its key, as whoever signs has them.
  private final class Desk {
    let folder = FileManager.default.temporaryDirectory.path + "/csr-\(UUID().uuidString)"
    let issuer: CSRIssuer
    let authority: AuthorityMaterial

    init() async throws {
      issuer = CSRIssuer(folder: folder, clock: { CSRIssuerTests.now })
      authority = try await Self.makeAuthority()
    }

    static func makeAuthority() async throws -> AuthorityMaterial {
      let profile = AuthorityProfile.kubeadm(
        try #require(KubernetesRelease(Version(1, 31))), keyAlgorithm: .ecdsaP256, now: now,
        validitySeconds: AuthoritySpec().validitySeconds)
      return try await OpenSSLIssuer().authority(AuthorityRequest(existing: nil, profile: profile)).material
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func ask(_ requests: [IssueRequest]) async throws -> [IssueAnswer] {
      let brought = AuthorityMaterial(certificate: authority.certificate)
      let replies = try await issuer.issue(IssueBatch(authority: brought, requests: requests))
      #expect(replies.map(\.id) == requests.map(\.id))
      return replies.map(\.answer)
    }

    /// Signs a request as another program would, and puts the certificate under a name.
    func sign(_ request: IssueRequest, as name: String, with authority: AuthorityMaterial? = nil) async throws {
      let batch = IssueBatch(authority: authority ?? self.authority, requests: [request])
      guard case .issued(let chain)? = try await OpenSSLIssuer().issue(batch).first?.answer else { throw Unexpected() }
      try put(chain, as: name)
    }

    func put(_ chain: [[UInt8]], as name: String) throws {
      let text = chain.map { certificate in
        "-----BEGIN CERTIFICATE-----\n"
          + Data(certificate).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
          + "\n-----END CERTIFICATE-----\n"
      }
      try text.joined().write(toFile: "\(folder)/\(name).crt", atomically: true, encoding: .utf8)
    }

    func text(_ name: String) -> String? { try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? [] }
  }

  private struct Unexpected: Error {}

  private func make(_ names: [String]) async throws -> [IssueRequest] {
    let profiles = names.map { name in
      CertificateProfile(
        commonName: name, dnsNames: ["localhost", name].sorted(), addresses: [.loopbackV4, .loopbackV6], isServer: true,
        isClient: true, keyAlgorithm: .ecdsaP256)
    }
    return zip(zip(names, profiles), try await toolkit.makeKeys(for: profiles)).map { named, made in
      IssueRequest(
        id: "\(named.0)/server", csr: made.csr, profile: named.1, notBefore: Self.now.advanced(bySeconds: -300),
        notAfter: Self.now.advanced(bySeconds: 8_760 * 3600))
    }
  }

  @Test func `It keeps what every issuer must keep, also when the certificates come later`() async throws {
    let desk = try await Desk()
    let suite = CertIssuerConformance(
      desk.issuer, toolkit: toolkit, now: Self.now, existing: AuthorityMaterial(certificate: desk.authority.certificate)
    ) { pending in
      for request in pending {
        try await desk.sign(request, as: request.id.split(separator: "/").joined(separator: "-"))
      }
    }
    #expect(try await suite.violations() == [])
  }

  @Test func `It leaves requests to be signed, says what each must say, and takes the certificates up`() async throws {
    let desk = try await Desk()
    let requests = try await make(["infra0", "infra1"])
    let answers = try await desk.ask(requests)
    #expect(
      answers
        == ["infra0", "infra1"].map { .pending(token: "\($0)-server", awaiting: "\(desk.folder)/\($0)-server.crt") })
    #expect(
      desk.names == [
        "REQUESTS.txt", "cfssl.json", "infra0-server.csr", "infra0-server.ext", "infra1-server.csr",
        "infra1-server.ext",
      ])
    let summary = try #require(desk.text("REQUESTS.txt"))
    #expect(summary.contains("2 signing requests"))
    #expect(summary.contains("DNS names           infra0, localhost"))
    #expect(summary.contains("-days 365 -extfile infra0-server.ext -out infra0-server.crt"))
    #expect(
      desk.text("infra0-server.ext")?.contains("subjectAltName = DNS:infra0, DNS:localhost, IP:127.0.0.1") == true)

    try await desk.sign(requests[0], as: "infra0-server")
    let second = try await desk.ask(requests)
    guard case .issued = second[0], case .pending = second[1] else { throw Unexpected() }
    #expect(desk.text("REQUESTS.txt")?.contains("infra0") == false)
    try await desk.sign(requests[1], as: "infra1-server")
    for answer in try await desk.ask(requests) { guard case .issued = answer else { throw Unexpected() } }
    #expect(!desk.names.contains("REQUESTS.txt"))
  }

  @Test func `A certificate that is not what was asked for is refused by its file's name`() async throws {
    let desk = try await Desk()
    let requests = try await make(["infra0"])
    let others = try await make(["infra0", "infra9"])
    _ = try await desk.ask(requests)
    let file = "\(desk.folder)/infra0-server.crt"
    func refusal() async throws -> String {
      guard case .refused(let why, false)? = try await desk.ask(requests).first else { throw Unexpected() }
      #expect(why.hasPrefix(file + ": "), "\(why)")
      return why
    }
    try await desk.sign(others[0], as: "infra0-server")
    #expect(try await refusal().contains("its public key is not the request's"))
    try await desk.sign(others[1], as: "infra0-server")
    #expect(try await refusal().contains("SAN has infra9"))
    try await desk.sign(requests[0], as: "infra0-server", with: try await Desk.makeAuthority())
    #expect(try await refusal().contains("not issued by this cluster's CA"))
    var long = requests[0]
    long.notAfter = long.notAfter.advanced(bySeconds: 86_400)
    try await desk.sign(long, as: "infra0-server")
    #expect(try await refusal().contains("longer than asked"))
    try "no certificate".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try await refusal().contains("no certificate"))
    try await desk.sign(requests[0], as: "infra0-server")
    guard case .issued? = try await desk.ask(requests).first else { throw Unexpected() }
  }

  @Test func `A new request takes the place of an older one, and its certificate is put aside`() async throws {
    let desk = try await Desk()
    let old = try await make(["infra0"])
    _ = try await desk.ask(old)
    try await desk.sign(old[0], as: "infra0-server")
    let new = try await make(["infra0"])
    guard case .pending? = try await desk.ask(new).first else { throw Unexpected() }
    #expect(desk.names.contains("infra0-server.crt.old") && !desk.names.contains("infra0-server.crt"))
    try await desk.sign(new[0], as: "infra0-server")
    guard case .issued? = try await desk.ask(new).first else { throw Unexpected() }
  }

  @Test func `It makes no CA, and takes no certificate for one that is none`() async throws {
    let desk = try await Desk()
    let profile = AuthorityProfile(
      commonName: "etcd-ca", commonNameIsSAN: true, keyAlgorithm: .ecdsaP256, notBefore: Self.now,
      notAfter: Self.now.advanced(bySeconds: 86_400))
    await #expect(throws: PluginError.self) {
      try await desk.issuer.authority(AuthorityRequest(existing: nil, profile: profile))
    }
    let requests = try await make(["infra0"])
    guard
      case .issued(let chain)? = try await OpenSSLIssuer().issue(
        IssueBatch(authority: desk.authority, requests: requests)
      ).first?.answer
    else { throw Unexpected() }
    await #expect(throws: PluginError.self) {
      try await desk.issuer.authority(
        AuthorityRequest(existing: AuthorityMaterial(certificate: chain[0]), profile: profile))
    }
  }

  @Test func `A name that is no file's is refused, and nothing is written for it`() async throws {
    let desk = try await Desk()
    for id in ["../etc", ".hidden", "-n", "", "a\nb", String(repeating: "a", count: 300)] {
      var requests = try await make(["infra0"])
      requests[0].id = id
      guard case .refused? = try await desk.ask(requests).first else {
        Issue.record("\(id)")
        continue
      }
    }
    #expect(desk.names.isEmpty)
  }

  @Test func `What somebody puts there is refused or issued, whatever it is`() async throws {
    let desk = try await Desk()
    let requests = try await make(["infra0"])
    _ = try await desk.ask(requests)
    try await desk.sign(requests[0], as: "infra0-server")
    let file = "\(desk.folder)/infra0-server.crt"
    let right = Array(try #require(desk.text("infra0-server.crt")).utf8)
    var generator = SplitMix(state: 7)
    for _ in 0..<1_000 {
      var bytes = right
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
      try Data(bytes).write(to: URL(fileURLWithPath: file))
      switch try await desk.ask(requests).first {
      case .issued(let chain)?:
        _ = try toolkit.verify(chain: chain, against: requests[0], authority: desk.authority.certificate)
      case .refused?: break
      default: Issue.record("neither issued nor refused")
      }
    }
  }
}

/// A generator with a fixed seed.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
