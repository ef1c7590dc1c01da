import FoundationEssentials

/// A certificate that an issuer could not issue at once, as its host keeps it beside the key (`pending/server.json`):
/// what was asked, and the issuer's word for it. It holds nothing secret.
public struct PendingRequest: Sendable, Codable, Hashable {
  /// The signing request (PKCS #10), DER.
  public var csr: [UInt8]
  /// SHA-256 of the key's public half, lower-case hexadecimal: which key it was made with.
  public var publicKeyFingerprint: String
  /// What the certificate must say.
  public var profile: CertificateProfile
  /// The issuer that was asked, by its name in the configuration. Its token means nothing to another one.
  public var issuer: String
  /// The issuer's word for the request; nil: it gave none.
  public var token: String?
  /// Who or what is awaited; empty where ``chain`` is there.
  public var awaiting: String
  /// When it was asked first.
  public var since: Instant
  /// The certificate, then any intermediates, each DER, where it was issued and others of its stage were not; else empty.
  public var chain: [[UInt8]]

  /// Makes a value.
  public init(
    csr: [UInt8], publicKeyFingerprint: String, profile: CertificateProfile, issuer: String, token: String?,
    awaiting: String, since: Instant, chain: [[UInt8]] = []
  ) {
    self.csr = csr
    self.publicKeyFingerprint = publicKeyFingerprint
    self.profile = profile
    self.issuer = issuer
    self.token = token
    // It comes from an issuer, or from a host, and goes to a terminal.
    self.awaiting = String(
      awaiting.unicodeScalars.prefix(1_000).map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) })
    self.since = since
    self.chain = chain
  }

  /// What is awaited, for a reader: `awaits infra0-server.crt in /srv/requests`.
  public var text: String { chain.isEmpty ? "awaits \(awaiting)" : "issued, not in place yet" }

  /// Reads what ``json`` writes; nil when the bytes are none.
  public init?(json: [UInt8]) {
    guard json.count <= 65_536, let file = try? JSONDecoder().decode(File.self, from: Data(json)), file.format == 1,
      let csr = Base64.decode(file.csr.utf8)
    else { return nil }
    let chain = (file.chain ?? []).compactMap { Base64.decode($0.utf8) }
    guard chain.count == file.chain?.count ?? 0 else { return nil }
    self.init(
      csr: csr, publicKeyFingerprint: file.publicKey, profile: file.profile, issuer: file.issuer, token: file.token,
      awaiting: file.awaiting, since: Instant(secondsSinceEpoch: file.since), chain: chain)
  }

  /// The request as its file holds it: JSON, keys sorted, one a line.
  public var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let file = File(
      format: 1, csr: Base64.encode(csr), publicKey: publicKeyFingerprint, profile: profile, issuer: issuer,
      token: token, awaiting: awaiting, since: since.secondsSinceEpoch,
      chain: chain.isEmpty ? nil : chain.map(Base64.encode))
    return Array((try? encoder.encode(file)) ?? Data()) + [10]
  }

  private struct File: Codable {
    var format: Int
    var csr: String
    var publicKey: String
    var profile: CertificateProfile
    var issuer: String
    var token: String?
    var awaiting: String
    var since: Int64
    var chain: [String]?
  }
}
