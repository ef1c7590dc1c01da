/// What Core needs of a cryptographic library: keys, requests, reading and checking certificates. The module PKI
/// fulfils it with OpenSSL; Core itself links none.
public protocol CertificateToolkit: Sendable {
  /// Makes a key and its signing request for each profile, in parallel where that helps.
  ///
  /// - Parameter profiles: What each request asks for.
  /// - Returns: One pair a profile, in the same order.
  /// - Throws: ``PluginError`` when the library fails.
  func makeKeys(for profiles: [CertificateProfile]) async throws(PluginError) -> [KeyAndRequest]

  /// Whether a signing request is the one that this key's owner makes for a profile: the same subject, names, usages
  /// and public key, nothing else in it, and signed with the key. A request that rested on a host is checked so before
  /// it is handed to an issuer.
  func isRequest(_ csr: [UInt8], for profile: CertificateProfile, madeWith key: SecretBytes) -> Bool

  /// Reads a certificate from PEM (the first one in the text) or DER.
  ///
  /// - Throws: ``PluginError`` when it is none.
  func parse(certificate: [UInt8]) throws(PluginError) -> ParsedCertificate

  /// SHA-256 of the public key that belongs to a private key (PEM: PKCS #1, SEC 1 or PKCS #8), lower-case
  /// hexadecimal: comparable with ``ParsedCertificate/publicKeyFingerprint``.
  func publicKeyFingerprint(ofKey key: SecretBytes) throws(PluginError) -> String

  /// Whether a certificate's signature was made by a CA and its issuer is the CA's subject. Validity is not looked at.
  func isIssued(_ certificate: [UInt8], by authority: [UInt8]) -> Bool

  /// Checks what an issuer returned against what it was asked for (the design's rule 5), and writes it as a file.
  ///
  /// - Parameters:
  ///   - chain: The certificate and any intermediates, DER.
  ///   - request: What was asked.
  ///   - authority: The CA's certificate, PEM.
  /// - Returns: The certificate, PEM, ready to be written.
  /// - Throws: ``PluginError`` that names each thing that is wrong.
  func verify(chain: [[UInt8]], against request: IssueRequest, authority: [UInt8]) throws(PluginError) -> [UInt8]
}

/// A new private key and the signing request made with it.
public struct KeyAndRequest: Sendable {
  /// The key, PEM as kubeadm writes it: `RSA PRIVATE KEY` (PKCS #1) or `EC PRIVATE KEY` (SEC 1).
  public var key: SecretBytes
  /// The request (PKCS #10), DER.
  public var csr: [UInt8]

  /// Makes a pair.
  public init(key: SecretBytes, csr: [UInt8]) {
    self.key = key
    self.csr = csr
  }
}
