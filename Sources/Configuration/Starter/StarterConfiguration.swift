public import QuorateCore

/// Writes a first configuration, for `quorate init infra0=10.0.0.6 infra1=10.0.0.7 infra2=10.0.0.8 --user ubuntu`, or for
/// the hosts of an ``Inventory``.
public struct StarterConfiguration: Sendable {
  /// The hosts as the user gave them, `NAME=ADDRESS` each.
  public var hosts: [String]
  /// Where the hosts come from instead; what the user gives beside it wins.
  public var inventory: Inventory?
  /// The login name; nil: the transport's own default.
  public var user: String?
  /// The cluster's name.
  public var name: String
  /// The Kubernetes version; nil: the inventory's, or the newest one that is known. Where an inventory could name one and
  /// does not, none is written, and the hosts' kubeadm are asked.
  public var kubernetesVersion: String?

  /// Makes a value.
  public init(hosts: [String], user: String? = nil, name: String = "etcd", kubernetesVersion: String? = nil) {
    self.hosts = hosts
    self.user = user
    self.name = name
    self.kubernetesVersion = kubernetesVersion
  }

  /// Makes a value for the hosts of an inventory.
  public init(inventory: Inventory, user: String? = nil, name: String = "etcd", kubernetesVersion: String? = nil) {
    self.init(hosts: [], user: user, name: name, kubernetesVersion: kubernetesVersion)
    self.inventory = inventory
  }

  /// What came of it.
  public struct Outcome: Sendable {
    /// The file's text; nil when an error is among ``findings``.
    public var text: String?
    /// What is wrong with the arguments, which have no place in a file, or with the inventory, and what was left out.
    public var findings: [Finding]
    /// How many hosts there are.
    public var hostCount = 0
  }

  /// Writes the file's text.
  ///
  /// - Parameter loader: Reads the text back, so that what is written is valid.
  public func make(checkedBy loader: ConfigurationLoader) -> Outcome {
    var findings = FindingCollector()
    for finding in inventory?.findings ?? [] { findings.add(finding) }
    // An inventory that could not be read has told why it has no hosts.
    let entries = inventory.map(\.hosts) ?? parse(&findings)
    if let user, let fault = TextCheck.fault(in: user, form: TextForm.loginName) {
      report(fault, "the user", user, &findings)
    }
    if let fault = TextCheck.fault(in: name, form: TextForm.name) {
      report(fault, "the cluster's name", name, &findings)
    }
    if let version = kubernetesVersion,
      let fault = TextCheck.fault(in: version, form: ConfigurationForm.kubernetesVersion)
    {
      report(fault, "the Kubernetes version", version, &findings)
    }
    guard !findings.hasErrors else { return Outcome(text: nil, findings: findings.findings) }
    if entries.isEmpty, inventory != nil {
      findings.error(
        "init.hosts", at: nil, "the inventory has no host", fix: "name hosts: `quorate init NAME=ADDRESS …`")
      return Outcome(text: nil, findings: findings.findings)
    }
    let ssh = loader.plugins.first { $0.kind == .transport && $0.id == DefaultPlugin.transport }
    var knowsJumpHosts = false
    if case .list? = ssh?.settings["jump"]?.type { knowsJumpHosts = true }
    let text = StarterText(starter: self, hosts: entries, knowsJumpHosts: knowsJumpHosts).text(&findings)
    let loaded = loader.load(file: ConfigurationFile.defaultName, bytes: Array(text.utf8))
    for finding in loaded.findings { findings.add(aboutHosts(finding)) }
    return Outcome(text: loaded.spec == nil ? nil : text, findings: findings.findings, hostCount: entries.count)
  }

  /// A finding about the text that was to be written, which is in no file yet.
  private func aboutHosts(_ finding: Finding) -> Finding {
    var finding = finding
    finding.position = nil
    if finding.code == "config.hosts.even", finding.severity == .error {
      finding.fix =
        inventory.map { "take one host more, or one less, from \($0.source)" } ?? "name one host more, or one less"
    }
    return finding
  }

  private func report(_ fault: TextFault, _ subject: String, _ value: String, _ findings: inout FindingCollector) {
    let isEmpty = fault.code == "empty"
    findings.error(
      "init." + fault.code, at: nil, isEmpty ? "\(subject) is empty" : "\(subject) is \(shown(value)), \(fault.what)",
      why: fault.why, fix: fault.fix)
  }

  private func parse(_ findings: inout FindingCollector) -> [Inventory.Host] {
    var entries: [Inventory.Host] = []
    var names: Set<String> = []
    var addresses: [IPAddress: String] = [:]
    if hosts.isEmpty {
      findings.error(
        "init.hosts", at: nil, "no host is named",
        fix: "name them: `quorate init infra0=10.0.0.6 infra1=10.0.0.7 infra2=10.0.0.8`")
    }
    for argument in hosts {
      guard let equals = argument.firstIndex(of: "=") else {
        let isAddress = AddressCheck.address(argument) == nil
        findings.error(
          "init.host", at: nil, "\(shown(argument)) is no host: a host is given as `NAME=ADDRESS`",
          fix: isAddress ? "write `infra\(entries.count)=\(argument)`, say" : "write it as `infra0=10.0.0.6`")
        continue
      }
      let name = String(argument[..<equals])
      let text = String(argument[argument.index(after: equals)...])
      let nameFault = TextCheck.fault(in: name, form: TextForm.name)
      let addressFault = TextCheck.fault(in: text, form: TextForm.ipAddress)
      if let nameFault { report(nameFault, "in \(shown(argument)), the name", name, &findings) }
      if let addressFault { report(addressFault, "in \(shown(argument)), the address", text, &findings) }
      guard nameFault == nil, addressFault == nil, let address = IPAddress(text) else { continue }
      if !names.insert(name).inserted {
        findings.error(
          "init.repeated-name", at: nil, "two hosts are named `\(name)`", why: "a member is known by its name",
          fix: "give each host a name of its own")
      } else if let other = addresses[address] {
        findings.error(
          "init.repeated-address", at: nil, "hosts `\(other)` and `\(name)` have the same address \(address)",
          why: "members on one machine need ports and roots of their own", fix: "correct it, or write the file by hand")
      } else {
        addresses[address] = name
        entries.append(
          Inventory.Host(
            name: name, address: address.description, position: SourcePosition(file: "", line: 1, column: 1)))
      }
    }
    return entries
  }
}
