internal import QuorateCore

/// The certificate authority and the certificates' validity.
extension SpecAssembly {
  /// A hundred years of 365 days.
  private static let longestValidity: Int64 = 876_000 * 3600

  mutating func certificates(of issuer: SettingsValue) -> CertificateSpec {
    var certificates = CertificateSpec()
    // An issuer may have other defaults than kubeadm, and says so where it describes its settings.
    let name = issuer["plugin"].string ?? DefaultPlugin.certIssuer
    let settings = schema.plugins(of: .certIssuer).first { $0.id == name }.map(schema.settings(of:))
    if let text = settings?["validity"]?.defaultText, let seconds = try? GoDuration.seconds(text) {
      certificates.validitySeconds = seconds
    }
    let algorithm = issuer["with"]["keyAlgorithm"].string ?? settings?["keyAlgorithm"]?.defaultText
    if let algorithm = algorithm.flatMap(KeyAlgorithm.init) { certificates.keyAlgorithm = algorithm }
    if let seconds = issuer["with"]["validity"].integer {
      checkValidity(Int64(seconds), at: "spec.issuer.with.validity")
      certificates.validitySeconds = Int64(seconds)
    }
    return certificates
  }

  private mutating func checkValidity(_ seconds: Int64, at path: String) {
    if seconds <= 0 {
      findings.error(
        "validity", at: place(path), "`\(path)` is `\(GoDuration.text(seconds: seconds))`, which is not above zero",
        why: "the certificate would never be valid", fix: "write a length of time: `8760h`")
    } else if seconds > Self.longestValidity {
      findings.error(
        "validity", at: place(path), "`\(path)` is `\(GoDuration.text(seconds: seconds))`, more than 100 years",
        why: "some programs cannot read dates that late", fix: "write at most `876000h`")
    }
  }

  mutating func authority(of spec: SettingsValue, leafValidity: Int64) -> AuthoritySpec {
    let ca = spec["ca"]
    var authority = AuthoritySpec()
    if let place = ca["keyAt"].string.flatMap(AuthoritySpec.KeyPlace.init) { authority.keyAt = place }
    authority.certificateFile = ca["certificate"].string.flatMap { resolved($0, at: "spec.ca.certificate") }
    authority.keyFile = ca["key"].string.flatMap { resolved($0, at: "spec.ca.key") }
    checkFiles(
      keyAt: authority.keyAt, hasCertificate: positions["spec.ca.certificate"] != nil,
      hasKey: positions["spec.ca.key"] != nil)
    if authority.keyAt == .issuer { checkIssuer(spec["issuer"]) }
    checkAuthorityIsBrought(authority, spec["issuer"])
    let isBrought = authority.keyAt == .firstHost && authority.certificateFile != nil
    if let seconds = ca["validity"].integer {
      checkValidity(Int64(seconds), at: "spec.ca.validity")
      authority.validitySeconds = Int64(seconds)
    } else if isBrought || authority.keyAt == .issuer {
      // How long that CA is valid is seen when it is read.
      return authority
    }
    if leafValidity > authority.validitySeconds, leafValidity <= Self.longestValidity, authority.validitySeconds > 0 {
      let path = positions["spec.issuer.with.validity"] != nil ? "spec.issuer.with.validity" : "spec.ca.validity"
      findings.error(
        "validity", at: place(path),
        "the certificates are valid for `\(GoDuration.text(seconds: leafValidity))`, longer than their CA: "
          + "`\(GoDuration.text(seconds: authority.validitySeconds))`",
        why: "they stop being trusted with the CA, before their own end",
        fix: "make `spec.issuer.with.validity` shorter or `spec.ca.validity` longer")
    }
    return authority
  }

  private mutating func checkFiles(keyAt: AuthoritySpec.KeyPlace, hasCertificate: Bool, hasKey: Bool) {
    switch (keyAt, hasCertificate, hasKey) {
    case (.firstHost, true, false), (.firstHost, false, true):
      let (has, lacks) = hasKey ? ("key", "certificate") : ("certificate", "key")
      findings.error(
        "ca.incomplete", at: place("spec.ca.\(has)"), "`spec.ca.\(has)` is set, and `spec.ca.\(lacks)` is not",
        why: "a CA that is brought is a certificate and its key", fix: "add `\(lacks): PATH`, or remove `\(has)`")
    case (.operator, _, false):
      findings.error(
        "ca.no-key", at: place("spec.ca.keyAt"), "`spec.ca.keyAt` is `operator`, and `spec.ca.key` is missing",
        why: "it says where on your machine the key rests", fix: "add `key: ./ca.key` and `certificate: ./ca.crt`")
    case (.operator, false, true):
      findings.error(
        "ca.incomplete", at: place("spec.ca.key"), "`spec.ca.key` is set, and `spec.ca.certificate` is not",
        why: "with `keyAt: operator` the CA's certificate rests beside its key", fix: "add `certificate: ./ca.crt`")
    case (.issuer, _, true):
      findings.error(
        "ca.key-at-issuer", at: place("spec.ca.key"), "`spec.ca.key` is set, and `spec.ca.keyAt` is `issuer`",
        why: "then the key rests with the issuer, and Quorate never reads it", fix: "remove `key`, or change `keyAt`")
    default: break
    }
  }

  /// An issuer that only hands requests on needs a CA that is there, and has no use for its key.
  private mutating func checkAuthorityIsBrought(_ authority: AuthoritySpec, _ issuer: SettingsValue) {
    guard let name = issuer["plugin"].string,
      schema.plugins(of: .certIssuer).contains(where: { $0.id == name && $0.needsAuthorityCertificate }),
      authority.keyAt != .issuer || positions["spec.ca.certificate"] == nil
    else { return }
    findings.error(
      "ca.not-brought", at: place("spec.issuer"),
      "the issuer `\(name)` needs a CA that is brought, without its key",
      why: "somebody else signs with that key, and Quorate checks what comes back against the CA's certificate",
      fix: "add `ca: {keyAt: issuer, certificate: ./ca.crt}`")
  }

  private mutating func checkIssuer(_ issuer: SettingsValue) {
    let name = issuer["plugin"].string ?? (positions["spec.issuer"] == nil ? DefaultPlugin.certIssuer : nil)
    let issuers = schema.plugins(of: .certIssuer)
    guard let descriptor = issuers.first(where: { $0.id == name }), !descriptor.keepsAuthorityKey else { return }
    let keeping = issuers.filter(\.keepsAuthorityKey).map { "`\($0.id)`" }.joined(separator: ", ")
    findings.error(
      "ca.no-issuer-key", at: place("spec.ca.keyAt"),
      "`spec.ca.keyAt` is `issuer`, and the issuer `\(descriptor.id)` keeps no key",
      why: "it signs with a key that Quorate hands it",
      fix: "write `keyAt: first-host` or `keyAt: operator`"
        + (keeping.isEmpty ? "" : ", or choose an issuer that keeps one: \(keeping)"))
  }
}
