/// What a client shows to a member, and whom it trusts: PEM, in memory only.
public struct EtcdCredentials: Sendable {
  /// The client's certificate, PEM; more certificates may follow it.
  public var certificate: [UInt8]
  /// Its private key, PEM (PKCS #1, SEC 1 or PKCS #8), without a passphrase.
  public var key: SecretBytes
  /// The CA that the member's certificate must be issued by, PEM; several may follow each other.
  public var authority: [UInt8]

  /// Makes credentials.
  public init(certificate: [UInt8], key: SecretBytes, authority: [UInt8]) {
    self.certificate = certificate
    self.key = key
    self.authority = authority
  }
}
