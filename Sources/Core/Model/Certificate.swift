/// Which of the guide's certificates one is (kubeadm `certlist.go`).
public enum CertificateRole: String, Sendable, Codable, Hashable, CaseIterable {
  /// What a member shows to its clients.
  case server
  /// What a member shows to other members, as server and as client.
  case peer
  /// What probes and this tool show to a member.
  case healthcheckClient = "healthcheck-client"
  /// What a kube-apiserver shows to a member.
  case apiserverEtcdClient = "apiserver-etcd-client"

  /// Whether the member's own process reads it; the others are for whoever asks the member.
  public var isMembers: Bool { self == .server || self == .peer }
}

/// What a leaf certificate must say.
public struct CertificateProfile: Sendable, Codable, Hashable {
  /// The subject's common name.
  public var commonName: String
  /// The subject's organization; nil: none.
  public var organization: String?
  /// DNS names, sorted, without duplicates (kubeadm sorts them).
  public var dnsNames: [String]
  /// IP addresses in kubeadm's order, without duplicates.
  public var addresses: [IPAddress]
  /// Whether it serves (extended key usage serverAuth).
  public var isServer: Bool
  /// Whether it is a client's (extended key usage clientAuth).
  public var isClient: Bool
  /// The key's algorithm.
  public var keyAlgorithm: KeyAlgorithm

  /// Makes a profile.
  public init(
    commonName: String, organization: String? = nil, dnsNames: [String] = [], addresses: [IPAddress] = [],
    isServer: Bool, isClient: Bool, keyAlgorithm: KeyAlgorithm
  ) {
    self.commonName = commonName
    self.organization = organization
    self.dnsNames = dnsNames
    self.addresses = addresses
    self.isServer = isServer
    self.isClient = isClient
    self.keyAlgorithm = keyAlgorithm
  }
}

/// What a certificate says, read from its bytes.
public struct ParsedCertificate: Sendable, Codable, Hashable {
  /// The serial number, lower-case hexadecimal without leading zeros.
  public var serial: String
  /// The subject's common name; nil where it has none.
  public var commonName: String?
  /// The subject's organizations, in order.
  public var organizations: [String]
  /// The issuer's name, one line (`CN=etcd-ca`).
  public var issuer: String
  /// DNS names of the SAN extension, in order.
  public var dnsNames: [String]
  /// IP addresses of the SAN extension, in order.
  public var addresses: [IPAddress]
  /// SANs of any other type, printed (`URI:spiffe://…`).
  public var otherNames: [String]
  /// Key usages by their names in RFC 5280 (`digitalSignature`, `keyEncipherment`, `keyCertSign`, …), in bit order.
  public var keyUsages: [String]
  /// Whether the key usage extension is critical.
  public var keyUsageIsCritical: Bool
  /// Extended key usages: `serverAuth`, `clientAuth`, others as dotted OIDs, in order.
  public var extendedKeyUsages: [String]
  /// basicConstraints: nil where the extension is absent.
  public var isAuthority: Bool?
  /// Whether basicConstraints is critical.
  public var basicConstraintsIsCritical: Bool
  /// The subject key identifier, upper-case hexadecimal with colons; nil where there is none.
  public var subjectKeyIdentifier: String?
  /// The authority key identifier, likewise.
  public var authorityKeyIdentifier: String?
  /// The first moment it is valid.
  public var notBefore: Instant
  /// The last moment it is valid.
  public var notAfter: Instant
  /// The public key's algorithm; nil where it is none of ``KeyAlgorithm``.
  public var keyAlgorithm: KeyAlgorithm?
  /// SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.
  public var publicKeyFingerprint: String
  /// SHA-256 of the certificate, lower-case hexadecimal.
  public var fingerprint: String
  /// The signature's algorithm, by OpenSSL's long name.
  public var signatureAlgorithm: String

  /// Makes a value; PKI does so from DER or PEM.
  public init(
    serial: String, commonName: String?, organizations: [String], issuer: String, dnsNames: [String],
    addresses: [IPAddress], otherNames: [String], keyUsages: [String], keyUsageIsCritical: Bool,
    extendedKeyUsages: [String], isAuthority: Bool?, basicConstraintsIsCritical: Bool, subjectKeyIdentifier: String?,
    authorityKeyIdentifier: String?, notBefore: Instant, notAfter: Instant, keyAlgorithm: KeyAlgorithm?,
    publicKeyFingerprint: String, fingerprint: String, signatureAlgorithm: String
  ) {
    self.serial = serial
    self.commonName = commonName
    self.organizations = organizations
    self.issuer = issuer
    self.dnsNames = dnsNames
    self.addresses = addresses
    self.otherNames = otherNames
    self.keyUsages = keyUsages
    self.keyUsageIsCritical = keyUsageIsCritical
    self.extendedKeyUsages = extendedKeyUsages
    self.isAuthority = isAuthority
    self.basicConstraintsIsCritical = basicConstraintsIsCritical
    self.subjectKeyIdentifier = subjectKeyIdentifier
    self.authorityKeyIdentifier = authorityKeyIdentifier
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.keyAlgorithm = keyAlgorithm
    self.publicKeyFingerprint = publicKeyFingerprint
    self.fingerprint = fingerprint
    self.signatureAlgorithm = signatureAlgorithm
  }
}
