internal import QuorateCore

/// The text of a first configuration.
struct StarterText {
  let starter: StarterConfiguration
  let hosts: [Inventory.Host]
  /// Whether the transport `ssh` has a setting for hosts on the way.
  let knowsJumpHosts: Bool

  private var inventory: Inventory? { starter.inventory }

  func text(_ findings: inout FindingCollector) -> String {
    let version = (starter.kubernetesVersion ?? inventory?.kubernetesVersion).map { $0.hasPrefix("v") ? $0 : "v" + $0 }
    let newest = "v1.\(KubernetesRelease.knownMinors.upperBound).0"
    // What the hosts have is better known there than here.
    let isAsked = version == nil && inventory?.mayNameKubernetesVersion == true
    let versionLine =
      isAsked
      ? "# kubernetesVersion: \(newest)   # left out: your hosts' kubeadm are asked"
      : "kubernetesVersion: \(version ?? newest)"
    let origin = inventory.map { "# The hosts are those of \(oneLine($0.source)).\n" } ?? ""
    return origin + """
      # An etcd cluster for Kubernetes.   Check it: quorate validate   Look ahead: quorate plan   Make it: quorate apply
      # All keys are described in docs/configuration.md; `quorate schema` prints a JSON Schema for your editor.
      apiVersion: \(ConfigurationSchema.apiVersion)
      kind: EtcdCluster
      metadata:
        name: \(scalar(starter.name))
      spec:
        # The version of your hosts' kubelet. It decides etcd's version, flags and image. Without this line, your hosts'
        # kubeadm are asked for theirs.
        \(versionLine)

        # One member on each host. `address` is the IP address that etcd advertises and listens on; DNS names that
        # clients use go under `sans`. Log in elsewhere with `ssh: {host: …, port: …, user: …}`.
        hosts:
      \(hostLines.joined(separator: "\n"))
      \(etcd)
        # Where the CA's key rests: first-host (as in the kubeadm guide), operator, or issuer.
        ca:
          keyAt: first-host\(authority)

        # How the hosts are reached. Your agent's keys are tried first; name a key file with `identityFile: ~/.ssh/…`.
        transport:
          plugin: ssh
          with: \(login(&findings))

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
      \(laptopLines.joined(separator: "\n"))
      #     transport: {plugin: local}
      #     serviceManager: {plugin: process}
      #     manifestWriter: {plugin: unit-file}

      """
  }

  // MARK: Hosts

  private var hostLines: [String] {
    let width = hosts.map { scalar($0.name).count }.max() ?? 0
    return hosts.flatMap { host -> [String] in
      let pairs = pairs(of: host)
      let padding = String(repeating: " ", count: width - scalar(host.name).count)
      let flow =
        "    - {name: \(scalar(host.name)),\(padding) "
        + pairs.dropFirst().map { "\($0.0): \($0.1)" }.joined(separator: ", ") + "}"
      if flow.count <= 118, host.extraArguments.isEmpty { return [flow] }
      let lines = pairs.enumerated().map { index, pair in
        "    \(index == 0 ? "- " : "  ")\(pair.0): \(pair.1)"
      }
      guard !host.extraArguments.isEmpty else { return lines }
      return lines + ["      extraArgs:"] + host.extraArguments.map { "        \(argument($0))" }
    }
  }

  private func pairs(of host: Inventory.Host) -> [(String, String)] {
    var pairs = [("name", scalar(host.name)), ("address", address(host.address))]
    var ssh: [String] = []
    if let login = host.login { ssh.append("host: \(IPAddress(login) == nil ? scalar(login) : address(login))") }
    if let port = host.port { ssh.append("port: \(port)") }
    if let user = host.user, user != commonUser { ssh.append("user: \(scalar(user))") }
    if !ssh.isEmpty { pairs.append(("ssh", "{\(ssh.joined(separator: ", "))}")) }
    if let ports = host.ports {
      let standard = MemberPorts()
      let own = [
        ("client", ports.client, standard.client), ("peer", ports.peer, standard.peer),
        ("metrics", ports.metrics, standard.metrics),
      ].filter { $0.1 != $0.2 }.map { "\($0.0): \($0.1)" }
      if !own.isEmpty { pairs.append(("ports", "{\(own.joined(separator: ", "))}")) }
    }
    if let folder = host.dataFolder { pairs.append(("dataFolder", scalar(folder))) }
    // What both certificates have is said once.
    let both = host.serverSANs.filter(host.peerSANs.contains)
    for (key, names) in [
      ("sans", both), ("serverSANs", host.serverSANs.filter { !both.contains($0) }),
      ("peerSANs", host.peerSANs.filter { !both.contains($0) }),
    ] where !names.isEmpty {
      pairs.append((key, "[\(names.map { quotedInFlow($0) }.joined(separator: ", "))]"))
    }
    return pairs
  }

  private var laptopLines: [String] {
    hosts.enumerated().map { index, host in
      // 12379, 22379, … as far as there are ports, and closer together where there are more members.
      let first = hosts.count <= 5 ? 2379 + 10_000 * (index + 1) : 12379 + 10 * index
      return "#       - {name: \(scalar(host.name)), address: 127.0.0.1, root: ./\(host.name), "
        + "ports: {client: \(first), peer: \(first + 1), metrics: \(first + 2)}}"
    }
  }

  // MARK: What holds for all hosts

  private var etcd: String {
    guard let inventory else { return "" }
    var lines: [String] = []
    if let repository = inventory.imageRepository { lines.append("    imageRepository: \(scalar(repository))") }
    if let tag = inventory.imageTag { lines.append("    imageTag: \(scalar(tag))") }
    if !inventory.extraArguments.isEmpty {
      lines += ["    extraArgs:"] + inventory.extraArguments.map { "      \(argument($0))" }
    }
    return lines.isEmpty ? "" : (["", "  etcd:"] + lines + [""]).joined(separator: "\n")
  }

  private var authority: String {
    inventory?.authority.map { "\n    certificate: \(scalar($0.certificate))\n    key: \(scalar($0.key))" } ?? ""
  }

  private func login(_ findings: inout FindingCollector) -> String {
    var settings: [String] = []
    let user = commonUser
    if let user { settings.append("user: \(scalar(user))") }
    let named = hosts.compactMap(\.identityFile)
    let keys = Set(named)
    if let key = keys.first, keys.count == 1, named.count == hosts.count {
      settings.append("identityFile: \(scalar(key))")
    } else if !keys.isEmpty {
      let list = keys.sorted().prefix(4).map { shown($0) }.joined(separator: ", ")
      findings.warning(
        "init.identity-files", at: hosts.first { $0.identityFile != nil }?.position,
        keys.count == 1
          ? "only \(named.count) of the \(hosts.count) hosts name a private key, which is left out: \(list)"
          : "the hosts' private keys differ, and are left out: \(list)",
        why: "a transport has one setting for all hosts",
        fix: "add the keys to your agent (`ssh-add`), or set `identityFile` to one that all hosts take")
    }
    if let jump = jump(&findings) { settings.append("jump: [\(jump.map(quotedInFlow).joined(separator: ", "))]") }
    settings.append("become: \(inventory?.become ?? (inventory != nil && user == "root" ? "none" : "sudo"))")
    return "{\(settings.joined(separator: ", "))}"
  }

  /// The hosts on the way to every host, where they can be written.
  private func jump(_ findings: inout FindingCollector) -> [String]? {
    let ways = Set(hosts.map(\.jump))
    guard let jumping = hosts.first(where: { !$0.jump.isEmpty }) else { return nil }
    if ways.count == 1, knowsJumpHosts { return jumping.jump }
    let list = jumping.jump.prefix(4).map { shown($0) }.joined(separator: ", ")
    findings.warning(
      "init.jump-hosts", at: jumping.position,
      ways.count == 1
        ? "the way over \(list) is left out" : "the ways over other hosts differ, and are left out: \(list)",
      why: ways.count == 1
        ? "the transport `ssh` knows no jump hosts here" : "a transport has one setting for all hosts",
      fix:
        "choose a transport that reads the SSH client's configuration, or one that knows jump hosts; `quorate plugins` "
        + "lists them")
    return nil
  }

  /// The user of all hosts; nil where they differ, or none is said.
  private var commonUser: String? {
    if let user = starter.user { return user }
    let users = Set(hosts.map(\.user))
    return users.count == 1 ? users.first ?? nil : nil
  }

  // MARK: Values

  private func argument(_ argument: EtcdArgument) -> String {
    let isNumber = PlainText(argument.value) == .integer || ["true", "false"].contains(argument.value)
    return "\(scalar(argument.name)): \(isNumber ? argument.value : scalar(argument.value))"
  }

  private func scalar(_ text: String) -> String { YAMLText.scalar(Interpolation.escaped(text)) }

  /// An address in a flow mapping, where a colon needs quotes.
  private func address(_ text: String) -> String { text.contains(":") ? "\"\(text)\"" : text }

  private func quotedInFlow(_ text: String) -> String { text.contains(":") ? "\"\(text)\"" : scalar(text) }

  /// A text that stays within a comment.
  private func oneLine(_ text: String) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: text.unicodeScalars.map { $0.isInvisible ? "?" : $0 })
    return String(view)
  }
}
