/// An etcd flag that Quorate sets itself, or one that would take effect against it.
struct ManagedFlag: Sendable {
  /// The flag of Quorate's that stands against it.
  let flag: String
  /// Why it is managed.
  let why: String
  private let setting: String

  /// What to do instead.
  func fix(dataFolderKey: String) -> String {
    setting == "DATA"
      ? "remove it, and set `\(dataFolderKey)`" : setting.isEmpty ? "remove it" : "remove it, \(setting)"
  }

  private init(_ flag: String, _ why: String, _ setting: String = "") {
    self.flag = flag
    self.why = why
    self.setting = setting
  }

  /// All of them, by the name of the extra argument.
  static let all: [String: ManagedFlag] = {
    var flags: [String: ManagedFlag] = [
      "name": ManagedFlag("name", "it is the host's name", "and set the host's `name`"),
      "data-dir": ManagedFlag("data-dir", "it is `dataFolder`", "DATA"),
      "listen-metrics-urls": ManagedFlag(
        "listen-metrics-urls", "probes and `quorate health` ask there", "and set the host's `ports.metrics`"),
      "config-file": ManagedFlag("name", "with a configuration file etcd ignores every flag"),
      "force-new-cluster": ManagedFlag(
        "initial-cluster-state", "it makes one member forget the others, at every start"),
    ]
    for flag in ["listen-client-urls", "advertise-client-urls"] {
      flags[flag] = ManagedFlag(
        flag, "it is made of the host's `address` and `ports.client`", "and set the host's `address` or `ports.client`")
    }
    for flag in ["listen-peer-urls", "initial-advertise-peer-urls"] {
      flags[flag] = ManagedFlag(
        flag, "it is made of the host's `address` and `ports.peer`", "and set the host's `address` or `ports.peer`")
    }
    for flag in ["initial-cluster", "initial-cluster-state", "initial-cluster-token"] {
      flags[flag] = ManagedFlag(flag, "it is the cluster's identity, the same on every host, and made once")
    }
    for flag in ["discovery", "discovery-srv", "discovery-srv-name", "discovery-endpoints", "discovery-token"] {
      flags[flag] = ManagedFlag("initial-cluster", "the members are those of `spec.hosts`")
    }
    for side in ["", "peer-"] {
      for flag in ["cert-file", "key-file", "trusted-ca-file"] {
        flags[side + flag] = ManagedFlag(
          side + flag, "the certificates are Quorate's, and it renews them in their place")
      }
      flags[side + "client-cert-auth"] = ManagedFlag(
        side + "client-cert-auth", "without it anybody who reaches the port may read and write")
      flags[side + "auto-tls"] = ManagedFlag(side + "cert-file", "etcd would make certificates of its own")
    }
    flags["ca-file"] = ManagedFlag(
      "trusted-ca-file", "the certificates are Quorate's, and it renews them in their place")
    flags["peer-ca-file"] = ManagedFlag(
      "peer-trusted-ca-file", "the certificates are Quorate's, and it renews them in their place")
    return flags
  }()
}
