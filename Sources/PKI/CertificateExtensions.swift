internal import COpenSSL
internal import QuorateCore

/// The extensions of a certificate or a signing request while it is made, in the order in which they are added.
final class CertificateExtensions {
  /// Key usages by their bit (RFC 5280 section 4.2.1.3).
  enum KeyUsage: Int32 {
    case digitalSignature = 0
    case keyEncipherment = 2
    case keyCertSign = 5
  }

  private var list: OpaquePointer?

  init() {}

  deinit { quorate_X509_EXTENSIONS_free(list) }

  /// Which operations the key may be used for; critical, as Go writes it.
  func add(keyUsages: [KeyUsage]) throws(PluginError) {
    let bits = try OpenSSLLibrary.allocated(ASN1_BIT_STRING_new())
    defer { ASN1_BIT_STRING_free(bits) }
    for usage in keyUsages where ASN1_BIT_STRING_set_bit(bits, usage.rawValue, 1) != 1 {
      throw OpenSSLLibrary.failure("the key usage cannot be written")
    }
    try add(NID_key_usage, bits, critical: true)
  }

  /// Which protocols the key may be used in; serverAuth before clientAuth, as kubeadm lists them.
  func add(isServer: Bool, isClient: Bool) throws(PluginError) {
    let usages = try OpenSSLLibrary.allocated(EXTENDED_KEY_USAGE_new())
    defer { EXTENDED_KEY_USAGE_free(usages) }
    for (isWanted, usage) in [(isServer, NID_server_auth), (isClient, NID_client_auth)] where isWanted {
      // OBJ_nid2obj gives a constant of OpenSSL's, which the stack does not free.
      guard quorate_EXTENDED_KEY_USAGE_push(usages, OBJ_nid2obj(usage)) == 1 else {
        throw OpenSSLLibrary.failure("the extended key usage cannot be written")
      }
    }
    try add(NID_ext_key_usage, UnsafeMutableRawPointer(usages), critical: false)
  }

  /// Whether the certificate is a CA's; critical, without a limit on the length of paths.
  func add(isAuthority: Bool) throws(PluginError) {
    let constraints = try OpenSSLLibrary.allocated(BASIC_CONSTRAINTS_new())
    defer { BASIC_CONSTRAINTS_free(constraints) }
    constraints.pointee.ca = isAuthority ? 0xff : 0
    try add(NID_basic_constraints, constraints, critical: true)
  }

  /// The subject key identifier that Go computes: SHA-1 of the public key's bits (RFC 5280 section 4.2.1.2, method 1).
  func add(subjectKeyIdentifierOf certificate: OpaquePointer) throws(PluginError) {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    guard X509_pubkey_digest(certificate, EVP_sha1(), &digest, &length) == 1 else {
      throw OpenSSLLibrary.failure("the subject key identifier cannot be computed")
    }
    let identifier = try octets(Array(digest.prefix(Int(length))))
    defer { ASN1_OCTET_STRING_free(identifier) }
    try add(NID_subject_key_identifier, identifier, critical: false)
  }

  /// The issuer's subject key identifier.
  func add(authorityKeyIdentifier: [UInt8]) throws(PluginError) {
    let identifier = try OpenSSLLibrary.allocated(AUTHORITY_KEYID_new())
    defer { AUTHORITY_KEYID_free(identifier) }
    identifier.pointee.keyid = try octets(authorityKeyIdentifier)
    try add(NID_authority_key_identifier, identifier, critical: false)
  }

  /// The names, DNS before IP, in the given order; nothing where there are none.
  func add(dnsNames: [String], addresses: [IPAddress]) throws(PluginError) {
    if dnsNames.isEmpty && addresses.isEmpty { return }
    let names = try OpenSSLLibrary.allocated(GENERAL_NAMES_new())
    defer { GENERAL_NAMES_free(names) }
    for name in dnsNames {
      let text = try OpenSSLLibrary.allocated(ASN1_IA5STRING_new())
      let bytes = Array(name.utf8)
      guard ASN1_STRING_set(text, bytes, Int32(bytes.count)) == 1 else {
        ASN1_IA5STRING_free(text)
        throw OpenSSLLibrary.failure("the DNS name cannot be written")
      }
      try append(GEN_DNS, text, to: names)
    }
    for address in addresses { try append(GEN_IPADD, try octets(address.bytes), to: names) }
    try add(NID_subject_alt_name, UnsafeMutableRawPointer(names), critical: false)
  }

  /// Adds the extensions to a certificate (X509).
  func apply(toCertificate certificate: OpaquePointer) throws(PluginError) {
    for index in 0..<max(0, X509v3_get_ext_count(list)) {
      guard X509_add_ext(certificate, X509v3_get_ext(list, index), -1) == 1 else {
        throw OpenSSLLibrary.failure("an extension cannot be added")
      }
    }
  }

  /// Adds the extensions to a signing request (X509_REQ), as the attribute extensionRequest of PKCS #9.
  func apply(toRequest request: OpaquePointer) throws(PluginError) {
    guard X509_REQ_add_extensions(request, list) == 1 else {
      throw OpenSSLLibrary.failure("the extensions cannot be added to the signing request")
    }
  }

  private func add(_ type: Int32, _ value: UnsafeMutableRawPointer, critical: Bool) throws(PluginError) {
    guard X509V3_add1_i2d(&list, type, value, critical ? 1 : 0, UInt(X509V3_ADD_APPEND)) == 1 else {
      throw OpenSSLLibrary.failure("an extension cannot be encoded")
    }
  }

  /// Appends a name; takes the value over.
  private func append(
    _ type: Int32, _ value: UnsafeMutablePointer<ASN1_STRING>, to names: OpaquePointer
  ) throws(PluginError) {
    guard let name = GENERAL_NAME_new() else {
      ASN1_STRING_free(value)
      throw OpenSSLLibrary.failure("OpenSSL has no memory")
    }
    GENERAL_NAME_set0_value(name, type, value)
    guard quorate_GENERAL_NAMES_push(names, name) == 1 else {
      GENERAL_NAME_free(name)
      throw OpenSSLLibrary.failure("the subject alternative names cannot be written")
    }
  }

  private func octets(_ bytes: [UInt8]) throws(PluginError) -> UnsafeMutablePointer<ASN1_OCTET_STRING> {
    let octets = try OpenSSLLibrary.allocated(ASN1_OCTET_STRING_new())
    guard ASN1_OCTET_STRING_set(octets, bytes, Int32(bytes.count)) == 1 else {
      ASN1_OCTET_STRING_free(octets)
      throw OpenSSLLibrary.failure("OpenSSL has no memory")
    }
    return octets
  }
}
