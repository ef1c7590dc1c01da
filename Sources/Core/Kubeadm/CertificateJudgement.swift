/// What was found of a certificate and its key on a host.
public struct CertificateObservation: Sendable, Codable, Hashable {
  /// What is at the certificate's path.
  public var certificateFile: ObservedFile
  /// What is at the key's path.
  public var keyFile: ObservedFile
  /// What the certificate says; nil: it cannot be read.
  public var certificate: ParsedCertificate?
  /// SHA-256 of the public key that belongs to the private key; nil: the key cannot be read.
  public var keyFingerprint: String?
  /// Whether the cluster's CA issued the certificate.
  public var isIssuedByAuthority: Bool

  /// Makes an observation.
  public init(
    certificateFile: ObservedFile, keyFile: ObservedFile, certificate: ParsedCertificate?, keyFingerprint: String?,
    isIssuedByAuthority: Bool
  ) {
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.certificate = certificate
    self.keyFingerprint = keyFingerprint
    self.isIssuedByAuthority = isIssuedByAuthority
  }

  /// Neither the certificate nor the key is there.
  public static let absent = CertificateObservation(
    certificateFile: .absent, keyFile: .absent, certificate: nil, keyFingerprint: nil, isIssuedByAuthority: false)
}

/// Whether a certificate and its key on a host are right, by their content and whoever made them.
public struct CertificateJudgement: Sendable, Codable, Hashable {
  /// What a judgement needs to know besides the observation.
  public struct Terms: Sendable, Codable, Hashable {
    /// What the certificate must say.
    public var profile: CertificateProfile
    /// Who must own both files.
    public var owner: FileOwner
    /// The present moment.
    public var now: Instant
    /// How many seconds before its end a certificate is replaced; see ``renewalWindow(validitySeconds:)``.
    public var renewalWindowSeconds: Int64
    /// When the CA ends: a certificate that lasts as long as its CA is not replaced by another that would, too.
    public var authorityNotAfter: Instant?

    /// Makes terms.
    public init(
      profile: CertificateProfile, owner: FileOwner, now: Instant, renewalWindowSeconds: Int64,
      authorityNotAfter: Instant? = nil
    ) {
      self.profile = profile
      self.owner = owner
      self.now = now
      self.renewalWindowSeconds = renewalWindowSeconds
      self.authorityNotAfter = authorityNotAfter
    }
  }

  /// Why a new key and certificate are needed, each a few words for a reader; empty: they are not.
  public var replacementReasons: [String]
  /// Which modes and owners are wrong: `chmod` and `chown` mend them.
  public var attributeReasons: [String]

  /// Whether nothing is wrong.
  public var isRight: Bool { replacementReasons.isEmpty && attributeReasons.isEmpty }

  /// Whether the pair must be replaced, which also puts modes and owners right.
  public var needsReplacement: Bool { !replacementReasons.isEmpty }

  /// All reasons, those for a replacement first.
  public var reasons: [String] { replacementReasons + attributeReasons }

  /// Judges what was found.
  public init(of observation: CertificateObservation, by terms: Terms) {
    if observation.certificateFile.kind == .absent && observation.keyFile.kind == .absent {
      replacementReasons = ["missing"]
      attributeReasons = []
      return
    }
    replacementReasons = Self.contentFaults(observation, terms)
    attributeReasons =
      Self.attributeFaults(
        "certificate", observation.certificateFile, mode: CertificateRole.certificateMode, owner: terms.owner)
      + Self.attributeFaults("key", observation.keyFile, mode: CertificateRole.keyMode, owner: terms.owner)
  }

  /// How many seconds before its end a certificate is replaced: thirty days, but no more than a third of what a new
  /// one would be valid for, since otherwise a short-lived one would be replaced in every run.
  public static func renewalWindow(validitySeconds: Int64) -> Int64 { min(30 * 86_400, validitySeconds / 3) }

  private static func contentFaults(_ observation: CertificateObservation, _ terms: Terms) -> [String] {
    var faults: [String] = []
    if let fault = placeFault(observation.certificateFile, "certificate", isReadable: observation.certificate != nil) {
      faults.append(fault)
    }
    if let fault = placeFault(observation.keyFile, "key", isReadable: observation.keyFingerprint != nil) {
      faults.append(fault)
    }
    guard let certificate = observation.certificate else { return faults }
    if !observation.isIssuedByAuthority { faults.append("issued by another CA (\(certificate.issuer))") }
    if let key = observation.keyFingerprint, key != certificate.publicKeyFingerprint {
      faults.append("key does not match")
    }
    faults += terms.profile.differences(from: certificate)
    if let fault = timeFault(certificate, terms) { faults.append(fault) }
    return faults
  }

  private static func placeFault(_ file: ObservedFile, _ what: String, isReadable: Bool) -> String? {
    switch file.kind {
    case .absent: "\(what) is missing"
    case .folder: "\(what) is a folder"
    case .symlink: "\(what) is a symbolic link"
    case .other: "\(what) is no regular file"
    case .regular: isReadable ? nil : "\(what) cannot be read"
    }
  }

  private static func timeFault(_ certificate: ParsedCertificate, _ terms: Terms) -> String? {
    if certificate.notAfter < terms.now { return "expired \(certificate.notAfter.dayText)" }
    if certificate.notBefore > terms.now { return "not valid before \(certificate.notBefore.text)" }
    guard certificate.notAfter < terms.now.advanced(bySeconds: terms.renewalWindowSeconds) else { return nil }
    if let end = terms.authorityNotAfter, certificate.notAfter >= end { return nil }
    let days = terms.now.days(until: certificate.notAfter)
    let rest = days == 0 ? "within a day" : days == 1 ? "in 1 day" : "in \(days) days"
    return "expires \(certificate.notAfter.dayText), \(rest)"
  }

  private static func attributeFaults(
    _ what: String, _ file: ObservedFile, mode: UInt16, owner: FileOwner
  ) -> [String] {
    guard file.kind == .regular else { return [] }
    var faults: [String] = []
    if file.mode != mode { faults.append("\(what) mode is \(octal(file.mode)), not \(octal(mode))") }
    if file.owner != owner { faults.append("\(what) owner is \(file.owner), not \(owner)") }
    return faults
  }

  private static func octal(_ mode: UInt16) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
