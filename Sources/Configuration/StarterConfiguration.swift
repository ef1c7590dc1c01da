public import QuorateCore

/// Writes a first configuration, for `quorate init infra0=10.0.0.6 infra1=10.0.0.7 infra2=10.0.0.8 --user ubuntu`.
public struct StarterConfiguration: Sendable {
  /// The hosts as the user gave them, `NAME=ADDRESS` each.
  public var hosts: [String]
  /// The login name; nil: the transport's own default.
  public var user: String?
  /// The cluster's name.
  public var name: String
  /// The Kubernetes version; nil: the newest one that is known.
  public var kubernetesVersion: String?

  /// Makes a value.
  public init(hosts: [String], user: String? = nil, name: String = "etcd", kubernetesVersion: String? = nil) {
    self.hosts = hosts
    self.user = user
    self.name = name
    self.kubernetesVersion = kubernetesVersion
  }

  /// What came of it.
  public struct Outcome: Sendable {
    /// The file's text; nil when an error is among ``findings``.
    public var text: String?
    /// What is wrong with the arguments. They have no place in a file.
    public var findings: [Finding]
  }

  /// Writes the file's text.
  ///
  /// - Parameter loader: Reads the text back, so that what is written is valid.
  public func make(checkedBy loader: ConfigurationLoader) -> Outcome {
    var findings = FindingCollector()
    let entries = parse(&findings)
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
    let text = text(for: entries)
    let loaded = loader.load(file: ConfigurationFile.defaultName, bytes: Array(text.utf8))
    for var finding in loaded.findings {
      finding.position = nil
      findings.add(finding)
    }
    return Outcome(text: loaded.spec == nil ? nil : text, findings: findings.findings)
  }

  private func report(_ fault: TextFault, _ subject: String, _ value: String, _ findings: inout FindingCollector) {
    let isEmpty = fault.code == "empty"
    findings.error(
      "init." + fault.code, at: nil, isEmpty ? "\(subject) is empty" : "\(subject) is \(shown(value)), \(fault.what)",
      why: fault.why, fix: fault.fix)
  }

  private func parse(_ findings: inout FindingCollector) -> [(name: String, address: IPAddress)] {
    var entries: [(name: String, address: IPAddress)] = []
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
        entries.append((name, address))
      }
    }
    return entries
  }

  private func text(for entries: [(name: String, address: IPAddress)]) -> String {
    let version = kubernetesVersion.map { $0.hasPrefix("v") ? $0 : "v" + $0 }
    let newest = "v1.\(KubernetesRelease.knownMinors.upperBound).0"
    let width = entries.map(\.name.count).max() ?? 0
    let list = entries.map { entry in
      let padding = String(repeating: " ", count: width - entry.name.count)
      return "    - {name: \(quoted(entry.name)),\(padding) address: \(flow(entry.address))}"
    }
    let laptop = entries.enumerated().map { index, entry in
      // 12379, 22379, … as far as there are ports, and closer together where there are more members.
      let first = entries.count <= 5 ? 2379 + 10_000 * (index + 1) : 12379 + 10 * index
      return "#       - {name: \(quoted(entry.name)), address: 127.0.0.1, root: ./\(entry.name), "
        + "ports: {client: \(first), peer: \(first + 1), metrics: \(first + 2)}}"
    }
    let login = user.map { "{user: \(quoted($0)), become: sudo}" } ?? "{become: sudo}"
    return """
      # An etcd cluster for Kubernetes.   Check it: quorate validate   Look ahead: quorate plan   Make it: quorate apply
      # All keys are described in docs/configuration.md; `quorate schema` prints a JSON Schema for your editor.
      apiVersion: \(ConfigurationSchema.apiVersion)
      kind: EtcdCluster
      metadata:
        name: \(quoted(name))
      spec:
        # The version of your hosts' kubelet. It decides etcd's version, flags and image.
        kubernetesVersion: \(version ?? newest)

        # One member on each host. `address` is the IP address that etcd advertises and listens on; DNS names that
        # clients use go under `sans`. Log in elsewhere with `ssh: {host: …, port: …, user: …}`.
        hosts:
      \(list.joined(separator: "\n"))

        # Where the CA's key rests: first-host (as in the kubeadm guide), operator, or issuer.
        ca:
          keyAt: first-host

        # How the hosts are reached. Your agent's keys are tried first; name a key file with `identityFile: ~/.ssh/…`.
        transport:
          plugin: ssh
          with: \(login)

        # How certificates are made: kubeadm's validity, keys of the kind that is fastest to make and check.
        issuer:
          plugin: openssl
          with: {keyAlgorithm: ECDSA-P256, validity: 8760h}

        # A kubelet under systemd runs etcd as a static pod, as in the kubeadm guide.
        serviceManager: {plugin: systemd-kubelet}
        manifestWriter: {plugin: static-pod}

      # The same cluster on this machine alone, without root: remove the `# ` below, and
      # `quorate apply --environment laptop`.
      # environments:
      #   laptop:
      #     hosts:
      \(laptop.joined(separator: "\n"))
      #     transport: {plugin: local}
      #     serviceManager: {plugin: process}
      #     manifestWriter: {plugin: unit-file}

      """
  }

  /// A name in quotes where YAML would read it as something else.
  private func quoted(_ text: String) -> String {
    let isText = PlainText(text) == .text && !["yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    let isPlain = text.allSatisfy { $0.isASCIIAlphanumeric || "_.-".contains($0) }
    return isText && isPlain ? text : "\"\(String(text.flatMap { $0 == "\\" ? "\\\\" : String($0) }))\""
  }

  /// An address in a flow mapping, where a leading colon needs quotes.
  private func flow(_ address: IPAddress) -> String { address.isV6 ? "\"\(address)\"" : "\(address)" }
}
