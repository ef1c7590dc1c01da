internal import QuorateCore

/// A host as far as it could be read.
struct HostDraft {
  /// Its index in `spec.hosts`.
  var index: Int
  var name: String?
  var address: IPAddress?
  var endpoint: HostEndpoint?
  /// nil: `/` itself.
  var root: String?
  var ports: MemberPorts
  /// Whether every port that is written could be read.
  var portsAreKnown: Bool
  /// The host, where all of it could be read.
  var spec: HostSpec?

  /// Its path in the configuration.
  var path: String { "spec.hosts[\(index)]" }
  /// What messages call it.
  var title: String { name.map { "`\($0)`" } ?? "`\(path)`" }
}

extension SpecAssembly {
  /// The hosts, each as far as it could be read.
  mutating func hosts(of spec: SettingsValue) -> [HostDraft] {
    let defaultDataFolder = spec["etcd"]["dataFolder"].string ?? "/var/lib/etcd"
    var drafts: [HostDraft] = []
    for (index, entry) in (spec["hosts"].list ?? []).enumerated() {
      drafts.append(host(entry, index: index, defaultDataFolder: defaultDataFolder))
    }
    return drafts
  }

  private mutating func host(_ entry: SettingsValue, index: Int, defaultDataFolder: String) -> HostDraft {
    let path = "spec.hosts[\(index)]"
    let address = entry["address"].string.flatMap(IPAddress.init)
    let ports = MemberPorts(
      client: port(entry["ports"]["client"], 2379), peer: port(entry["ports"]["peer"], 2380),
      metrics: port(entry["ports"]["metrics"], 2381))
    let host = entry["ssh"]["host"].string ?? address?.description
    let endpoint = host.map {
      HostEndpoint(host: $0, port: port(entry["ssh"]["port"], 22), user: entry["ssh"]["user"].string)
    }
    var root = entry["root"].string.flatMap { resolved($0, at: "\(path).root") }
    if root == "/" { root = nil }
    let arguments = checkedArguments(
      entry["extraArgs"], at: "\(path).extraArgs", dataFolderKey: "\(path).dataFolder")
    let both = names(entry["sans"])
    var draft = HostDraft(
      index: index, name: entry["name"].string, address: address, endpoint: endpoint, root: root, ports: ports,
      portsAreKnown: ["client", "peer", "metrics"].allSatisfy { use in
        positions["\(path).ports.\(use)"] == nil || entry["ports"][use].integer != nil
      })
    if draft.portsAreKnown { checkOwnPorts(of: draft) }
    if let name = draft.name, let address, let endpoint {
      draft.spec = HostSpec(
        name: name, address: address, endpoint: endpoint, root: root, ports: ports,
        dataFolder: PathCheck.normalized(entry["dataFolder"].string ?? defaultDataFolder),
        serverSANs: unique(both + names(entry["serverSANs"])), peerSANs: unique(both + names(entry["peerSANs"])),
        extraArguments: arguments)
    }
    return draft
  }

  private func port(_ value: SettingsValue, _ standard: UInt16) -> UInt16 {
    value.integer.flatMap(UInt16.init(exactly:)) ?? standard
  }

  /// SANs in the order they are written; an address in its canonical form, so that equal ones are seen to be equal.
  private func names(_ value: SettingsValue) -> [String] {
    (value.list ?? []).compactMap(\.string).map { IPAddress($0)?.description ?? $0 }
  }

  private func unique(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  private mutating func checkOwnPorts(of host: HostDraft) {
    var uses: [UInt16: String] = [:]
    for (use, port) in [("client", host.ports.client), ("peer", host.ports.peer), ("metrics", host.ports.metrics)] {
      if let other = uses[port] {
        findings.error(
          "hosts.port-conflict", at: place("\(host.path).ports.\(use)"),
          "host \(host.title) uses port \(port) twice, as \(other) and as \(use) port",
          why: "etcd listens on each of its three ports by itself", fix: "choose another `ports.\(use)`")
      } else {
        uses[port] = use
      }
    }
  }
}
