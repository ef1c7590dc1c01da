internal import QuorateCore

/// An output of Terraform, or the instances of a resource, as far as they are hosts.
struct TerraformGroup {
  /// Something with an address.
  struct Candidate {
    var name: String
    var address: String
    var login: String?
    var user: String?
    var port: Int?
    var position: SourcePosition
  }

  var name: String
  var position: SourcePosition
  var isOutput: Bool
  var isSensitive = false
  var hosts: [Candidate] = []
  /// How many in it have no address.
  var leftOut = 0

  /// Where providers write an address that other hosts reach, the best one first.
  static let addressKeys = [
    "private_ip", "private_ip_address", "address", "internal_ip", "ip", "ip_address", "ipv4_address_private",
    "network_ip", "access_ip_v4", "primary_ip_address", "default_ip_address", "ipv4_address", "public_ip",
    "public_ip_address", "ipv6_address",
  ]
  private static let loginKeys = ["public_ip", "public_ip_address", "ssh_host", "ipv4_address"]
  private static let nameKeys = ["name", "hostname", "host_name", "vm_name", "instance_name"]
  private static let userKeys = ["ssh_user", "user", "username", "admin_username"]

  /// All of a file, whichever of Terraform's three forms it has.
  static func all(in root: ConfigurationNode, _ entries: [ConfigurationNode.Entry]) -> [TerraformGroup] {
    var groups: [TerraformGroup] = []
    if let values = root["values"]?.value {
      // terraform show -json
      for entry in values["outputs"]?.value.entries ?? [] { groups.append(output(entry)) }
      modules(values["root_module"]?.value, into: &groups, depth: 0)
    } else if root["resources"] != nil, root["version"] != nil {
      // A state file.
      for entry in root["outputs"]?.value.entries ?? [] { groups.append(output(entry)) }
      for resource in list(root["resources"]?.value) where resource["mode"]?.value.text == "managed" {
        let instances = list(resource["instances"]?.value).map { instance in
          (instance["attributes"]?.value ?? instance, index: instance["index_key"]?.value.text)
        }
        add(resource, instances, into: &groups)
      }
    } else {
      // terraform output -json
      for entry in entries { groups.append(output(entry)) }
    }
    return groups
  }

  private static func modules(_ module: ConfigurationNode?, into groups: inout [TerraformGroup], depth: Int) {
    guard let module, depth < 20 else { return }
    for resource in list(module["resources"]?.value) where resource["mode"]?.value.text != "data" {
      add(resource, [(resource["values"]?.value ?? resource, index: resource["index"]?.value.text)], into: &groups)
    }
    for child in list(module["child_modules"]?.value) { modules(child, into: &groups, depth: depth + 1) }
  }

  private static func list(_ node: ConfigurationNode?) -> [ConfigurationNode] {
    if case .list(let elements)? = node?.content { elements } else { [] }
  }

  private static func add(
    _ resource: ConfigurationNode, _ instances: [(ConfigurationNode, index: String?)],
    into groups: inout [TerraformGroup]
  ) {
    guard let type = resource["type"]?.value.text, let label = resource["name"]?.value.text else { return }
    let module = resource["module"]?.value.text.map { $0 + "." } ?? ""
    let name = "\(module)\(type).\(label)"
    if !groups.contains(where: { $0.name == name }) {
      groups.append(TerraformGroup(name: name, position: resource.position, isOutput: false))
    }
    guard let index = groups.firstIndex(where: { $0.name == name }) else { return }
    for (values, key) in instances {
      let number = key ?? "\(groups[index].hosts.count)"
      let isNumber = number.allSatisfy { $0.isASCII && $0.isNumber }
      groups[index].take(values, name: isNumber ? "\(label)\(number)" : number)
    }
  }

  private static func output(_ entry: ConfigurationNode.Entry) -> TerraformGroup {
    // An output is {sensitive, type, value}; anything else is a value by itself.
    let isWrapped = entry.value["value"] != nil
    let value = isWrapped ? entry.value["value"]?.value ?? entry.value : entry.value
    var group = TerraformGroup(name: entry.key, position: entry.keyPosition, isOutput: true)
    group.isSensitive = isWrapped && entry.value["sensitive"]?.value.text == "true"
    switch value.content {
    // A name alone is more often a balancer's or a zone's than a host's.
    case .text(let text, _): if IPAddress(text) != nil { group.take(value, name: "infra0") }
    case .list(let elements):
      for (index, element) in elements.enumerated() { group.take(element, name: "infra\(index)") }
    case .mapping(let members):
      if address(in: value) != nil {
        group.take(value, name: "infra0")
      } else {
        for member in members { group.take(member.value, name: member.key) }
      }
    case .unreadable: break
    }
    return group
  }

  /// Takes a value as a host, where it has an address.
  private mutating func take(_ value: ConfigurationNode, name: String) {
    if let text = value.text {
      guard Self.isAddress(text) else {
        leftOut += 1
        return
      }
      hosts.append(Candidate(name: name, address: text, position: value.position))
      return
    }
    guard value.entries != nil, let (key, address) = Self.address(in: value) else {
      leftOut += 1
      return
    }
    let called = Self.text(value, Self.nameKeys) ?? value["tags"]?.value["Name"]?.value.text
    var candidate = Candidate(name: called ?? name, address: address, position: value[key]?.place ?? value.position)
    candidate.login = Self.loginKeys.lazy.filter { $0 != key }.compactMap { Self.text(value, [$0]) }.first
    candidate.user = Self.text(value, Self.userKeys)
    candidate.port = Self.text(value, ["ssh_port"]).flatMap { Int($0) }
    hosts.append(candidate)
  }

  private static func address(in value: ConfigurationNode) -> (key: String, address: String)? {
    for key in addressKeys {
      guard let entry = value[key] else { continue }
      if let text = entry.value.text, IPAddress(text) != nil { return (key, text) }
      // Some providers have a list of them.
      if case .list(let elements) = entry.value.content, let text = elements.first?.text, IPAddress(text) != nil {
        return (key, text)
      }
    }
    return nil
  }

  private static func text(_ value: ConfigurationNode, _ keys: [String]) -> String? {
    keys.lazy.compactMap { value[$0]?.value.text }.first { !$0.isEmpty }
  }

  /// Whether a text is an address, or a name with a dot that may have one.
  private static func isAddress(_ text: String) -> Bool {
    IPAddress(text) != nil
      || text.contains(".") && DNSName.isSubdomain(text.lowercased())
        && text.last?.isNumber == false
  }
}
