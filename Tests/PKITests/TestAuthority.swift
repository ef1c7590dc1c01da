import Glibc
import QuorateCore

@testable import QuoratePKI

/// A CA and a few requests for tests, valid around a fixed moment.
struct TestAuthority {
  /// 2026-11-23T02:03:00Z: the moment at which every test lives.
  static let now = Instant(secondsSinceEpoch: 1_795_399_380)
  /// A toolkit whose clock stands still at ``now``.
  static let toolkit = OpenSSLToolkit(clock: { now })

  let authority: CertificateAuthority
  let material: AuthorityMaterial

  init(
    _ algorithm: KeyAlgorithm = .ecdsaP256, validitySeconds: Int64 = 87_600 * 3600, commonName: String = "etcd-ca"
  ) throws {
    _ = Self.toolkit
    try self.init(
      try CertificateAuthority.make(
        AuthorityProfile(
          commonName: commonName, commonNameIsSAN: true, keyAlgorithm: algorithm,
          notBefore: Self.now.advanced(bySeconds: -300), notAfter: Self.now.advanced(bySeconds: validitySeconds))))
  }

  /// A CA that is valid from a minute before a moment, for certificates that a program dates by the system's clock.
  static func valid(from moment: Instant) throws -> TestAuthority {
    try TestAuthority(
      try CertificateAuthority.make(
        AuthorityProfile(
          commonName: "etcd-ca", commonNameIsSAN: true, keyAlgorithm: .ecdsaP256,
          notBefore: moment.advanced(bySeconds: -60), notAfter: moment.advanced(bySeconds: 87_600 * 3600))))
  }

  private init(_ authority: CertificateAuthority) throws {
    self.authority = authority
    material = AuthorityMaterial(certificate: try authority.certificatePEM(), key: try authority.keyPEM())
  }

  /// A server's profile.
  static func serverProfile(_ algorithm: KeyAlgorithm = .ecdsaP256) throws -> CertificateProfile {
    CertificateProfile(
      commonName: "infra1", dnsNames: ["infra1", "localhost"],
      addresses: [try present(IPAddress("10.0.0.7"), "address"), .loopbackV4, .loopbackV6], isServer: true,
      isClient: true, keyAlgorithm: algorithm)
  }

  /// A client's profile as kubeadm had it until 1.28.
  static func clientProfile(_ algorithm: KeyAlgorithm = .ecdsaP256) -> CertificateProfile {
    CertificateProfile(
      commonName: "kube-etcd-healthcheck-client", organization: "system:masters", isServer: false, isClient: true,
      keyAlgorithm: algorithm)
  }

  /// A server's request and key of an algorithm, made once: large RSA keys take seconds.
  static func sharedRequest(
    _ algorithm: KeyAlgorithm
  ) async throws -> (request: IssueRequest, key: SecretBytes) {
    try await present(shared[algorithm], algorithm.rawValue).value
  }

  private static let shared = Dictionary(
    uniqueKeysWithValues: KeyAlgorithm.allCases.map { algorithm in
      (algorithm, Task { try await request(try serverProfile(algorithm)) })
    })

  /// A request for a year, and its key.
  static func request(
    _ profile: CertificateProfile, id: String = "infra1/etcd/server"
  ) async throws -> (request: IssueRequest, key: SecretBytes) {
    let made = try present(try await toolkit.makeKeys(for: [profile]).first, "key")
    return (
      IssueRequest(
        id: id, csr: made.csr, profile: profile, notBefore: now.advanced(bySeconds: -300),
        notAfter: now.advanced(bySeconds: 8_760 * 3600)), made.key
    )
  }
}

extension SecretBytes {
  /// The bytes, for tests that write them to a file or print their first line.
  var bytes: [UInt8] { withBytes { Array($0) } }

  /// The bytes as text.
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// The system's clock.
enum SystemClock {
  static var now: Instant { Instant(secondsSinceEpoch: Int64(time(nil))) }
}
