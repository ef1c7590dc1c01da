/// What forbids, or speaks against, working on the hosts, whatever the plugins are.
struct Preflight {
  private let spec: ClusterSpec
  private let observed: [String: ObservedHost]
  private let identity: ClusterIdentity

  init(spec: ClusterSpec, observed: [String: ObservedHost], identity: ClusterIdentity) {
    self.spec = spec
    self.observed = observed
    self.identity = identity
  }

  /// Everything that was found, host by host.
  var findings: [Finding] {
    sameMachines + spec.hosts.flatMap { host in observed[host.name].map { findings(host, $0) } ?? [] }
  }

  /// Two entries that turn out to be one machine with one root.
  private var sameMachines: [Finding] {
    var first: [String: String] = [:]
    var findings: [Finding] = []
    for host in spec.hosts {
      guard let seen = observed[host.name], let machine = seen.machineID, !machine.isEmpty else { continue }
      let key = [machine, seen.hostKeyFingerprint ?? "", host.layout.root].joined(separator: "|")
      if let other = first[key] {
        findings.append(
          Finding(
            .error, code: "hosts.same-machine", host: host.name, what: "\(other) and \(host.name) are one machine",
            why: "both have the machine id \(machine) and the same host key; one machine can run one member at a root",
            fix: "correct the address of one of them, or give each a root of its own"))
      } else {
        first[key] = host.name
      }
    }
    return findings
  }

  /// A member of a founded cluster whose data is gone. Under a kubelet nothing keeps it from starting empty.
  static func lostData(_ host: HostSpec, _ seen: ObservedHost) -> Finding? {
    guard let record = seen.record(host.layout), record.isFounded, !seen.hasData(host.layout) else { return nil }
    return Finding(
      .error, code: "member.data-lost", host: host.name,
      what: "the member has lost its data: \(host.layout.dataFolder) is empty",
      why:
        "it was a member of cluster \(record.clusterID ?? ""); started like this it would vote without knowing what it promised",
      fix: "remove the member from the cluster and add it again as a learner; do not start it as it is")
  }

  /// A member that was made for another service manager than the configuration's, by what its host's record says. Both
  /// would start it, on the same data and ports: it is not for `apply` to take it from one and give it to the other.
  /// Before anything was started there it is no more than worth knowing: the finding is a warning.
  static func otherServiceManager(_ spec: ClusterSpec, _ host: HostSpec, _ seen: ObservedHost) -> Finding? {
    let wanted = spec.serviceManager.plugin
    guard let record = seen.record(host.layout), let manager = record.serviceManager, manager != wanted else {
      return nil
    }
    guard record.isFounded || seen.hasData(host.layout) else {
      return Finding(
        .warning, code: "host.prepared-otherwise", host: host.name,
        what: "the host was prepared for the service manager \(manager), and no member was started there",
        why: "what \(manager) needed stays where it is", fix: "remove it when nobody needs it")
    }
    return Finding(
      .error, code: "member.other-service-manager", host: host.name,
      what: "the member is run by \(manager), and the configuration says \(wanted)",
      why: "a member is not moved from one service manager to another: both would start it, on the same data",
      fix: "set serviceManager back to {plugin: \(manager)}, with the manifest writer that goes with it")
  }

  private func findings(_ host: HostSpec, _ seen: ObservedHost) -> [Finding] {
    let layout = host.layout
    let record = seen.record(layout)
    let hasData = seen.hasData(layout)
    var findings: [Finding] = []
    func add(_ severity: Finding.Severity, _ code: String, _ what: String, _ why: String, _ fix: String) {
      findings.append(Finding(severity, code: code, host: host.name, what: what, why: why, fix: fix))
    }
    if hasData, record == nil {
      add(
        .error, "data.foreign", "\(layout.dataFolder) holds the data of a member that Quorate did not make",
        "it may be another cluster's, and is never overwritten",
        "move it away when nobody needs it, or correct the host's address")
    }
    if let other = Self.otherServiceManager(spec, host, seen) { findings.append(other) }
    if let lost = Self.lostData(host, seen) { findings.append(lost) }
    if identity.phase == .existing, record == nil, !hasData {
      add(
        .error, "member.not-joined", "the cluster exists, and this host is not a member of it",
        "a new member joins as a learner, one at a time; founding is for the first start",
        "take the host out of the configuration, or use a cluster of its own for it")
    }
    if record == nil, !hasData {
      let ports = [("client", host.ports.client), ("peer", host.ports.peer), ("metrics", host.ports.metrics)]
      for (use, port) in ports {
        let address = use == "metrics" ? host.address.loopback : host.address
        let isTaken = seen.listeners.contains {
          $0.port == port && ($0.address == address || $0.address.isUnspecified)
        }
        if isTaken {
          add(
            .error, "host.port-taken", "port \(port), the \(use) port, is taken on \(address)",
            "another program listens there", "stop that program (ss -ltnp shows it), or set ports.\(use) of this host")
        }
      }
    }
    if let offset = seen.clockOffsetSeconds, abs(offset) > 2 {
      let amount = "\(Int(abs(offset).rounded())) s \(offset > 0 ? "ahead of" : "behind") this machine's"
      // Certificates are backdated by five minutes (kubeadm `CertificateBackdate`).
      add(
        abs(offset) > 240 ? .error : .warning, "host.clock", "the host's clock is \(amount)",
        "members and certificates rely on clocks that agree", "set up time synchronisation (chrony) on the host")
    }
    if let free = seen.freeBytes, free < 2 << 30 {
      add(
        free < 512 << 20 ? .error : .warning, "host.disk",
        "\(free >> 20) MiB are free where etcd's data will be (\(layout.dataFolder))",
        "etcd's default quota is 2 GiB, and its log takes 128 MiB at once",
        "make room, or set dataFolder to another disk")
    }
    return findings
  }
}
