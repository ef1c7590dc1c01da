// How long the certificates of three members take: twelve keys, requests and certificates, and the CA. Keys are
// compared with making nothing but as many bare keys on all processors.
//
//   swift build -c release --product certificate-benchmark
//   .build/release/certificate-benchmark [ALGORITHM] [RUNS]    a report
//   .build/release/certificate-benchmark --once ALGORITHM      the seconds of one run, for a harness that alternates

internal import COpenSSL
internal import Glibc
internal import OpenSSLIssuer
internal import QuorateCore
internal import QuoratePKI

@main enum CertificateBenchmark {
  static func main() async throws {
    var arguments = CommandLine.arguments
    let isOnce = arguments.count > 1 && arguments[1] == "--once"
    if isOnce { arguments.remove(at: 1) }
    let algorithm = arguments.count > 1 ? KeyAlgorithm(rawValue: arguments[1]) : .ecdsaP256
    let runs = arguments.count > 2 ? Int(arguments[2]) : 20
    guard let algorithm, let runs, runs > 0 else {
      let algorithms = KeyAlgorithm.allCases.map(\.rawValue).joined(separator: "|")
      print("usage: certificate-benchmark [\(algorithms)] [RUNS]\n       certificate-benchmark --once [\(algorithms)]")
      exit(64)
    }
    let cluster = try Cluster(algorithm)
    var whole: [Double] = []
    var bare: [Double] = []
    if isOnce {
      print(try await milliseconds { _ = try await cluster.makeCertificates() } / 1000)
      return
    }
    _ = try await cluster.makeCertificates()
    for _ in 0..<runs {
      whole.append(try await milliseconds { _ = try await cluster.makeCertificates() })
      bare.append(try await milliseconds { try await cluster.makeBareKeys() })
    }
    var load = [0.0, 0.0, 0.0]
    getloadavg(&load, 3)
    print(
      "\(algorithm.rawValue), \(runs) alternating runs, load \(rounded(load[0])), \(WorkThreads.processors) processors")
    print("  certificates of three members  median \(rounded(median(whole))) ms, worst \(rounded(whole.max() ?? 0)) ms")
    print("  13 bare keys                   median \(rounded(median(bare))) ms, worst \(rounded(bare.max() ?? 0)) ms")
    print("  ratio of medians \(rounded(median(whole) / median(bare))), of sums \(rounded(sum(whole) / sum(bare)))")
  }

  static func milliseconds(_ body: @Sendable () async throws -> Void) async throws -> Double {
    let clock = ContinuousClock()
    let elapsed = try await clock.measure { try await body() }
    return Double(elapsed.components.attoseconds) / 1e15 + Double(elapsed.components.seconds) * 1e3
  }

  static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
  static func sum(_ values: [Double]) -> Double { values.reduce(0, +) }
  static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}

/// Three members and their profiles.
struct Cluster {
  let release: KubernetesRelease
  let profiles: [(id: String, profile: CertificateProfile)]
  let algorithm: KeyAlgorithm

  struct Impossible: Error {}

  init(_ algorithm: KeyAlgorithm) throws {
    guard let release = KubernetesRelease(Version(1, 31)) else { throw Impossible() }
    var hosts: [HostSpec] = []
    for index in 0..<3 {
      guard let address = IPAddress("10.0.0.\(6 + index)") else { throw Impossible() }
      hosts.append(HostSpec(name: "infra\(index)", address: address))
    }
    self.release = release
    self.algorithm = algorithm
    profiles = hosts.flatMap { host in
      let context = MemberContext(
        clusterName: "bench", token: nil, host: host, isFirst: host == hosts.first, members: hosts, phase: .founding,
        kubernetesVersion: release.version, etcdVersion: release.etcdVersion, image: "", keyAlgorithm: algorithm)
      let profiles = context.certificateProfiles(for: release)
      return CertificateRole.held(isFirst: true, apiserverClient: .every).compactMap { role in
        profiles[role].map { ("\(host.name)/\(role.rawValue)", $0) }
      }
    }
  }

  /// All that a run does for certificates, in the order in which it does it.
  func makeCertificates() async throws -> [[UInt8]] {
    let (toolkit, issuer) = (OpenSSLToolkit(), OpenSSLIssuer())
    let now = Instant(secondsSinceEpoch: Int64(time(nil)))
    async let made = toolkit.makeKeys(for: profiles.map(\.profile))
    let authority = try await issuer.authority(
      AuthorityRequest(
        existing: nil,
        profile: .kubeadm(release, keyAlgorithm: algorithm, now: now, validitySeconds: AuthoritySpec().validitySeconds))
    ).material
    let parsed = try toolkit.parse(certificate: authority.certificate)
    let validity = LeafValidity(
      release: release, now: now, validitySeconds: CertificateSpec().validitySeconds,
      authorityNotBefore: parsed.notBefore, authorityNotAfter: parsed.notAfter)
    let requests = zip(profiles, try await made).map { named, key in
      IssueRequest(
        id: named.id, csr: key.csr, profile: named.profile, notBefore: validity.notBefore, notAfter: validity.notAfter)
    }
    let replies = try await issuer.issue(IssueBatch(authority: authority, requests: requests))
    return try zip(requests, replies).map { request, reply in
      guard case .issued(let chain) = reply.answer else { throw Impossible() }
      return try toolkit.verify(chain: chain, against: request, authority: authority.certificate)
    }
  }

  /// As many keys as ``makeCertificates()`` makes, and nothing else.
  func makeBareKeys() async throws {
    let algorithm = algorithm
    _ = try await WorkThreads.map(Array(0...profiles.count), threads: WorkThreads.processors) { _ in
      EVP_PKEY_free(Self.bareKey(algorithm))
    }
  }

  private static func bareKey(_ algorithm: KeyAlgorithm) -> OpaquePointer? {
    switch algorithm {
    case .ecdsaP256: quorate_EVP_EC_gen("P-256")
    case .ecdsaP384: quorate_EVP_EC_gen("P-384")
    case .rsa2048: quorate_EVP_RSA_gen(2048)
    case .rsa3072: quorate_EVP_RSA_gen(3072)
    case .rsa4096: quorate_EVP_RSA_gen(4096)
    }
  }
}
