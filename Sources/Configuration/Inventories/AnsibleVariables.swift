internal import QuorateCore

/// What the variables of an Ansible inventory say of a host: those of Ansible's connections, and the few of kubespray's
/// that name a member.
struct AnsibleVariables {
  private let groups: AnsibleGroups
  private let around: [String: [String]]
  private var becomes: Set<String> = []
  private var leftOut: [String: SourcePosition] = [:]
  private var told: Set<String> = []

  init(groups: AnsibleGroups) {
    self.groups = groups
    around = groups.groupsAround()
  }

  private static let secrets: Set<String> = [
    "ansible_password", "ansible_ssh_pass", "ansible_ssh_password", "ansible_become_pass", "ansible_become_password",
    "ansible_sudo_pass", "ansible_ssh_private_key_passphrase", "ansible_private_key_passphrase",
  ]

  /// The first names are those that win.
  private static let meanings: [(meaning: String, names: [String])] = [
    ("address", ["ip"]), ("login", ["ansible_host", "ansible_ssh_host"]),
    ("port", ["ansible_port", "ansible_ssh_port"]),
    ("user", ["ansible_user", "ansible_ssh_user"]),
    ("key", ["ansible_ssh_private_key_file", "ansible_private_key_file"]), ("become", ["ansible_become"]),
    ("method", ["ansible_become_method"]), ("root", ["ansible_become_user"]), ("connection", ["ansible_connection"]),
    ("name", ["etcd_member_name"]), ("version", ["kube_version"]),
  ]

  /// Adds a host to the inventory.
  mutating func read(_ name: String, _ builder: inout InventoryBuilder) {
    guard let entry = groups.hosts[name] else { return }
    // The innermost group wins over those around it, and the host over all.
    var variables: [String: AnsibleGroups.Variable] = [:]
    for group in around[name] ?? [] { variables.merge(groups.groups[group]?.variables ?? [:]) { $1 } }
    variables.merge(entry.variables) { $1 }
    var values: [String: AnsibleGroups.Variable] = [:]
    var known: Set<String> = []
    for (meaning, names) in Self.meanings {
      known.formUnion(names)
      values[meaning] = names.lazy.compactMap { variables[$0] }.first
    }
    for (name, variable) in variables.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
      unknown(name, variable, &builder)
    }
    for (meaning, variable) in values.sorted(by: { $0.key < $1.key }) where !isText(variable) {
      tell(
        "ansible.template", variable.position,
        "the variable for the \(meaning == "name" ? "member's name" : meaning) of \(shown(name)) is left out", &builder,
        why: "it is a template, a list or a mapping, and only Ansible can work it out", fix: "write the value itself")
      values[meaning] = nil
    }
    let login = values["login"]?.text ?? name
    var host = Inventory.Host(
      name: values["name"]?.text ?? name, address: values["address"]?.text ?? login,
      position: values["address"]?.position ?? values["login"]?.position ?? entry.position)
    if values["address"] != nil { host.login = login }
    // A name that only labels the host is no place to log in.
    if values["address"] != nil, values["login"] == nil { host.login = nil }
    host.user = values["user"]?.text
    host.identityFile = values["key"]?.text
    host.jump = variables["ansible_ssh_common_args"]?.text.flatMap(Self.jump) ?? []
    if let port = values["port"], let text = port.text {
      host.port = UInt16(text).flatMap { $0 > 0 ? $0 : nil }
      if host.port == nil {
        builder.error(
          "ansible.port", at: port.position, "the port of \(shown(name)) is \(shown(text)), which is none",
          fix: "write a number from 1 to 65535")
      }
      if host.port == 22 { host.port = nil }
    }
    connection(values, name, &builder)
    builder.add(host)
  }

  private mutating func connection(
    _ values: [String: AnsibleGroups.Variable], _ name: String, _ builder: inout InventoryBuilder
  ) {
    if let become = values["become"]?.text {
      becomes.insert(["true", "yes", "on", "1", "y", "t"].contains(become.lowercased()) ? "sudo" : "none")
    }
    if let method = values["method"], let text = method.text, text != "sudo" {
      tell(
        "ansible.become", method.position, "`ansible_become_method` is \(shown(text)), which is left out", &builder,
        why: "root's rights are got by sudo")
    }
    if let root = values["root"], let text = root.text, text != "root" {
      tell(
        "ansible.become", root.position, "`ansible_become_user` is \(shown(text)), which is left out", &builder,
        why: "etcd's files are root's")
    }
    if let connection = values["connection"], let text = connection.text,
      !["ssh", "smart", "paramiko", "paramiko_ssh"].contains(text.split(separator: ".").last.map(String.init) ?? text)
    {
      tell(
        "ansible.connection", connection.position, "`ansible_connection` is \(shown(text)), which is left out",
        &builder,
        why: "the starter file reaches hosts over SSH", fix: "choose the transport in the file: `local` is another one")
    }
    if let version = values["version"], let text = version.text, builder.inventory.kubernetesVersion == nil {
      if VersionCheck.kubernetes(text) == nil {
        builder.inventory.kubernetesVersion = text
      } else {
        tell(
          "ansible.version", version.position, "`kube_version` is \(shown(text)), which is left out", &builder,
          why: "what kubeadm does is known for \(KubernetesRelease.knownRangeText)")
      }
    }
  }

  private mutating func unknown(
    _ name: String, _ variable: AnsibleGroups.Variable, _ builder: inout InventoryBuilder
  ) {
    if Self.secrets.contains(name) {
      tell(
        "ansible.secret", variable.position, "`\(name)` is left out", &builder,
        why: "a password is never part of the configuration",
        fix: name.contains("become") || name.contains("sudo")
          ? "give it with --ask-become-pass or --become-pass-fd" : "log in with a key")
    } else if ["ansible_ssh_common_args", "ansible_ssh_extra_args"].contains(name), let text = variable.text,
      !text.isEmpty
    {
      if name == "ansible_ssh_common_args", Self.jump(text) != nil { return }
      tell(
        "ansible.ssh-arguments", variable.position, "`\(name)` is left out", &builder,
        why: "arguments of OpenSSH's client mean nothing to another one",
        fix: "write what it says into the transport's settings")
    } else {
      leftOut[name] = leftOut[name] ?? variable.position
    }
  }

  /// Says what concerns all hosts.
  mutating func finish(_ builder: inout InventoryBuilder) {
    if becomes.count == 1 { builder.inventory.become = becomes.first }
    if becomes.count > 1 {
      builder.inventory.become = "sudo"
      builder.warning(
        "ansible.become", at: builder.inventory.hosts.first?.position,
        "`ansible_become` differs from host to host; `sudo` is written for all",
        why: "a transport has one setting for all hosts", fix: "check `spec.transport.with.become`")
    }
    guard !leftOut.isEmpty else { return }
    let names = leftOut.keys.sorted().map { shown($0) }
    let first = leftOut.values.min { ($0.line, $0.column) < ($1.line, $1.column) }
    builder.note(
      "ansible.variables", at: first,
      "left out, as they do not say how to reach a host: \(names.prefix(12).joined(separator: ", "))"
        + (names.count > 12 ? " and \(names.count - 12) more" : ""))
  }

  /// The hosts of `-J HOSTS` or `-o ProxyJump=HOSTS`, where there is nothing else.
  private static func jump(_ arguments: String) -> [String]? {
    let words = arguments.split(separator: " ").map(String.init)
    let hosts: String
    switch words.count {
    case 1 where words[0].hasPrefix("-J") && words[0].count > 2: hosts = String(words[0].dropFirst(2))
    case 1 where words[0].hasPrefix("-oProxyJump="): hosts = String(words[0].dropFirst(12))
    case 2 where words[0] == "-J": hosts = words[1]
    case 2 where words[0] == "-o" && words[1].hasPrefix("ProxyJump="): hosts = String(words[1].dropFirst(10))
    default: return nil
    }
    let parts = hosts.split(separator: ",").map(String.init)
    return parts.isEmpty || hosts.contains("{{") || hosts.contains("\"") || hosts.contains("'") ? nil : parts
  }

  private func isText(_ variable: AnsibleGroups.Variable) -> Bool {
    variable.text.map { !$0.contains("{{") && !$0.contains("{%") } ?? false
  }

  /// Tells something once for each place: a group's variable holds for many hosts.
  private mutating func tell(
    _ code: String, _ place: SourcePosition, _ what: String, _ builder: inout InventoryBuilder, why: String = "",
    fix: String = ""
  ) {
    guard told.insert("\(code) \(place)").inserted else { return }
    builder.warning(code, at: place, what, why: why, fix: fix)
  }
}
