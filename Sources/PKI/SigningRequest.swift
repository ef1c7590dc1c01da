internal import COpenSSL
internal import QuorateCore

/// A certificate signing request (PKCS #10, RFC 2986).
final class SigningRequest {
  /// The request (X509_REQ), owned.
  private let pointer: OpaquePointer

  private init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { X509_REQ_free(pointer) }

  /// The most bytes that a request may have.
  static let limit = 64 << 10

  /// Makes a request for a profile and signs it with its key: the organization, then the common name; the names, key
  /// usage and extended key usage as they are asked for.
  init(for profile: CertificateProfile, key: PrivateKey) throws(PluginError) {
    let request = try OpenSSLLibrary.allocated(X509_REQ_new())
    pointer = request
    let name = try SubjectName(commonName: profile.commonName, organization: profile.organization).make()
    defer { X509_NAME_free(name) }
    let extensions = CertificateExtensions()
    try extensions.add(keyUsages: [.digitalSignature, .keyEncipherment])
    try extensions.add(isServer: profile.isServer, isClient: profile.isClient)
    try extensions.add(dnsNames: profile.dnsNames, addresses: profile.addresses)
    guard X509_REQ_set_subject_name(request, name) == 1, X509_REQ_set_pubkey(request, key.pointer) == 1 else {
      throw OpenSSLLibrary.failure("the signing request cannot be made")
    }
    try extensions.apply(toRequest: request)
    guard X509_REQ_sign(request, key.pointer, key.signatureDigest) > 0 else {
      throw OpenSSLLibrary.failure("the signing request cannot be signed")
    }
  }

  /// Reads a request from DER.
  convenience init(der bytes: [UInt8]) throws(PluginError) {
    guard bytes.count <= Self.limit else {
      throw OpenSSLLibrary.refusal("the signing request is larger than \(Self.limit) bytes")
    }
    let request = bytes.withUnsafeBytes { bytes in
      decode(bytes, free: X509_REQ_free) { next, count in d2i_X509_REQ(nil, next, count) }
    }
    guard let request else { throw OpenSSLLibrary.refusal("the signing request cannot be read") }
    self.init(owning: request)
  }

  /// The request, DER.
  func der() throws(PluginError) -> [UInt8] { try QuoratePKI.der("the signing request") { i2d_X509_REQ(pointer, $0) } }

  /// What of the request is signed (CertificationRequestInfo), DER.
  func signedPart() throws(PluginError) -> [UInt8] {
    try QuoratePKI.der("the signing request") { i2d_re_X509_REQ_tbs(pointer, $0) }
  }

  /// The public key; nil where OpenSSL does not know its kind.
  var publicKey: PublicKey? {
    defer { ERR_clear_error() }
    return X509_REQ_get_pubkey(pointer).map { PublicKey(owning: $0) }
  }

  /// SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.
  func publicKeyFingerprint() throws(PluginError) -> String {
    try QuoratePKI.der("the request's public key") { i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(pointer), $0) }
      .withUnsafeBytes { OpenSSLLibrary.sha256($0) }
  }

  /// Whether the request was signed with the key that it asks a certificate for.
  var isSignedByItsKey: Bool {
    defer { ERR_clear_error() }
    return publicKey.map { X509_REQ_verify(pointer, $0.pointer) == 1 } ?? false
  }

  /// The subject.
  func subject() throws(PluginError) -> SubjectName { try SubjectName(X509_REQ_get_subject_name(pointer)) }

  /// The names it asks for.
  func alternativeNames() throws(PluginError) -> SubjectAlternativeNames {
    let extensions = X509_REQ_get_extensions(pointer)
    defer { quorate_X509_EXTENSIONS_free(extensions) }
    var critical: Int32 = 0
    let names = OpaquePointer(X509V3_get_d2i(extensions, NID_subject_alt_name, &critical, nil))
    defer { GENERAL_NAMES_free(names) }
    guard names != nil || critical == -1 else {
      throw OpenSSLLibrary.refusal("the request's subject alternative names cannot be read")
    }
    ERR_clear_error()
    return try SubjectAlternativeNames(names)
  }

  /// Checks that a request can be granted: signed by its own key, asking for what its profile says, and for no longer
  /// than the CA is valid.
  ///
  /// - Returns: The public key.
  /// - Throws: ``PluginError`` that says why not.
  static func check(_ request: IssueRequest, authorityNotAfter: Instant) throws(PluginError) -> PublicKey {
    let signingRequest = try SigningRequest(der: request.csr)
    guard let publicKey = signingRequest.publicKey, signingRequest.isSignedByItsKey else {
      throw OpenSSLLibrary.refusal("the signing request is not signed with the key it names")
    }
    let profile = request.profile
    var faults = try signingRequest.differences(from: profile)
    if profile.commonName.isEmpty { faults.append("it has no common name") }
    if !profile.isServer && !profile.isClient { faults.append("it is neither for a server nor for a client") }
    for name in profile.dnsNames where !DNSName.isSubdomain(name) && !DNSName.isWildcard(name) {
      faults.append("\(readableText(name.utf8)) is no DNS name")
    }
    guard faults.isEmpty else {
      throw OpenSSLLibrary.refusal(
        "the signing request does not ask for what it should: \(faults.joined(separator: "; "))")
    }
    guard request.notBefore < request.notAfter else {
      throw OpenSSLLibrary.refusal("the certificate would end (\(request.notAfter.text)) before it begins")
    }
    guard request.notAfter <= authorityNotAfter else {
      throw OpenSSLLibrary.refusal(
        "the certificate would be valid until \(request.notAfter.text), longer than the CA, which ends "
          + authorityNotAfter.text, fix: "choose a shorter validity, or renew the CA")
    }
    return publicKey
  }

  /// What of the request is not what a profile says, in words; empty: it asks for exactly that.
  func differences(from profile: CertificateProfile) throws(PluginError) -> [String] {
    var differences: [String] = []
    let subject = try subject()
    let wanted = SubjectName(commonName: profile.commonName, organization: profile.organization)
    if subject != wanted { differences.append("its subject is \(subject.text), not \(wanted.text)") }
    let names = try alternativeNames()
    let asked = names.dnsNames + names.addresses.map(\.description) + names.others
    let expected = profile.dnsNames + profile.addresses.map(\.description)
    if asked.sorted() != expected.sorted() {
      differences.append(
        "its subject alternative names are \(listed(asked)), not \(listed(expected))")
    }
    if let key = publicKey {
      let kind = key.kind
      if kind.algorithm != profile.keyAlgorithm {
        differences.append("its key is \(kind.text), not \(profile.keyAlgorithm.rawValue)")
      }
    } else {
      differences.append("its public key cannot be read")
    }
    return differences
  }

  private func listed(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: " ") }
}
