internal import QuorateCore

/// Reads an Ansible inventory in its YAML form, and the JSON that `ansible-inventory --list` prints.
struct AnsibleYAML {
  private(set) var groups = AnsibleGroups()

  mutating func read(_ root: ConfigurationNode, _ builder: inout InventoryBuilder) {
    guard let entries = root.entries else {
      builder.error(
        "ansible.form", at: root.position, "the file is no inventory",
        why: "an inventory in YAML is a mapping from groups to their hosts", fix: "name the inventory's file")
      return
    }
    for entry in entries where entry.key != "_meta" { group(entry, &builder, depth: 0) }
    for entry in root["_meta"]?.value["hostvars"]?.value.entries ?? [] {
      groups.hostVariables(entry.key, Self.variables(entry.value))
    }
  }

  private mutating func group(_ entry: ConfigurationNode.Entry, _ builder: inout InventoryBuilder, depth: Int) {
    let name = entry.key
    groups.group(name, at: entry.keyPosition)
    if entry.value.isNull { return }
    guard let parts = entry.value.entries else {
      if case .list(let elements) = entry.value.content {
        // The short form of an inventory's JSON: a group is a list of hosts.
        for element in elements { host(element.text, element.position, nil, in: name, &builder) }
        return
      }
      builder.error(
        "ansible.group", at: entry.place, "the group \(shown(name)) is no mapping",
        why: "a group holds `hosts`, `children` and `vars`", fix: "write `hosts:` below it")
      return
    }
    for part in parts {
      switch (part.key, part.value.content) {
      case (_, _) where part.value.isNull: break
      case ("hosts", .mapping(let hosts)):
        for entry in hosts { host(entry.key, entry.keyPosition, entry.value, in: name, &builder) }
      case ("hosts", .list(let hosts)):
        for element in hosts { host(element.text, element.position, nil, in: name, &builder) }
      case ("children", .mapping(let children)):
        for child in children {
          groups.group(name, at: entry.keyPosition) { $0.children.append((child.key, child.keyPosition)) }
          group(child, &builder, depth: depth + 1)
        }
      case ("children", .list(let children)):
        for child in children {
          guard let inner = child.text else { continue }
          groups.group(name, at: entry.keyPosition) { $0.children.append((inner, child.position)) }
        }
      case ("vars", .mapping):
        let variables = Self.variables(part.value)
        groups.group(name, at: entry.keyPosition) { $0.variables.merge(variables) { $1 } }
      case ("hosts", .text(let text, _)) where depth >= 0:
        host(text, part.value.position, nil, in: name, &builder)
      default:
        builder.error(
          "ansible.group", at: part.keyPosition,
          "the group \(shown(name)) has \(shown(part.key)), which is not known there",
          why: "a group holds `hosts`, `children` and `vars`",
          fix: NearestName.find(part.key, among: ["hosts", "children", "vars"]).map { "did you mean `\($0)`?" }
            ?? "remove it, or write it under `vars`")
      }
    }
  }

  private mutating func host(
    _ name: String?, _ place: SourcePosition, _ node: ConfigurationNode?, in group: String,
    _ builder: inout InventoryBuilder
  ) {
    guard let name else {
      builder.error("ansible.host", at: place, "a host of the group \(shown(group)) has no name", fix: "write its name")
      return
    }
    let variables = node.map(Self.variables) ?? [:]
    groups.hosts(named: name, in: group, at: place, variables: variables, &builder)
  }

  private static func variables(_ node: ConfigurationNode) -> [String: AnsibleGroups.Variable] {
    var variables: [String: AnsibleGroups.Variable] = [:]
    for entry in node.entries ?? [] {
      variables[entry.key] = AnsibleGroups.Variable(text: entry.value.text, position: entry.place)
    }
    return variables
  }
}
