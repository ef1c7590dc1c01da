// kubeadm's certificates for an external etcd (kubernetes `cmd/kubeadm/app/phases/certs/certlist.go` and
// `app/util/pkiutil/pki_helpers.go`), with one difference: every member's certificates carry its own name and
// addresses. The guide's recipe gave all of them the first host's (kubeadm issue 2334).

extension MemberContext {
  /// What each of a member's certificates must say.
  ///
  /// - Parameter release: The Kubernetes release whose kubeadm is followed.
  public func certificateProfiles(for release: KubernetesRelease) -> [CertificateRole: CertificateProfile] {
    let masters = release.clientsAreMasters ? "system:masters" : nil
    return [
      .server: servingProfile(alternativeNames: host.serverSANs),
      .peer: servingProfile(alternativeNames: host.peerSANs),
      .healthcheckClient: CertificateProfile(
        commonName: "kube-etcd-healthcheck-client", organization: masters, isServer: false, isClient: true,
        keyAlgorithm: keyAlgorithm),
      .apiserverEtcdClient: CertificateProfile(
        commonName: "kube-apiserver-etcd-client", organization: masters, isServer: false, isClient: true,
        keyAlgorithm: keyAlgorithm),
    ]
  }

  /// The profile of a certificate that a member serves with. It is a client's too: etcd's gateway dials its own server
  /// with the server's certificate (etcd issue 9785), and members dial each other.
  private func servingProfile(alternativeNames: [String]) -> CertificateProfile {
    var dnsNames: Set<String> = [host.name, "localhost"]
    var addresses = [host.address, .loopbackV4, .loopbackV6]
    for name in alternativeNames {
      if let address = IPAddress(name) { addresses.append(address) } else { dnsNames.insert(name) }
    }
    var seen: Set<IPAddress> = []
    return CertificateProfile(
      commonName: host.name, dnsNames: dnsNames.sorted(), addresses: addresses.filter { seen.insert($0).inserted },
      isServer: true, isClient: true, keyAlgorithm: keyAlgorithm)
  }
}

extension CertificateRole {
  /// The certificates that a host holds, in the order of the guide.
  ///
  /// - Parameters:
  ///   - isFirst: Whether it is the configuration's first host.
  ///   - apiserverClient: Which hosts hold the kube-apiserver's client key.
  public static func held(isFirst: Bool, apiserverClient: ClusterSpec.ApiserverClient) -> [CertificateRole] {
    let holdsApiserverClient =
      switch apiserverClient {
      case .every: true
      case .first: isFirst
      case .none: false
      }
    return allCases.filter { $0 != .apiserverEtcdClient || holdsApiserverClient }
  }

  /// Permission bits of a certificate's file (client-go `cert.WriteCert`).
  public static let certificateMode: UInt16 = 0o644

  /// Permission bits of a key's file (client-go `keyutil.WriteKey`).
  public static let keyMode: UInt16 = 0o600
}

extension AuthorityProfile {
  /// What kubeadm's etcd CA looks like when it is made at a moment.
  ///
  /// It begins five minutes earlier since 1.28 (kubernetes pull request 118922), so that a host whose clock is behind
  /// takes it; and ends so long after the moment.
  ///
  /// - Parameters:
  ///   - release: The Kubernetes release whose kubeadm is followed.
  ///   - keyAlgorithm: The key's algorithm.
  ///   - now: When it is made.
  ///   - validitySeconds: How long it is valid.
  public static func kubeadm(
    _ release: KubernetesRelease, keyAlgorithm: KeyAlgorithm, now: Instant, validitySeconds: Int64
  ) -> AuthorityProfile {
    AuthorityProfile(
      commonName: "etcd-ca", commonNameIsSAN: release.authorityNameIsSAN, keyAlgorithm: keyAlgorithm,
      notBefore: release.authorityIsBackdated ? now.advanced(bySeconds: -KubernetesRelease.backdateSeconds) : now,
      notAfter: now.advanced(bySeconds: validitySeconds))
  }
}

/// When a leaf certificate is valid.
public struct LeafValidity: Sendable, Codable, Hashable {
  /// The first moment.
  public var notBefore: Instant
  /// The last moment.
  public var notAfter: Instant
  /// Whether it ends earlier than was wanted, because the CA does.
  public var isCutByAuthority: Bool

  /// The validity of a leaf that is made at a moment.
  ///
  /// kubeadm begins it five minutes earlier since 1.31, and with the CA before (`pki_helpers.go`, `NewSignedCert`). It
  /// lets a leaf outlive its CA; here it lies within the CA's validity, as nobody would take it afterwards.
  ///
  /// - Parameters:
  ///   - release: The Kubernetes release whose kubeadm is followed.
  ///   - now: When it is made.
  ///   - validitySeconds: How long it should be valid from then on.
  ///   - authorityNotBefore: When the CA begins.
  ///   - authorityNotAfter: When the CA ends.
  public init(
    release: KubernetesRelease, now: Instant, validitySeconds: Int64, authorityNotBefore: Instant,
    authorityNotAfter: Instant
  ) {
    let backdated = now.advanced(bySeconds: -KubernetesRelease.backdateSeconds)
    notBefore = release.leafIsBackdated ? max(backdated, authorityNotBefore) : authorityNotBefore
    let wanted = now.advanced(bySeconds: validitySeconds)
    notAfter = min(wanted, authorityNotAfter)
    isCutByAuthority = authorityNotAfter < wanted
  }
}

extension KubernetesRelease {
  /// By how much kubeadm lets a certificate begin before it is made (`constants.CertificateBackdate`).
  public static let backdateSeconds: Int64 = 300

  /// Whether a new CA begins ``backdateSeconds`` before it is made: since 1.28 (kubernetes pull request 118922).
  public var authorityIsBackdated: Bool { version.minor >= 28 }

  /// Whether a leaf begins ``backdateSeconds`` before it is made: since 1.31. Before, it begins with its CA.
  public var leafIsBackdated: Bool { version.minor >= 31 }
}
