internal import COpenSSL
internal import Glibc
public import QuorateCore

/// What Core needs of a cryptographic library, with OpenSSL 3.
///
/// Keys are made on threads of their own, RSA on as many as there are processors; the other calls take well under a
/// millisecond each. OpenSSL clears every block of memory that it frees, in the whole process (``wipesFreedMemory``).
public struct OpenSSLToolkit: CertificateToolkit {
  private let clock: @Sendable () -> Instant

  /// Makes a toolkit that goes by the system's clock.
  public init() { self.init(clock: { Instant(secondsSinceEpoch: Int64(time(nil))) }) }

  /// Makes a toolkit.
  ///
  /// - Parameter clock: What time it is, for ``verify(chain:against:authority:)``.
  public init(clock: @escaping @Sendable () -> Instant) {
    self.clock = clock
  }

  /// Whether OpenSSL clears every block of memory that it frees. False where it had allocated before this program's own
  /// code was loaded; then it still clears most blocks that held a key, but not all.
  public static var wipesFreedMemory: Bool { OpenSSLLibrary.wipesFreedMemory }

  /// SHA-256 of any bytes, lower-case hexadecimal: a file's fingerprint.
  public static func sha256(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { OpenSSLLibrary.sha256($0) } }

  /// SHA-256 of a secret, lower-case hexadecimal: what may be shown in its place.
  public static func sha256(_ secret: SecretBytes) -> String { secret.withBytes { OpenSSLLibrary.sha256($0) } }

  /// Makes a key and its signing request for each profile.
  public func makeKeys(for profiles: [CertificateProfile]) async throws(PluginError) -> [KeyAndRequest] {
    // Making an ECDSA key takes about as long as handing it to another thread.
    let threads = profiles.contains { $0.keyAlgorithm.isRSA } ? WorkThreads.processors : 1
    let made = try await WorkThreads.map(profiles, threads: threads) { profile -> Result<KeyAndRequest, PluginError> in
      Result { () throws(PluginError) in
        let key = try PrivateKey(profile.keyAlgorithm)
        return KeyAndRequest(key: try key.pem(), csr: try SigningRequest(for: profile, key: key).der())
      }
    }
    var pairs: [KeyAndRequest] = []
    for result in made {
      guard let result else { throw OpenSSLLibrary.refusal("the making of keys was cancelled") }
      pairs.append(try result.get())
    }
    return pairs
  }

  /// Whether a signing request is the one that this key's owner makes for a profile.
  public func isRequest(_ csr: [UInt8], for profile: CertificateProfile, madeWith key: SecretBytes) -> Bool {
    do {
      let key = try PrivateKey(pem: key)
      let request = try SigningRequest(der: csr)
      // All that is signed must be equal, byte for byte; two signatures of one key differ.
      return try key.isConsistent && request.isSignedByItsKey
        && request.signedPart() == SigningRequest(for: profile, key: key).signedPart()
    } catch { return false }
  }

  /// Reads a certificate from PEM (the first one in the text) or DER.
  public func parse(certificate: [UInt8]) throws(PluginError) -> ParsedCertificate {
    try Certificate.first(in: certificate).parsed()
  }

  /// SHA-256 of the public key that belongs to a private key. A key whose two halves do not belong together is refused.
  public func publicKeyFingerprint(ofKey key: SecretBytes) throws(PluginError) -> String {
    let key = try PrivateKey(pem: key)
    guard key.isConsistent else { throw OpenSSLLibrary.refusal("the private key is damaged") }
    return try key.publicKeyFingerprint()
  }

  /// Whether a CA issued a certificate, either directly or by way of the intermediates that follow it in the same text.
  public func isIssued(_ certificate: [UInt8], by authority: [UInt8]) -> Bool {
    guard let certificates = try? Certificate.all(in: certificate), var link = certificates.first,
      let authority = try? Certificate.first(in: authority), authority.maySignCertificates
    else { return false }
    for next in certificates.dropFirst() {
      if link.isSigned(by: authority) { return true }
      guard next.maySignCertificates, link.isSigned(by: next) else { return false }
      link = next
    }
    return link.isSigned(by: authority)
  }

  /// Checks that a request can be granted as it stands: for issuers that hand it on and do not sign it themselves.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - authority: The CA's certificate, PEM.
  /// - Throws: ``PluginError`` that says why not: not signed by its own key, not asking for what its profile says, or for
  ///   longer than the CA is valid.
  public func check(_ request: IssueRequest, authority: [UInt8]) throws(PluginError) {
    _ = try SigningRequest.check(request, authorityNotAfter: try parse(certificate: authority).notAfter)
  }

  /// A signing request as a file: PEM.
  public func pem(signingRequest csr: [UInt8]) throws(PluginError) -> [UInt8] {
    try PEM.encode("CERTIFICATE REQUEST", csr)
  }

  /// The certificates of a file, PEM (at most 16, in order) or DER (one), each DER.
  ///
  /// - Throws: ``PluginError`` when there is none, or one cannot be read.
  public func certificates(in file: [UInt8]) throws(PluginError) -> [[UInt8]] {
    var found: [[UInt8]] = []
    for certificate in try Certificate.all(in: file) { found.append(try certificate.der()) }
    return found
  }

  /// Checks what an issuer returned, and writes it as a file: the certificate, then any intermediates, without the CA.
  public func verify(
    chain: [[UInt8]], against request: IssueRequest, authority: [UInt8]
  ) throws(PluginError) -> [UInt8] {
    guard chain.count <= 8 else {
      throw OpenSSLLibrary.refusal(
        "the issuer's answer to \(request.id) has \(chain.count) certificates; 8 is the most")
    }
    var certificates: [Certificate] = []
    for bytes in chain { certificates.append(try Certificate(der: bytes)) }
    guard let leaf = certificates.first else {
      throw OpenSSLLibrary.refusal("the issuer's answer to \(request.id) has no certificate")
    }
    let authority = try Certificate.first(in: authority)
    let verification = CertificateVerification(
      leaf: leaf, intermediates: Array(certificates.dropFirst()), request: request, authority: authority, now: clock())
    let faults = try verification.faults()
    guard faults.isEmpty else {
      throw OpenSSLLibrary.refusal(
        "the certificate issued for \(request.id) is not what was asked for: \(faults.joined(separator: "; "))",
        fix: "correct what the issuer puts into its certificates; nothing was changed on any host")
    }
    let own = try authority.der()
    var text: [UInt8] = []
    for certificate in certificates {
      let bytes = try certificate.der()
      if bytes != own { text += try PEM.encode("CERTIFICATE", bytes) }
    }
    return text
  }
}
