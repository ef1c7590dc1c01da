public import QuorateCore

extension PluginFunction where Question == AuthorityRequest, Answer == AuthorityReply {
  /// ``CertIssuer/authority(_:)``.
  public static var issuerAuthority: Self { Self("issuer.authority") }
}

/// A CA as it stands in a message.
public struct AuthorityBody: Codable, Sendable {
  /// Its certificate, PEM.
  public var certificate: String
  /// Its private key, PEM; absent where only the issuer holds it.
  public var key: SecretReference?

  init(_ material: AuthorityMaterial, _ secrets: inout SecretSection) {
    certificate = String(decoding: material.certificate, as: UTF8.self)
    key = material.key.map { secrets.add($0) }
  }

  func material(_ secrets: SecretSection) throws(MessageFault) -> AuthorityMaterial {
    AuthorityMaterial(
      certificate: Array(certificate.utf8), key: try key.map { r throws(MessageFault) in try secrets.secret(r) })
  }
}

extension AuthorityRequest: MessageValue {
  /// The object on the wire.
  public struct Body: Codable, Sendable {
    /// The CA that exists; absent: none was found.
    public var existing: AuthorityBody?
    /// What a new CA looks like.
    public var profile: Profile
  }

  /// What a new CA looks like, as it stands in a message.
  public struct Profile: Codable, Sendable {
    /// Its common name.
    public var commonName: String
    /// Whether the common name is a DNS SAN too.
    public var commonNameIsSAN: Bool
    /// `ECDSA-P256`, `ECDSA-P384`, `RSA-2048`, `RSA-3072` or `RSA-4096`.
    public var keyAlgorithm: KeyAlgorithm
    /// The first moment it is valid, in seconds since 1970-01-01T00:00:00Z.
    public var notBefore: Int64
    /// The last moment it is valid, likewise.
    public var notAfter: Int64
  }

  /// Reads the value.
  public init(body: Body, secrets: SecretSection) throws(MessageFault) {
    var existing: AuthorityMaterial?
    if let body = body.existing { existing = try body.material(secrets) }
    self.init(
      existing: existing,
      profile: AuthorityProfile(
        commonName: body.profile.commonName, commonNameIsSAN: body.profile.commonNameIsSAN,
        keyAlgorithm: body.profile.keyAlgorithm, notBefore: Instant(secondsSinceEpoch: body.profile.notBefore),
        notAfter: Instant(secondsSinceEpoch: body.profile.notAfter)))
  }

  /// The object on the wire.
  public func body(_ secrets: inout SecretSection) -> Body {
    Body(
      existing: existing.map { AuthorityBody($0, &secrets) },
      profile: Profile(
        commonName: profile.commonName, commonNameIsSAN: profile.commonNameIsSAN, keyAlgorithm: profile.keyAlgorithm,
        notBefore: profile.notBefore.secondsSinceEpoch, notAfter: profile.notAfter.secondsSinceEpoch))
  }
}

extension AuthorityReply: MessageValue {
  /// The object on the wire.
  public struct Body: Codable, Sendable {
    /// The CA; its key only where this call made it.
    public var authority: AuthorityBody
    /// Whether this call made it.
    public var isNew: Bool
  }

  /// Reads the value.
  public init(body: Body, secrets: SecretSection) throws(MessageFault) {
    self.init(material: try body.authority.material(secrets), isNew: body.isNew)
  }

  /// The object on the wire.
  public func body(_ secrets: inout SecretSection) -> Body {
    Body(authority: AuthorityBody(material, &secrets), isNew: isNew)
  }
}
