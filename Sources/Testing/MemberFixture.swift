public import QuorateCore

/// Members to try a plugin with: the plain case, and one for each thing that a plugin may overlook.
public enum MemberFixture {
  /// A member of a cluster of three.
  ///
  /// - Parameters:
  ///   - kubernetes: The Kubernetes version.
  ///   - etcd: The etcd version; nil: what that version's kubeadm deploys.
  ///   - phase: Founding, or after.
  ///   - addresses: The addresses of the members, the first one's first.
  ///   - index: Which member, from 0.
  ///   - change: Changes each member's host.
  /// - Returns: The context; nil where an address or the version is none.
  public static func member(
    kubernetes: Version = Version(1, 20, 2), etcd: Version? = nil, phase: MemberPhase = .founding,
    addresses: [String] = ["10.0.0.6", "10.0.0.7", "10.0.0.8"], index: Int = 0,
    change: (inout HostSpec, Int) -> Void = { _, _ in }
  ) -> MemberContext? {
    guard let release = KubernetesRelease(kubernetes), addresses.indices.contains(index) else { return nil }
    var hosts: [HostSpec] = []
    for (number, text) in addresses.enumerated() {
      guard let address = IPAddress(text) else { return nil }
      var host = HostSpec(name: "infra\(number)", address: address)
      change(&host, number)
      hosts.append(host)
    }
    let version = etcd ?? release.etcdVersion
    return MemberContext(
      clusterName: "prod", token: "prod-7f3a1c", host: hosts[index], isFirst: index == 0, members: hosts, phase: phase,
      kubernetesVersion: kubernetes, etcdVersion: version,
      image: "\(release.imageRepository)/etcd:\(KubernetesRelease.imageTag(etcd: version))")
  }

  /// Members by what is special about them; `root` is a folder that stands for `/` in some of them.
  ///
  /// - Parameter root: An absolute folder; it is not touched.
  public static func all(root: String = "/srv/quorate/infra0") -> [(name: String, member: MemberContext)] {
    func make(
      kubernetes: Version = Version(1, 20, 2), phase: MemberPhase = .founding,
      addresses: [String] = ["10.0.0.6", "10.0.0.7", "10.0.0.8"], index: Int = 0,
      change: (inout HostSpec, Int) -> Void = { _, _ in }, extras: [EtcdArgument] = []
    ) -> MemberContext? {
      var member = member(
        kubernetes: kubernetes, phase: phase, addresses: addresses, index: index, change: change)
      member?.extraArguments = extras
      return member
    }
    let cases: [(String, MemberContext?)] = [
      ("a new member", make()),
      ("a member of a founded cluster", make(phase: .existing, index: 1)),
      ("IPv6", make(addresses: ["fd00::6", "fd00::7", "fd00::8"])),
      ("Kubernetes 1.31", make(kubernetes: Version(1, 31, 0))),
      ("Kubernetes 1.36", make(kubernetes: Version(1, 36, 0), phase: .existing)),
      (
        "other ports and another data folder",
        make(change: { host, _ in
          host.ports = MemberPorts(client: 12379, peer: 12380, metrics: 12381)
          host.dataFolder = "/srv/etcd data"
        })
      ),
      (
        "a folder as root, on loopback",
        make(
          addresses: ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
          change: { host, number in
            let port = UInt16(10_000 * (number + 1))
            host.root = root
            host.ports = MemberPorts(client: port + 2379, peer: port + 2380, metrics: port + 2381)
          })
      ),
      (
        "extra arguments",
        make(extras: [
          EtcdArgument(name: "quota-backend-bytes", value: "8589934592"),
          EtcdArgument(name: "snapshot-count", value: "5000"),
          EtcdArgument(name: "log-outputs", value: "stderr"),
        ])
      ),
      ("one member", make(addresses: ["10.0.0.6"])),
    ]
    return cases.compactMap { name, member in member.map { (name, $0) } }
  }
}
