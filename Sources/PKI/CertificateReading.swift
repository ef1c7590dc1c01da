internal import COpenSSL
internal import QuorateCore

extension Certificate {
  /// What the certificate says.
  ///
  /// - Throws: ``PluginError`` where an extension, a name or a time cannot be read: such a certificate is no good to
  ///   etcd either.
  func parsed() throws(PluginError) -> ParsedCertificate {
    defer { ERR_clear_error() }
    let subject = try subject()
    let names = try alternativeNames()
    let keyUsage = try keyUsages()
    let constraints = try basicConstraints()
    return ParsedCertificate(
      serial: try serial(), commonName: subject.commonName, organizations: subject.organizations,
      issuer: try SubjectName(X509_get_issuer_name(pointer)).text, dnsNames: names.dnsNames, addresses: names.addresses,
      otherNames: names.others, keyUsages: keyUsage.names, keyUsageIsCritical: keyUsage.isCritical,
      extendedKeyUsages: try extendedKeyUsages(), isAuthority: constraints.isAuthority,
      basicConstraintsIsCritical: constraints.isCritical,
      subjectKeyIdentifier: subjectKeyIdentifier.map(identifierText),
      authorityKeyIdentifier: authorityKeyIdentifier.map(identifierText),
      notBefore: try instant(X509_get0_notBefore(pointer)), notAfter: try instant(X509_get0_notAfter(pointer)),
      keyAlgorithm: publicKey?.kind.algorithm,
      publicKeyFingerprint: try publicKeyFingerprint(),
      fingerprint: try der().withUnsafeBytes { OpenSSLLibrary.sha256($0) },
      signatureAlgorithm: OBJ_nid2ln(X509_get_signature_nid(pointer)).map { String(cString: $0) } ?? "unknown")
  }

  /// The subject alternative names.
  func alternativeNames() throws(PluginError) -> SubjectAlternativeNames {
    let (value, _) = try value(of: NID_subject_alt_name, "subject alternative names")
    let names = value.map { OpaquePointer($0) }
    defer { GENERAL_NAMES_free(names) }
    return try SubjectAlternativeNames(names)
  }

  private func serial() throws(PluginError) -> String {
    guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(pointer), nil) else {
      throw OpenSSLLibrary.refusal("the certificate's serial number cannot be read")
    }
    defer { BN_free(number) }
    guard let digits = BN_bn2hex(number) else { throw OpenSSLLibrary.failure("OpenSSL has no memory") }
    defer { quorate_OPENSSL_free(digits) }
    let text = String(cString: digits).lowercased()
    let isNegative = text.hasPrefix("-")
    let significant = text.drop { $0 == "0" || $0 == "-" }
    return significant.isEmpty ? "0" : (isNegative ? "-" : "") + significant
  }

  private func instant(_ time: UnsafePointer<ASN1_TIME>?) throws(PluginError) -> Instant {
    var parts = tm()
    guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else {
      throw OpenSSLLibrary.refusal("the certificate's period of validity cannot be read")
    }
    return Instant(secondsSinceEpoch: Int64(timegm(&parts)))
  }

  private func keyUsages() throws(PluginError) -> (names: [String], isCritical: Bool) {
    let (value, isCritical) = try value(of: NID_key_usage, "key usage")
    guard let bits = value?.assumingMemoryBound(to: ASN1_BIT_STRING.self) else { return ([], false) }
    defer { ASN1_BIT_STRING_free(bits) }
    let known = [
      "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
      "cRLSign", "encipherOnly", "decipherOnly",
    ]
    let names = known.enumerated().filter { ASN1_BIT_STRING_get_bit(bits, Int32($0.offset)) == 1 }.map(\.element)
    return (names, isCritical)
  }

  private func extendedKeyUsages() throws(PluginError) -> [String] {
    let (value, _) = try value(of: NID_ext_key_usage, "extended key usage")
    guard let usages = value.map({ OpaquePointer($0) }) else { return [] }
    defer { EXTENDED_KEY_USAGE_free(usages) }
    return (0..<max(0, quorate_EXTENDED_KEY_USAGE_num(usages))).compactMap { index in
      guard let usage = quorate_EXTENDED_KEY_USAGE_value(usages, index) else { return nil }
      switch OBJ_obj2nid(usage) {
      case NID_server_auth: return "serverAuth"
      case NID_client_auth: return "clientAuth"
      default:
        var text = [CChar](repeating: 0, count: 256)
        let length = OBJ_obj2txt(&text, Int32(text.count), usage, 1)
        guard length > 0 else { return "an unreadable usage" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }

  private func basicConstraints() throws(PluginError) -> (isAuthority: Bool?, isCritical: Bool) {
    let (value, isCritical) = try value(of: NID_basic_constraints, "basic constraints")
    guard let constraints = value?.assumingMemoryBound(to: BASIC_CONSTRAINTS.self) else { return (nil, false) }
    defer { BASIC_CONSTRAINTS_free(constraints) }
    return (constraints.pointee.ca != 0, isCritical)
  }

  /// The decoded value of an extension, which the caller frees; nil where it is absent.
  private func value(
    of type: Int32, _ what: String
  ) throws(PluginError) -> (value: UnsafeMutableRawPointer?, isCritical: Bool) {
    var critical: Int32 = -1
    let value = X509_get_ext_d2i(pointer, type, &critical, nil)
    if value != nil { return (value, critical == 1) }
    switch critical {
    case -1: return (nil, false)
    case -2: throw OpenSSLLibrary.refusal("the certificate has its \(what) twice")
    default: throw OpenSSLLibrary.refusal("the certificate's \(what) cannot be read")
    }
  }

  private func identifierText(_ bytes: [UInt8]) -> String {
    bytes.map { OpenSSLLibrary.hexadecimal([$0]).uppercased() }.joined(separator: ":")
  }
}
