/// Everything a plugin may know of the member it is asked about.
public struct MemberContext: Sendable, Codable, Hashable {
  /// The cluster's name.
  public var clusterName: String
  /// etcd's `--initial-cluster-token`; nil while no token has been read or made (before the survey).
  public var token: String?
  /// The member's host.
  public var host: HostSpec
  /// Whether it is the configuration's first host.
  public var isFirst: Bool
  /// All hosts of the cluster, this one included, in the configuration's order.
  public var members: [HostSpec]
  /// Whether the cluster is being founded or exists.
  public var phase: MemberPhase
  /// The Kubernetes version whose kubeadm's behaviour is followed.
  public var kubernetesVersion: Version
  /// The etcd version, which decides its flags.
  public var etcdVersion: Version
  /// The etcd image, repository and tag (`k8s.gcr.io/etcd:3.4.13-0`).
  public var image: String
  /// The image's repository without `/etcd`, where the configuration sets it; nil: the version's own.
  public var imageRepository: String?
  /// The image's tag, where the configuration sets it.
  public var imageTag: String?
  /// Extra arguments: the cluster's, then the host's; a host's wins over the cluster's of the same name.
  public var extraArguments: [EtcdArgument]
  /// The keys' algorithm.
  public var keyAlgorithm: KeyAlgorithm

  /// Makes a context.
  public init(
    clusterName: String, token: String?, host: HostSpec, isFirst: Bool, members: [HostSpec], phase: MemberPhase,
    kubernetesVersion: Version, etcdVersion: Version, image: String, imageRepository: String? = nil,
    imageTag: String? = nil, extraArguments: [EtcdArgument] = [], keyAlgorithm: KeyAlgorithm = .ecdsaP256
  ) {
    self.clusterName = clusterName
    self.token = token
    self.host = host
    self.isFirst = isFirst
    self.members = members
    self.phase = phase
    self.kubernetesVersion = kubernetesVersion
    self.etcdVersion = etcdVersion
    self.image = image
    self.imageRepository = imageRepository
    self.imageTag = imageTag
    self.extraArguments = extraArguments
    self.keyAlgorithm = keyAlgorithm
  }

  /// `name=https://ADDRESS:2380` of every member, joined by commas: etcd's `--initial-cluster`.
  public var initialCluster: String { members.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ",") }
}

extension MemberContext {
  /// What every manifest writer says of a member whose token is not known; empty where it is.
  public var tokenFindings: [Finding] {
    guard token == nil else { return [] }
    return [
      Finding(
        .error, code: "etcd.token-missing", host: host.name, what: "the cluster's token is not known",
        why: "two clusters with etcd's default token can take each other's members", fix: "survey the hosts again")
    ]
  }
}

/// Whether the cluster is being founded or exists: etcd's `--initial-cluster-state`.
public enum MemberPhase: String, Sendable, Codable, Hashable {
  /// The first start of all members together.
  case founding = "new"
  /// Everything after.
  case existing
}
