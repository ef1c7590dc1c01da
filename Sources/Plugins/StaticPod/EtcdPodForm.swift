internal import QuorateCore

/// How the manifest of the etcd pod looks in one version of kubeadm.
///
/// Sources: kubernetes `cmd/kubeadm/app/phases/etcd/local.go` (`GetEtcdPodSpec`), `app/util/staticpod/utils.go`, and
/// the pull request named at each member.
struct EtcdPodForm: Equatable {
  /// Whether the pod requests 100Mi of ephemeral storage. Taken out in 1.22, 1.21.2 and 1.20.8 (102673, 102705,
  /// 102704).
  var requestsEphemeralStorage: Bool
  /// Whether the pod runs under the runtime's default seccomp profile: since 1.22 (100234).
  var hasSeccompProfile: Bool
  /// Whether the priority stands beside its class: since 1.27, 1.26.7 and 1.25.12 (114338, 119117, 119118).
  var hasPriority: Bool
  /// Whether an empty `creationTimestamp` is printed: until 1.33.
  var printsCreationTimestamp: Bool
  /// Whether the probes name a port of the container instead of its number: since 1.34 (132776).
  var namesProbePort: Bool
  /// The paths of the probes.
  var probes: Probes

  /// What the kubelet asks etcd's metrics listener.
  enum Probes: Equatable {
    /// `/health` for both: until 1.24.
    case health
    /// A local read for liveness, a read through the leader for the start: 1.25 to 1.30 (110072, 110744).
    case serializable
    /// `/livez` and `/readyz`, and a probe for readiness: since 1.31, with etcd 3.5.11 or later (124465).
    case livez

    /// The first etcd version that answers these probes: `serializable` came with 3.5.3 (etcd 13399), `/livez` with
    /// 3.5.11.
    var firstEtcd: Version {
      switch self {
      case .health: Version(3, 3)
      case .serializable: Version(3, 5, 3)
      case .livez: Version(3, 5, 11)
      }
    }
  }

  /// The form of a version of kubeadm.
  init(kubernetes version: Version) {
    func isAtLeast(_ minor: Int, patches: [Int: Int] = [:]) -> Bool {
      version.minor >= minor || patches[version.minor].map { version.patch >= $0 } ?? false
    }
    requestsEphemeralStorage = !isAtLeast(22, patches: [20: 8, 21: 2])
    hasSeccompProfile = isAtLeast(22)
    hasPriority = isAtLeast(27, patches: [25: 12, 26: 7])
    printsCreationTimestamp = !isAtLeast(34)
    namesProbePort = isAtLeast(34)
    probes = isAtLeast(31) ? .livez : isAtLeast(25) ? .serializable : .health
  }

  /// The probes that an etcd of this version answers: the form's own, or those of an earlier kubeadm.
  func probes(for etcd: Version) -> Probes {
    [probes, .serializable].first { etcd >= $0.firstEtcd && $0.firstEtcd <= probes.firstEtcd } ?? .health
  }
}
