internal import COpenSSL
public import QuorateCore

/// A CA with its private key: makes itself, reads itself, and signs what is asked for. For issuers that hold their own
/// CA; Core and leaves never see the key here.
///
/// A value keeps the key in memory that OpenSSL clears when the last reference goes; it is meant to live for one batch.
public final class CertificateAuthority {
  private let certificate: Certificate
  private let key: PrivateKey
  /// The last moment the CA is valid: nothing it issues may outlive it.
  public let notAfter: Instant
  /// The first moment the CA is valid.
  public let notBefore: Instant

  private init(certificate: Certificate, key: PrivateKey) throws(PluginError) {
    self.certificate = certificate
    self.key = key
    let parsed = try certificate.parsed()
    notBefore = parsed.notBefore
    notAfter = parsed.notAfter
  }

  /// Makes a CA as kubeadm does (client-go `cert.NewSelfSignedCACert`): key usage digitalSignature, keyEncipherment and
  /// keyCertSign, CA:TRUE without a limit on paths, a subject key identifier.
  ///
  /// - Throws: ``PluginError`` when the profile cannot be carried out.
  public static func make(_ profile: AuthorityProfile) throws(PluginError) -> CertificateAuthority {
    guard profile.notBefore < profile.notAfter else {
      throw OpenSSLLibrary.refusal("the CA would end (\(profile.notAfter.text)) before it begins")
    }
    let key = try PrivateKey(profile.keyAlgorithm)
    let template = CertificateTemplate(
      serial: CertificateTemplate.randomSerial(),
      subject: SubjectName(commonName: profile.commonName, organization: nil),
      dnsNames: profile.commonNameIsSAN ? [profile.commonName] : [], notBefore: profile.notBefore,
      notAfter: profile.notAfter, isAuthority: true)
    return try CertificateAuthority(
      certificate: try template.sign(publicKey: key.publicKey, issuer: nil, key: key), key: key)
  }

  /// Reads a CA that exists.
  ///
  /// - Throws: ``PluginError`` when there is no key, the key is another certificate's, or the certificate is no CA's.
  public init(_ material: AuthorityMaterial) throws(PluginError) {
    guard let secret = material.key else {
      throw OpenSSLLibrary.refusal(
        "the CA's certificate is there, but not its private key, so nothing can be issued",
        fix: "name its file by ca.key, or choose an issuer that holds this CA")
    }
    certificate = try Certificate.first(in: material.certificate)
    key = try PrivateKey(pem: secret)
    let parsed = try certificate.parsed()
    notBefore = parsed.notBefore
    notAfter = parsed.notAfter
    guard try certificate.publicKeyFingerprint() == key.publicKeyFingerprint() else {
      throw OpenSSLLibrary.refusal(
        "the CA's private key does not belong to its certificate (\(try certificate.subject().text))",
        fix: "bring the key that the certificate was made with, or the certificate that belongs to the key")
    }
    guard key.isConsistent else { throw OpenSSLLibrary.refusal("the CA's private key is damaged") }
    guard certificate.maySignCertificates else {
      throw OpenSSLLibrary.refusal(
        "the certificate of \(try certificate.subject().text) is no CA's",
        fix: "a CA's certificate says CA:TRUE, and its key usage, where there is one, has keyCertSign")
    }
    let kind = key.publicKey.kind
    guard kind.securityBits >= 112 else {
      throw OpenSSLLibrary.refusal(
        "the CA's key is \(kind.text), which is too small",
        fix: "use RSA with 2048 bits or more, or ECDSA P-256 or P-384")
    }
  }

  /// The CA's certificate, PEM.
  public func certificatePEM() throws(PluginError) -> [UInt8] { try PEM.encode("CERTIFICATE", try certificate.der()) }

  /// The CA's private key as kubeadm writes it: PEM, PKCS #1 or SEC 1.
  public func keyPEM() throws(PluginError) -> SecretBytes { try key.pem() }

  /// Signs a certificate with kubeadm's profile for a leaf: key usage digitalSignature and keyEncipherment whatever the
  /// key, CA:FALSE, the CA's key identifier, the names in the order of the profile.
  ///
  /// - Returns: The certificate, DER.
  /// - Throws: ``PluginError`` when the request is not signed by its own key, does not ask for what the profile says, or
  ///   would outlive the CA.
  public func sign(_ request: IssueRequest) throws(PluginError) -> [UInt8] {
    let publicKey = try SigningRequest.check(request, authorityNotAfter: notAfter)
    let profile = request.profile
    let template = CertificateTemplate(
      serial: CertificateTemplate.randomSerial(),
      subject: SubjectName(commonName: profile.commonName, organization: profile.organization),
      dnsNames: profile.dnsNames, addresses: profile.addresses, notBefore: request.notBefore,
      notAfter: request.notAfter, isAuthority: false, isServer: profile.isServer, isClient: profile.isClient)
    return try template.sign(publicKey: publicKey, issuer: certificate, key: key).der()
  }
}
