internal import QuorateCore

/// The files of all hosts together.
struct KubeadmMembers {
  let members: [KubeadmMember]

  init(_ members: [KubeadmMember]) { self.members = members }

  /// Tells where the files describe different clusters.
  func agree(_ builder: inout InventoryBuilder) {
    guard let first = members.first else { return }
    let expected = Set(first.peers.map { "\($0.name)=\($0.url)" })
    for member in members.dropFirst() where Set(member.peers.map { "\($0.name)=\($0.url)" }) != expected {
      builder.error(
        "kubeadm.clusters", at: member.peersPosition ?? member.position,
        "`initial-cluster` is not the one of \(shown(first.position.file))",
        why: "the members of a cluster have the same, so these are files of two clusters, or one is old",
        fix: "name the files of one cluster, all as they are on the hosts")
    }
    if let one = first.kubernetesVersion {
      for member in members.dropFirst() {
        guard let other = member.kubernetesVersion, other.text != one.text else { continue }
        builder.error(
          "kubeadm.versions", at: other.position,
          "`kubernetesVersion` is \(shown(other.text)), and \(shown(one.text)) in \(shown(first.position.file))",
          why: "all hosts follow one version", fix: "correct one of them")
      }
    }
  }

  /// The hosts: those with a file, and those that only `initial-cluster` names, in its order.
  func hosts(_ builder: inout InventoryBuilder) -> [Inventory.Host] {
    let shared = sharedArguments
    var hosts: [Inventory.Host] = []
    for member in members {
      guard let name = member.name, let address = member.address else {
        builder.error(
          "kubeadm.member", at: member.position,
          member.name == nil ? "the file does not name its member" : "the file has no address of its member",
          why: member.name == nil
            ? "it stands in `nodeRegistration.name`, or in the argument `name`"
            : "it stands in `localAPIEndpoint.advertiseAddress`, `listen-peer-urls` or `serverCertSANs`",
          fix: "add it")
        continue
      }
      var host = Inventory.Host(name: name, address: address.description, position: member.position)
      if member.ports != MemberPorts() { host.ports = member.ports }
      if let folder = member.dataFolder, folder != "/var/lib/etcd" { host.dataFolder = folder }
      let implied = [address.description, name, "localhost", "127.0.0.1", "::1"]
      host.serverSANs = Self.further(member.serverSANs, than: implied)
      host.peerSANs = Self.further(member.peerSANs, than: implied)
      host.extraArguments = member.arguments.map(\.argument).filter { !shared.contains($0) }
      hosts.append(host)
    }
    return hosts + others(than: hosts, &builder)
  }

  private func others(than hosts: [Inventory.Host], _ builder: inout InventoryBuilder) -> [Inventory.Host] {
    guard let first = members.first, let place = first.peersPosition else { return [] }
    var others: [Inventory.Host] = []
    let names = Set(members.compactMap(\.name))
    for peer in first.peers where !names.contains(peer.name) {
      guard let address = peer.address else {
        builder.error(
          "kubeadm.member", at: place,
          "`initial-cluster` has \(shown("\(peer.name)=\(peer.url)")), which has no address",
          fix: "name the file of that host")
        continue
      }
      builder.warning(
        "kubeadm.no-file", at: place, "the file of \(shown(peer.name)) was not named",
        why: "its address is taken from `initial-cluster`; SANs and arguments of its own are not known",
        fix: "name it, too")
      var host = Inventory.Host(name: peer.name, address: address.description, position: place)
      if let port = peer.port, port != MemberPorts().peer {
        host.ports = MemberPorts()
        host.ports?.peer = port
      }
      others.append(host)
    }
    return others
  }

  /// What all files say alike.
  func common(_ builder: inout InventoryBuilder) {
    builder.inventory.extraArguments = sharedArguments
    if let version = members.lazy.compactMap(\.kubernetesVersion).first {
      if VersionCheck.kubernetes(version.text) == nil {
        builder.inventory.kubernetesVersion = version.text
      } else {
        builder.warning(
          "kubeadm.version", at: version.position, "`kubernetesVersion` is \(shown(version.text)), which is left out",
          why: "a release is named by three numbers, and known are \(KubernetesRelease.knownRangeText)",
          fix: "give the version of the hosts' kubelet by --kubernetes-version")
      }
    }
    let repositories = Set(members.compactMap(\.imageRepository))
    let tags = Set(members.compactMap(\.imageTag))
    if repositories.count == 1 { builder.inventory.imageRepository = repositories.first }
    if tags.count == 1 { builder.inventory.imageTag = tags.first }
    if repositories.count > 1 || tags.count > 1 {
      builder.warning(
        "kubeadm.image", at: members.first?.position, "the files name different images of etcd, which are left out",
        why: "all members run the same", fix: "set `spec.etcd.imageRepository` and `spec.etcd.imageTag`")
    }
  }

  /// The arguments that every file has alike, where there are several.
  private var sharedArguments: [EtcdArgument] {
    guard members.count > 1, let first = members.first else { return [] }
    return first.arguments.map(\.argument).filter { argument in
      members.allSatisfy { $0.arguments.contains { $0.argument == argument } }
    }
  }

  private static func further(_ names: [String], than implied: [String]) -> [String] {
    names.map { IPAddress($0)?.description ?? $0 }.filter { !implied.contains($0) }
  }
}
