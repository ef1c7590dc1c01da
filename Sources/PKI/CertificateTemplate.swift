internal import COpenSSL
internal import QuorateCore

/// What a certificate is made from, field by field, as kubeadm does it (`pki_helpers.go`, client-go `cert.go`) and Go
/// encodes it.
struct CertificateTemplate {
  /// The serial number.
  var serial: Int64
  /// The subject.
  var subject: SubjectName
  /// DNS names, in order.
  var dnsNames: [String] = []
  /// IP addresses, in order.
  var addresses: [IPAddress] = []
  /// The first moment of validity.
  var notBefore: Instant
  /// The last moment of validity.
  var notAfter: Instant
  /// Whether it is a CA's.
  var isAuthority: Bool
  /// Extended key usage serverAuth.
  var isServer = false
  /// Extended key usage clientAuth.
  var isClient = false
  /// Whether basicConstraints are written: always, but for comparing with kubeadm before 1.21, whose leaves have none.
  var hasBasicConstraints = true

  /// A serial number as kubeadm draws it: uniform in [1, 2^63 - 1), from the kernel's random numbers.
  static func randomSerial() -> Int64 { Int64.random(in: 1..<Int64.max) }

  /// Makes and signs a certificate.
  ///
  /// - Parameters:
  ///   - publicKey: The subject's public key.
  ///   - issuer: The CA's certificate; nil: the certificate names itself as its issuer.
  ///   - key: The issuer's key.
  func sign(publicKey: PublicKey, issuer: Certificate?, key: PrivateKey) throws(PluginError) -> Certificate {
    let certificate = Certificate(owning: try OpenSSLLibrary.allocated(X509_new()))
    let pointer = certificate.pointer
    let name = try subject.make()
    defer { X509_NAME_free(name) }
    let issuerName = issuer.map { X509_get_subject_name($0.pointer) } ?? name
    guard X509_set_version(pointer, 2) == 1, setSerial(of: pointer), X509_set_subject_name(pointer, name) == 1,
      X509_set_issuer_name(pointer, issuerName) == 1, X509_set_pubkey(pointer, publicKey.pointer) == 1
    else { throw OpenSSLLibrary.failure("the certificate cannot be made") }
    guard ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(notBefore.secondsSinceEpoch)) != nil,
      ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(notAfter.secondsSinceEpoch)) != nil
    else { throw OpenSSLLibrary.failure("the period of validity cannot be written") }
    try extensions(of: pointer, issuer: issuer).apply(toCertificate: pointer)
    guard X509_sign(pointer, key.pointer, key.signatureDigest) > 0 else {
      throw OpenSSLLibrary.failure("the certificate cannot be signed")
    }
    return certificate
  }

  /// The extensions in the order in which Go writes them.
  private func extensions(of pointer: OpaquePointer, issuer: Certificate?) throws(PluginError) -> CertificateExtensions
  {
    let extensions = CertificateExtensions()
    try extensions.add(keyUsages: [.digitalSignature, .keyEncipherment] + (isAuthority ? [.keyCertSign] : []))
    if isServer || isClient { try extensions.add(isServer: isServer, isClient: isClient) }
    if hasBasicConstraints { try extensions.add(isAuthority: isAuthority) }
    if isAuthority { try extensions.add(subjectKeyIdentifierOf: pointer) }
    if let identifier = issuer?.subjectKeyIdentifier { try extensions.add(authorityKeyIdentifier: identifier) }
    try extensions.add(dnsNames: dnsNames, addresses: addresses)
    return extensions
  }

  private func setSerial(of pointer: OpaquePointer) -> Bool {
    ASN1_INTEGER_set_int64(X509_get_serialNumber(pointer), serial) == 1
  }
}
