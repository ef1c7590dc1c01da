extension CertificateProfile {
  /// What of a certificate's content is not as the profile wants it, in words for a reader; empty: nothing.
  ///
  /// Names are compared as sets: what their order is decides nothing. A key usage beyond kubeadm's two is let pass,
  /// unless it makes a CA; so is a missing basicConstraints extension, which means the same as CA:FALSE (RFC 5280
  /// section 4.2.1.9) and which kubeadm before 1.21 did not write. Whether it is the right key, whether it is valid now
  /// and who issued it is not looked at.
  public func differences(from certificate: ParsedCertificate) -> [String] {
    subjectDifferences(certificate) + nameDifferences(certificate) + usageDifferences(certificate)
  }

  private func subjectDifferences(_ certificate: ParsedCertificate) -> [String] {
    var differences: [String] = []
    if certificate.commonName != commonName {
      differences.append("common name is \(certificate.commonName ?? "missing"), not \(commonName)")
    }
    if certificate.organizations != (organization.map { [$0] } ?? []) {
      let found = certificate.organizations.isEmpty ? "missing" : certificate.organizations.joined(separator: " and ")
      differences.append("organization is \(found), not \(organization ?? "absent")")
    }
    return differences
  }

  private func nameDifferences(_ certificate: ParsedCertificate) -> [String] {
    let wanted = dnsNames + addresses.map(\.description)
    let found = certificate.dnsNames + certificate.addresses.map(\.description) + certificate.otherNames
    let lacking = wanted.filter { !found.contains($0) }
    let extra = found.filter { !wanted.contains($0) }
    var differences: [String] = []
    if !lacking.isEmpty { differences.append("SAN lacks \(lacking.joined(separator: ", "))") }
    if !extra.isEmpty {
      differences.append(
        "SAN has \(extra.joined(separator: ", ")), which \(extra.count == 1 ? "is" : "are") not wanted")
    }
    return differences
  }

  private func usageDifferences(_ certificate: ParsedCertificate) -> [String] {
    var differences: [String] = []
    // RSA key exchange needs keyEncipherment; kubeadm writes it for ECDSA keys too, where it means nothing.
    let needed = ["digitalSignature"] + (certificate.keyAlgorithm?.isRSA ?? false ? ["keyEncipherment"] : [])
    let lacking = needed.filter { !certificate.keyUsages.contains($0) }
    if !lacking.isEmpty { differences.append("key usage lacks \(lacking.joined(separator: ", "))") }
    let forbidden = ["keyCertSign", "cRLSign"].filter { certificate.keyUsages.contains($0) }
    if !forbidden.isEmpty { differences.append("key usage has \(forbidden.joined(separator: ", ")), which makes a CA") }

    let wanted = (isServer ? ["serverAuth"] : []) + (isClient ? ["clientAuth"] : [])
    let missing = wanted.filter { !certificate.extendedKeyUsages.contains($0) }
    if !missing.isEmpty { differences.append("extended key usage lacks \(missing.joined(separator: ", "))") }
    let extra = certificate.extendedKeyUsages.filter { !wanted.contains($0) }
    if !extra.isEmpty {
      differences.append(
        "extended key usage has \(extra.joined(separator: ", ")), which \(extra.count == 1 ? "is" : "are") not wanted")
    }
    if certificate.isAuthority == true { differences.append("it is a CA's certificate (CA:TRUE)") }
    if certificate.keyAlgorithm != keyAlgorithm {
      let found = certificate.keyAlgorithm?.rawValue ?? "of another kind"
      differences.append("key is \(found), not \(keyAlgorithm.rawValue)")
    }
    return differences
  }
}

extension KeyAlgorithm {
  /// Whether it is one of RSA's.
  public var isRSA: Bool {
    switch self {
    case .rsa2048, .rsa3072, .rsa4096: true
    case .ecdsaP256, .ecdsaP384: false
    }
  }
}
