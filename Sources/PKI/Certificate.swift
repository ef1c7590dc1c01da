internal import COpenSSL
internal import QuorateCore

/// An X.509 certificate in OpenSSL's hands.
final class Certificate {
  /// The certificate (X509), owned.
  let pointer: OpaquePointer

  /// Takes a certificate over.
  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { X509_free(pointer) }

  /// The most bytes that a certificate, or a file of certificates, may have.
  static let limit = 256 << 10

  /// Reads a certificate from DER; nothing may follow it.
  convenience init(der bytes: [UInt8]) throws(PluginError) {
    try Self.checkSize(bytes)
    guard let certificate = bytes.withUnsafeBytes({ Self.decoded($0) }) else {
      throw OpenSSLLibrary.refusal("the certificate cannot be read: it is no X.509 certificate in DER")
    }
    self.init(owning: certificate)
  }

  /// Reads the certificates of a file, PEM (at most 16, in order) or DER (one).
  ///
  /// - Throws: ``PluginError`` when there is none, or one cannot be read.
  static func all(in bytes: [UInt8]) throws(PluginError) -> [Certificate] {
    try checkSize(bytes)
    // As Go does: what holds PEM is PEM, whatever else stands in it.
    let blocks = bytes.withUnsafeBytes { PEM.blocks(in: $0, limit: 32) }.filter { $0.label == "CERTIFICATE" }
    if blocks.isEmpty {
      guard let certificate = bytes.withUnsafeBytes({ Self.decoded($0) }) else {
        throw OpenSSLLibrary.refusal("there is no certificate in the file")
      }
      return [Certificate(owning: certificate)]
    }
    var certificates: [Certificate] = []
    for block in blocks.prefix(16) {
      guard let certificate = block.content.withBytes({ Self.decoded($0) }) else {
        throw OpenSSLLibrary.refusal("the certificate cannot be read: its PEM text holds no X.509 certificate")
      }
      certificates.append(Certificate(owning: certificate))
    }
    return certificates
  }

  /// Reads the first certificate of a file, PEM or DER.
  static func first(in bytes: [UInt8]) throws(PluginError) -> Certificate {
    guard let first = try all(in: bytes).first else {
      throw OpenSSLLibrary.refusal("there is no certificate in the file")
    }
    return first
  }

  private static func checkSize(_ bytes: [UInt8]) throws(PluginError) {
    if bytes.isEmpty { throw OpenSSLLibrary.refusal("the certificate is empty") }
    if bytes.count > limit { throw OpenSSLLibrary.refusal("the certificate is larger than \(limit) bytes") }
  }

  private static func decoded(_ bytes: UnsafeRawBufferPointer) -> OpaquePointer? {
    decode(bytes, free: X509_free) { next, count in d2i_X509(nil, next, count) }
  }

  /// The certificate, DER.
  func der() throws(PluginError) -> [UInt8] { try QuoratePKI.der("the certificate") { i2d_X509(pointer, $0) } }

  /// The public key; nil where OpenSSL does not know its kind.
  var publicKey: PublicKey? {
    defer { ERR_clear_error() }
    return X509_get_pubkey(pointer).map { PublicKey(owning: $0) }
  }

  /// SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.
  func publicKeyFingerprint() throws(PluginError) -> String {
    try QuoratePKI.der("the certificate's public key") { i2d_X509_PUBKEY(X509_get_X509_PUBKEY(pointer), $0) }
      .withUnsafeBytes { OpenSSLLibrary.sha256($0) }
  }

  /// The subject.
  func subject() throws(PluginError) -> SubjectName { try SubjectName(X509_get_subject_name(pointer)) }

  /// The bytes of the subject key identifier; nil where there is none.
  var subjectKeyIdentifier: [UInt8]? {
    defer { ERR_clear_error() }
    return X509_get0_subject_key_id(pointer).map(Self.octets)
  }

  /// The bytes of the authority key identifier; nil where there is none.
  var authorityKeyIdentifier: [UInt8]? {
    defer { ERR_clear_error() }
    return X509_get0_authority_key_id(pointer).map(Self.octets)
  }

  /// Whether another certificate's key signed this one and is named as its issuer. Times are not looked at.
  func isSigned(by issuer: Certificate) -> Bool {
    defer { ERR_clear_error() }
    guard let key = issuer.publicKey else { return false }
    return X509_NAME_cmp(X509_get_issuer_name(pointer), X509_get_subject_name(issuer.pointer)) == 0
      && X509_verify(pointer, key.pointer) == 1
  }

  /// Whether its extensions allow it to sign certificates (RFC 5280 sections 4.2.1.3 and 4.2.1.9).
  var maySignCertificates: Bool {
    defer { ERR_clear_error() }
    // 1 is a CA by its basicConstraints; the other values are guesses for certificates of version 1.
    return X509_check_ca(pointer) == 1
  }

  private static func octets(_ string: UnsafePointer<ASN1_OCTET_STRING>) -> [UInt8] {
    guard let start = ASN1_STRING_get0_data(string) else { return [] }
    return Array(UnsafeBufferPointer(start: start, count: Int(max(0, ASN1_STRING_length(string)))))
  }
}
