internal import QuorateCore

/// What must hold among the hosts: their number, and that each is a machine of its own.
extension SpecAssembly {
  mutating func check(_ hosts: [HostDraft], allowEven: Bool, isListed: Bool) {
    if isListed { checkNumber(hosts.count, allowEven: allowEven) }
    let alike = checkAddresses(hosts)
    checkListeners(hosts, except: alike)
    checkMachines(hosts, except: alike)
    checkReach(hosts)
  }

  private mutating func checkNumber(_ count: Int, allowEven: Bool) {
    let place = place("spec.hosts")
    switch count {
    case 0:
      findings.error(
        "hosts.none", at: place, "`spec.hosts` is empty", why: "a cluster has at least one member",
        fix: "name the hosts: `- {name: infra0, address: 10.0.0.6}`, a line each")
    case 1:
      findings.warning(
        "hosts.single", at: place, "the cluster has one member",
        why: "it ends with its host; three survive the loss of one",
        fix: "use three hosts for anything that must last")
    case _ where count.isMultiple(of: 2) && !allowEven:
      findings.error(
        "hosts.even", at: place, "the cluster has an even number of members: \(count)",
        why: count == 2
          ? "with two, the loss of either stops the cluster, so it is less safe than one alone"
          : "\(count) members survive the loss of \((count - 1) / 2), as \(count - 1) do, and more must agree",
        fix: "add or remove a host, or set `spec.allowEvenMembers: true`")
    case 2:
      findings.warning(
        "hosts.even", at: place, "the cluster has two members", why: "the loss of either stops it",
        fix: "use three hosts for anything that must last")
    case 8...:
      findings.warning(
        "hosts.many", at: place, "the cluster has \(count) members",
        why: "every write waits for a majority of them; etcd's documentation advises at most seven",
        fix: "use three, five or seven hosts")
    default: break
    }
  }

  /// Hosts whose address and ports are all the same as an earlier one's: one mistake, told once.
  private mutating func checkAddresses(_ hosts: [HostDraft]) -> Set<Int> {
    struct Listener: Hashable {
      var address: IPAddress
      var ports: MemberPorts
    }
    var first: [Listener: HostDraft] = [:]
    var alike: Set<Int> = []
    for host in hosts where host.portsAreKnown {
      guard let address = host.address else { continue }
      let listener = Listener(address: address, ports: host.ports)
      guard let other = first[listener] else {
        first[listener] = host
        continue
      }
      alike.insert(host.index)
      findings.error(
        "hosts.repeated-endpoint", at: place("\(host.path).address"),
        "hosts \(other.title) and \(host.title) have the same address and ports: "
          + "\(NetworkEndpoint(address: address, port: host.ports.client))",
        why: "the other one is in line \(place("\(other.path).address")?.line ?? 0)",
        fix: "correct the address, or give members on one machine ports and a root of their own")
    }
    return alike
  }

  /// Ports that two members on one machine both want.
  private mutating func checkListeners(_ hosts: [HostDraft], except alike: Set<Int>) {
    struct Socket: Hashable {
      var machine: IPAddress
      var endpoint: NetworkEndpoint
    }
    var taken: [Socket: (host: HostDraft, use: String)] = [:]
    for host in hosts where !alike.contains(host.index) && host.portsAreKnown {
      guard let address = host.address else { continue }
      let machine = address.isLoopback ? .loopbackV4 : address
      let uses = [
        ("client", address, host.ports.client), ("client", address.loopback, host.ports.client),
        ("peer", address, host.ports.peer), ("metrics", address.loopback, host.ports.metrics),
      ]
      var told: Set<String> = []
      for (use, listening, port) in uses {
        let socket = Socket(machine: machine, endpoint: NetworkEndpoint(address: listening, port: port))
        guard let other = taken[socket], other.host.index != host.index else {
          if taken[socket] == nil { taken[socket] = (host, use) }
          continue
        }
        guard told.insert(use).inserted else { continue }
        findings.error(
          "hosts.port-conflict", at: place("\(host.path).ports.\(use)"),
          "the \(use) port of host \(host.title) is taken: "
            + "\(socket.endpoint) is the \(other.use) port of \(other.host.title)",
          why:
            "both have \(address.isLoopback ? "a loopback address" : "the address \(address)"): one machine",
          fix: "give \(host.title) other `ports`, or correct its address")
      }
    }
  }

  /// Entries that log in to one machine and would write the same files there.
  private mutating func checkMachines(_ hosts: [HostDraft], except alike: Set<Int>) {
    struct Tree: Hashable {
      var host: String
      var port: UInt16
      var root: String
    }
    var first: [Tree: HostDraft] = [:]
    for host in hosts where !alike.contains(host.index) {
      guard let endpoint = host.endpoint else { continue }
      let name = IPAddress(endpoint.host)?.description ?? endpoint.host.lowercased()
      let tree = Tree(host: name, port: endpoint.port, root: host.root ?? "/")
      guard let other = first[tree] else {
        first[tree] = host
        continue
      }
      let login = IPAddress(endpoint.host).map { NetworkEndpoint(address: $0, port: endpoint.port).description }
      findings.error(
        "hosts.one-machine", at: place(host.path),
        "hosts \(other.title) and \(host.title) are one machine: both log in at "
          + "\(login ?? "\(endpoint.host):\(endpoint.port)"), with the same root",
        why: "they would write the same files", fix: "correct `ssh`, or give each a `root` of its own")
    }
  }

  /// Addresses that the others cannot reach.
  private mutating func checkReach(_ hosts: [HostDraft]) {
    let addressed = hosts.filter { $0.address != nil }
    let local = addressed.filter { $0.address?.isLoopback == true }
    if local.count != addressed.count {
      for host in local {
        guard let address = host.address else { continue }
        findings.error(
          "hosts.loopback", at: place("\(host.path).address"),
          "host \(host.title) has the loopback address \(address), and other hosts have not",
          why: "on another machine it means that machine", fix: "write the address that the other members reach")
      }
    }
    guard let first = addressed.first, let family = first.address?.isV6 else { return }
    if let other = addressed.first(where: { $0.address?.isV6 != family }) {
      findings.warning(
        "hosts.families", at: place("\(other.path).address"),
        "the members' addresses mix IPv4 and IPv6: \(first.title) and \(other.title) differ",
        why: "every member must reach every other one, so each host needs an address of both families",
        fix: "use one family for all")
    }
  }
}
