/// The flags that a member's etcd is started with: kubeadm's own, overridden by name by what Quorate puts under
/// `etcd.local.extraArgs`, sorted by name.
///
/// Source: kubernetes `cmd/kubeadm/app/phases/etcd/local.go` (`getEtcdCommand`) and `app/util/arguments.go`.
public struct EtcdFlags: Sendable, Hashable {
  /// The flags, sorted by name, each name once.
  public let arguments: [EtcdArgument]

  /// The flags of a member.
  ///
  /// - Parameters:
  ///   - member: The member.
  ///   - release: The Kubernetes version whose kubeadm's behaviour is followed.
  ///   - etcd: The version that is going to run: it decides how a flag is spelled, and whether it is known.
  public init(of member: MemberContext, release: KubernetesRelease, etcd: Version) {
    var values: [String: String] = [:]
    for argument in Self.defaults(of: member, release: release, etcd: etcd) { values[argument.name] = argument.value }
    for argument in Self.overrides(of: member) { values[argument.name] = argument.value }
    arguments = values.map { EtcdArgument(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name }
  }

  /// `--name=value` of each flag.
  public var commandLine: [String] { arguments.map { "--\($0.name)=\($0.value)" } }

  /// What kubeadm sets by itself for a member, unsorted.
  public static func defaults(
    of member: MemberContext, release: KubernetesRelease, etcd: Version
  ) -> [EtcdArgument] {
    let host = member.host
    let layout = host.layout
    let client = NetworkEndpoint(address: host.address, port: 2379).url()
    let peer = NetworkEndpoint(address: host.address, port: 2380).url()
    let loopback = host.address.loopback
    var flags = [
      EtcdArgument(name: "name", value: host.name),
      EtcdArgument(
        name: "listen-client-urls", value: NetworkEndpoint(address: loopback, port: 2379).url() + "," + client),
      EtcdArgument(name: "advertise-client-urls", value: client),
      EtcdArgument(name: "listen-peer-urls", value: peer),
      EtcdArgument(name: "initial-advertise-peer-urls", value: peer),
      EtcdArgument(name: "initial-cluster", value: "\(host.name)=\(peer)"),
      EtcdArgument(name: "data-dir", value: layout.dataFolder),
      EtcdArgument(name: "cert-file", value: layout.certificate(.server)),
      EtcdArgument(name: "key-file", value: layout.key(.server)),
      EtcdArgument(name: "trusted-ca-file", value: layout.authorityCertificate),
      EtcdArgument(name: "client-cert-auth", value: "true"),
      EtcdArgument(name: "peer-cert-file", value: layout.certificate(.peer)),
      EtcdArgument(name: "peer-key-file", value: layout.key(.peer)),
      EtcdArgument(name: "peer-trusted-ca-file", value: layout.authorityCertificate),
      EtcdArgument(name: "peer-client-cert-auth", value: "true"),
      EtcdArgument(name: "snapshot-count", value: "10000"),
      EtcdArgument(
        name: "listen-metrics-urls", value: NetworkEndpoint(address: loopback, port: 2381).url(scheme: "http")),
    ]
    if release.checksDataAtStart { flags.append(dataCheck(etcd)) }
    if release.notifiesWatchers, let flag = watchProgress(etcd) { flags.append(flag) }
    return flags
  }

  /// The check of the data at each start. etcd 3.6 made it a feature gate (etcd pull request 18478).
  private static func dataCheck(_ etcd: Version) -> EtcdArgument {
    etcd >= Version(3, 6)
      ? EtcdArgument(name: "feature-gates", value: "InitialCorruptCheck=true")
      : EtcdArgument(name: "experimental-initial-corrupt-check", value: "true")
  }

  /// Progress for watchers. The flag is unknown before etcd 3.5 and lost its prefix in 3.6 (etcd pull request 19248).
  private static func watchProgress(_ etcd: Version) -> EtcdArgument? {
    guard etcd >= Version(3, 5) else { return nil }
    let prefix = etcd >= Version(3, 6) ? "" : "experimental-"
    return EtcdArgument(name: prefix + "watch-progress-notify-interval", value: "5s")
  }

  /// Whether a kubeadm writes the flags that this etcd takes; where it does not, these flags differ from kubeadm's.
  ///
  /// kubeadm wrote the old names until 1.33, chose by the image's tag in 1.34 and 1.35 (pull request 132838) and
  /// writes the new ones since 1.36 (135701). etcd 3.6 takes both; here it is given the new ones.
  public static func areKubeadms(_ release: KubernetesRelease, etcd: Version) -> Bool {
    guard release.checksDataAtStart else { return true }
    if release.notifiesWatchers && etcd < Version(3, 5) { return false }
    switch release.version.minor {
    case ..<34: return etcd < Version(3, 6)
    case 34...35: return true
    default: return etcd >= Version(3, 6)
    }
  }

  /// What Quorate puts under `etcd.local.extraArgs`, sorted by name: the cluster and its state, listeners where
  /// kubeadm's do not fit, and the user's own. kubeadm's listeners stay where they fit, so that a client on the
  /// host reaches its member on loopback too.
  public static func overrides(of member: MemberContext) -> [EtcdArgument] {
    var values = managedOverrides(of: member)
    for argument in member.extraArguments { values[argument.name] = argument.value }
    return values.map { EtcdArgument(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name }
  }

  static func managedOverrides(of member: MemberContext) -> [String: String] {
    let host = member.host
    let loopback = host.address.loopback
    var values = [
      "initial-cluster": member.initialCluster,
      "initial-cluster-state": member.phase.rawValue,
    ]
    values["initial-cluster-token"] = member.token
    if host.ports.client != 2379 || host.address.isLoopback {
      let local = NetworkEndpoint(address: loopback, port: host.ports.client).url()
      values["listen-client-urls"] = host.address.isLoopback ? host.clientURL : local + "," + host.clientURL
      values["advertise-client-urls"] = host.clientURL
    }
    if host.ports.peer != 2380 {
      values["listen-peer-urls"] = host.peerURL
      values["initial-advertise-peer-urls"] = host.peerURL
    }
    if host.ports.metrics != 2381 {
      values["listen-metrics-urls"] = host.metricsEndpoint.url(scheme: "http")
    }
    return values
  }
}
