/// What kubeadm does in one minor version of Kubernetes, as far as an external etcd is concerned.
///
/// Sources: kubernetes `cmd/kubeadm/app/constants/constants.go` (`SupportedEtcdVersion`, `DefaultEtcdVersion`),
/// `app/phases/etcd/local.go`, `app/phases/certs/certlist.go`, and the release notes named at each member.
public struct KubernetesRelease: Sendable, Hashable {
  /// The version.
  public let version: Version

  /// The Kubernetes minor versions that are known: 1.20 to 1.37.
  public static let knownMinors = 20...37

  /// The range for messages: `v1.20 to v1.37`.
  public static let knownRangeText = "v1.\(knownMinors.lowerBound) to v1.\(knownMinors.upperBound)"

  /// The release of a version; nil where the minor version is not known.
  public init?(_ version: Version) {
    guard version.major == 1, Self.knownMinors.contains(version.minor) else { return nil }
    self.version = version
  }

  private var minor: Int { version.minor }

  /// The etcd version that this version's kubeadm deploys.
  ///
  /// `.0` releases as in `SupportedEtcdVersion`; of the later patches, those whose backport is known: 3.5.24 came
  /// to 1.31.14, 1.32.10 and 1.33.6, and 3.6.5 to 1.34.2 (kubernetes pull requests 134779, 134861 and their picks).
  public var etcdVersion: Version {
    switch (minor, version.patch) {
    case (20...21, _): Version(3, 4, 13)
    case (22, _): Version(3, 5, 0)
    case (23, _): Version(3, 5, 1)
    case (24, _): Version(3, 5, 3)
    case (25, _): Version(3, 5, 4)
    case (26, _): Version(3, 5, 6)
    case (27, _): Version(3, 5, 7)
    case (28, _): Version(3, 5, 9)
    case (29, _): Version(3, 5, 10)
    case (30, _): Version(3, 5, 12)
    case (31, ..<14): Version(3, 5, 15)
    case (32, ..<10): Version(3, 5, 16)
    case (33, ..<6): Version(3, 5, 21)
    case (31...33, _): Version(3, 5, 24)
    case (34, ..<2): Version(3, 6, 4)
    case (34, _): Version(3, 6, 5)
    case (35, _): Version(3, 6, 6)
    case (36, _): Version(3, 6, 8)
    default: Version(3, 7, 0)
    }
  }

  /// The image repository: `registry.k8s.io` since 1.25, 1.24.9, 1.23.15 and 1.22.17, `k8s.gcr.io` before (pull
  /// requests 109938, 113388, 113393, 113395).
  public var imageRepository: String {
    isAtLeast(minor: 25, orPatches: [22: 17, 23: 15, 24: 9]) ? "registry.k8s.io" : "k8s.gcr.io"
  }

  /// The tag kubeadm gives an etcd version: `3.4.13-0`.
  public static func imageTag(etcd version: Version) -> String { "\(version)-0" }

  /// The image of a pod's sandbox that this version's kubeadm pulls, `REPOSITORY/pause:TAG` (`constants.go`,
  /// `PauseVersion`). The container runtime's own configuration decides which one is used.
  public var pauseImage: String {
    let tag =
      switch minor {
      case ...20: "3.2"
      case 21: "3.4.1"
      case 22: "3.5"
      case 23: "3.6"
      case 24: "3.7"
      case 25: "3.8"
      case 26...30: "3.9"
      case 31...33: "3.10"
      default: "3.10.1"
      }
    return "\(imageRepository)/pause:\(tag)"
  }

  /// The API version of `kubeadmcfg.yaml` that this version's kubeadm takes without a warning: v1beta4 since
  /// 1.31, v1beta3 since 1.22, v1beta2 before.
  public var kubeadmAPI: KubeadmAPI { minor >= 31 ? .v1beta4 : minor >= 22 ? .v1beta3 : .v1beta2 }

  /// Whether the client certificates carry `O=system:masters`: until 1.28 (kubernetes pull requests 119859, 120521).
  public var clientsAreMasters: Bool { minor <= 28 }

  /// Whether the CA's common name is among its DNS SANs (client-go `cert.NewSelfSignedCACert` since 1.22; the
  /// 1.20 CA carries none).
  public var authorityNameIsSAN: Bool { minor >= 22 }

  /// Whether kubeadm starts etcd with a check of its data at each start: since 1.24, and in 1.23.7 and 1.22.10
  /// (kubernetes pull requests 109074, 109075, 109076).
  public var checksDataAtStart: Bool { isAtLeast(minor: 24, orPatches: [22: 10, 23: 7]) }

  /// Whether kubeadm lets etcd send progress to watchers every 5 seconds: since 1.25 (pull request 111383).
  public var notifiesWatchers: Bool { minor >= 25 }

  /// Whether this version has something that came with a minor version and was picked to patches of earlier ones.
  func isAtLeast(minor first: Int, orPatches picked: [Int: Int] = [:]) -> Bool {
    minor >= first || picked[minor].map { version.patch >= $0 } ?? false
  }

  /// Whether the kubelet takes the runtime's endpoint in its configuration file: since 1.27, where the flag
  /// `--container-runtime` went.
  public var runtimeEndpointInKubeletFile: Bool { minor >= 27 }
}

/// An API version of kubeadm's configuration.
public enum KubeadmAPI: String, Sendable, Codable, Hashable {
  /// 1.15 to 1.26.
  case v1beta2 = "kubeadm.k8s.io/v1beta2"
  /// 1.22 to 1.36.
  case v1beta3 = "kubeadm.k8s.io/v1beta3"
  /// Since 1.31; `extraArgs` is a list.
  case v1beta4 = "kubeadm.k8s.io/v1beta4"
}
