internal import QuorateCore

/// One host's file of the kubeadm guide.
struct KubeadmMember {
  var name: String?
  var address: IPAddress?
  var ports = MemberPorts()
  var dataFolder: String?
  var serverSANs: [String] = []
  var peerSANs: [String] = []
  /// The arguments that are not the guide's own.
  var arguments: [(argument: EtcdArgument, position: SourcePosition)] = []
  /// `initial-cluster`, in its order.
  var peers: [(name: String, address: IPAddress?, port: UInt16?, url: String)] = []
  var peersPosition: SourcePosition?
  var kubernetesVersion: (text: String, position: SourcePosition)?
  var imageRepository: String?
  var imageTag: String?
  var position: SourcePosition

  static let apis = ["v1beta1", "v1beta2", "v1beta3", "v1beta4"].map { "kubeadm.k8s.io/\($0)" }

  /// Reads a file's documents; nil, with findings, where they are no such file.
  init?(_ documents: [ConfigurationNode], file: String, _ builder: inout InventoryBuilder) {
    position = SourcePosition(file: file, line: 1, column: 1)
    guard !documents.isEmpty else { return nil }
    var cluster: ConfigurationNode?
    var initial: ConfigurationNode?
    var isOfAnotherVersion = false
    for document in documents {
      guard !document.isNull else { continue }
      let api = document["apiVersion"]?.value.text ?? ""
      let kind = document["kind"]?.value.text ?? ""
      let place = (document["apiVersion"] ?? document["kind"])?.place ?? document.position
      switch kind {
      case "ClusterConfiguration" where Self.apis.contains(api): cluster = document
      case "InitConfiguration" where Self.apis.contains(api): initial = document
      case "ClusterConfiguration", "InitConfiguration":
        isOfAnotherVersion = true
        builder.error(
          "kubeadm.api", at: place, "`apiVersion` is \(shown(api)), which is not read",
          why: "known are \(Self.apis.map { "`\($0)`" }.joined(separator: ", "))",
          fix: api == "kubeadm.k8s.io/v1" ? "write it as v1beta4" : "`kubeadm config migrate` writes a newer one")
      default:
        builder.warning("kubeadm.left-out", at: place, "the document of kind \(shown(kind)) is left out")
      }
    }
    if isOfAnotherVersion { return nil }
    guard let cluster else {
      builder.error(
        "kubeadm.form", at: documents[0].position, "\(shown(file)) has no ClusterConfiguration of kubeadm",
        why: "the guide's file `kubeadmcfg.yaml` has one, with `etcd.local`", fix: "name the file of each host")
      return nil
    }
    guard let local = cluster["etcd"]?.value["local"]?.value, local.entries != nil else {
      let isExternal = cluster["etcd"]?.value["external"] != nil
      builder.error(
        "kubeadm.form", at: cluster["etcd"]?.place ?? cluster.position, "\(shown(file)) has no `etcd.local`",
        why: isExternal
          ? "`etcd.external` is a control plane's file, and says nothing of the members" : "it describes a member",
        fix: "name the file of each etcd host")
      return nil
    }
    position = local.position
    read(initial)
    read(cluster, local, &builder)
  }

  private mutating func read(_ initial: ConfigurationNode?) {
    name = initial?["nodeRegistration"]?.value["name"]?.value.text
    address = initial?["localAPIEndpoint"]?.value["advertiseAddress"]?.value.text.flatMap { IPAddress($0) }
  }

  private mutating func read(
    _ cluster: ConfigurationNode, _ local: ConfigurationNode, _ builder: inout InventoryBuilder
  ) {
    for entry in cluster.entries ?? [] {
      switch entry.key {
      case "apiVersion", "kind", "etcd", "certificatesDir": break
      case "kubernetesVersion": kubernetesVersion = entry.value.text.map { ($0, entry.place) }
      case "imageRepository":
        // The member's image is in it, unless `etcd.local` has another one.
        imageRepository = entry.value.text
      default: leftOut(entry, &builder)
      }
    }
    if let folder = cluster["certificatesDir"], folder.value.text != "/etc/kubernetes/pki" { leftOut(folder, &builder) }
    for entry in local.entries ?? [] {
      switch entry.key {
      case "serverCertSANs": serverSANs = Self.texts(entry.value)
      case "peerCertSANs": peerSANs = Self.texts(entry.value)
      case "extraArgs": arguments(entry.value, &builder)
      case "imageRepository": imageRepository = entry.value.text ?? imageRepository
      case "imageTag": imageTag = entry.value.text
      case "dataDir": dataFolder = entry.value.text
      default: leftOut(entry, &builder)
      }
    }
    let listed = peers.first { $0.name == name }
    address = address ?? listed?.address ?? serverSANs.lazy.compactMap { IPAddress($0) }.first { !$0.isLoopback }
    if let port = listed?.port { ports.peer = port }
  }

  /// A mapping up to v1beta3, a list of names and values since v1beta4.
  private mutating func arguments(_ node: ConfigurationNode, _ builder: inout InventoryBuilder) {
    var all: [(name: String, value: String, position: SourcePosition)] = []
    for entry in node.entries ?? [] { all.append((entry.key, entry.value.text ?? "", entry.place)) }
    if case .list(let elements) = node.content {
      for element in elements {
        guard let name = element["name"]?.value.text else {
          builder.error(
            "kubeadm.argument", at: element.position, "an entry of `extraArgs` has no `name`",
            why: "since v1beta4 it is a list of `{name, value}`", fix: "write its name")
          continue
        }
        all.append((name, element["value"]?.value.text ?? "", element["value"]?.place ?? element.position))
      }
    }
    for (name, value, place) in all { argument(name, value, place, &builder) }
  }

  private mutating func argument(
    _ flag: String, _ value: String, _ place: SourcePosition, _ builder: inout InventoryBuilder
  ) {
    let urls = value.split(separator: ",").map(String.init)
    let endpoints = urls.compactMap(Self.endpoint)
    // The loopback address is listened on besides.
    let own = endpoints.first { !$0.address.isLoopback } ?? endpoints.first
    switch flag {
    case "name": name = value
    case "initial-cluster":
      peersPosition = place
      for part in urls {
        let halves = part.split(separator: "=", maxSplits: 1).map(String.init)
        let end = halves.count == 2 ? Self.endpoint(halves[1]) : nil
        peers.append((halves.first ?? "", end?.address, end?.port, halves.last ?? ""))
      }
    case "listen-peer-urls", "initial-advertise-peer-urls":
      if let own, !own.address.isUnspecified {
        address = own.address
        ports.peer = own.port
      }
    case "listen-client-urls", "advertise-client-urls":
      if let own {
        if !own.address.isUnspecified, !own.address.isLoopback { address = address ?? own.address }
        ports.client = own.port
      }
    case "listen-metrics-urls": if let own { ports.metrics = own.port }
    case "data-dir": dataFolder = value
    case "initial-cluster-state", "initial-cluster-token": break
    default:
      guard let managed = ManagedFlag.all[flag] else {
        arguments.append((EtcdArgument(name: flag, value: value), place))
        return
      }
      builder.warning(
        "kubeadm.argument", at: place, "the argument `\(flag)` is left out: \(shown(value))",
        why: "Quorate sets `--\(managed.flag)` itself: \(managed.why)")
    }
  }

  private static func endpoint(_ url: String) -> NetworkEndpoint? {
    guard let scheme = url.firstRange(of: "://") else { return nil }
    let rest = url[scheme.upperBound...].prefix { $0 != "/" }
    guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0 else {
      return nil
    }
    var host = rest[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return IPAddress(String(host)).map { NetworkEndpoint(address: $0, port: port) }
  }

  private static func texts(_ node: ConfigurationNode) -> [String] {
    if case .list(let elements) = node.content { elements.compactMap(\.text) } else { [] }
  }

  private func leftOut(_ entry: ConfigurationNode.Entry, _ builder: inout InventoryBuilder) {
    builder.warning(
      "kubeadm.left-out", at: entry.keyPosition, "`\(entry.key)` is left out",
      why: "it says nothing of an etcd member that Quorate could take over")
  }
}
