internal import QuorateCore

/// Reads an Ansible inventory, INI or YAML (docs.ansible.com, "How to build your inventory"): hosts of one group with
/// the variables that say how to reach them.
public enum AnsibleInventory {
  /// Reads an inventory.
  ///
  /// - Parameters:
  ///   - file: The file as the user named it.
  ///   - bytes: Its content.
  ///   - group: The group whose hosts become members; nil: `etcd`, or the only one.
  ///   - surroundings: Where names are resolved.
  public static func read(
    file: String, bytes: [UInt8], group: String?, surroundings: InventorySurroundings
  ) -> Inventory {
    var builder = InventoryBuilder(source: "the Ansible inventory \(file)", surroundings: surroundings)
    guard let source = SourceText(file: file, bytes: bytes, findings: &builder.findings) else {
      return builder.finished
    }
    let groups: AnsibleGroups
    if isYAML(source) {
      var reader = DocumentReader(source: source)
      reader.ignoresTags = true
      reader.fixOfEmpty = "name the inventory's file"
      let root = reader.read()
      builder.findings.merge(reader.findings)
      var yaml = AnsibleYAML()
      if let root { yaml.read(root, &builder) }
      groups = yaml.groups
    } else {
      var ini = AnsibleINI(source: source)
      ini.read(&builder)
      groups = ini.groups
    }
    var isTree = true
    if groups.order.count > AnsibleGroups.groupLimit {
      isTree = false
      builder.error(
        "ansible.groups", at: SourcePosition(file: file, line: 1, column: 1),
        "the inventory has more than \(AnsibleGroups.groupLimit) groups", fix: "name a smaller one")
    } else if let cycle = groups.cycle {
      isTree = false
      builder.error(
        "ansible.group", at: cycle.position, "the group \(shown(cycle.name)) is a part of itself",
        fix: "remove it from the groups in it")
    }
    if isTree, groups.hosts.isEmpty, !builder.findings.hasErrors {
      let isEmpty = source.lines.allSatisfy { $0.allSatisfy { $0 == " " || $0 == "\t" } }
      builder.error(
        "ansible.hosts", at: SourcePosition(file: file, line: 1, column: 1),
        isEmpty ? "the file is empty" : "the inventory has no host",
        fix: isEmpty ? "name the inventory's file" : "write the hosts in it, or name another inventory")
      return builder.finished
    }
    // What else is wrong is told with the hosts' own faults.
    guard isTree, !groups.hosts.isEmpty || !builder.findings.hasErrors,
      let name = choose(group, groups, file, &builder)
    else { return builder.finished }
    var reader = AnsibleVariables(groups: groups)
    for host in groups.members(of: name) { reader.read(host, &builder) }
    reader.finish(&builder)
    variablesBeside(file, &builder)
    if builder.inventory.hosts.isEmpty, !builder.findings.hasErrors {
      builder.error(
        "ansible.hosts", at: groups.groups[name]?.position, "the group \(shown(name)) has no host",
        fix: "choose another by --group")
    }
    return builder.finished
  }

  /// Tells of variables in files of their own, which are not read.
  private static func variablesBeside(_ file: String, _ builder: inout InventoryBuilder) {
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "./"
    let beside = ["group_vars", "host_vars"].filter { name in
      !builder.surroundings.matches(builder.surroundings.absolute(folder + name) + "/*").isEmpty
    }
    guard !beside.isEmpty else { return }
    builder.warning(
      "ansible.variables", at: SourcePosition(file: file, line: 1, column: 1),
      "\(beside.map { "`\($0)`" }.joined(separator: " and ")) beside the inventory \(beside.count == 1 ? "is" : "are") not read",
      why: "only the inventory's own variables are",
      fix: "let Ansible put all together: `ansible-inventory -i \(file) --list >all.json`, and take all.json")
  }

  /// Whether a file is YAML (or JSON): its first line that says anything opens a document, a mapping or a comment mark.
  private static func isYAML(_ source: SourceText) -> Bool {
    if [".yml", ".yaml", ".json"].contains(where: source.file.hasSuffix) { return true }
    if [".ini", ".cfg"].contains(where: source.file.hasSuffix) { return false }
    for line in source.lines {
      var view = String.UnicodeScalarView()
      view.append(contentsOf: line)
      let text = String(view)
      guard let first = text.first(where: { $0 != " " && $0 != "\t" }), first != "#", first != ";" else { continue }
      return text.hasPrefix("---") || first == "{"
        || first != "[" && text.split(separator: " ").last?.hasSuffix(":") == true
    }
    return false
  }

  private static func choose(
    _ group: String?, _ groups: AnsibleGroups, _ file: String, _ builder: inout InventoryBuilder
  ) -> String? {
    let named = groups.order.filter { $0 != "all" && $0 != "ungrouped" }
    if let group {
      if groups.groups[group] != nil || group == "all" { return group }
      let near = NearestName.find(group, among: groups.order)
      builder.error(
        "ansible.group", at: SourcePosition(file: file, line: 1, column: 1), "there is no group \(shown(group))",
        fix: (near.map { "did you mean \(shown($0))? " } ?? "") + list(named))
      return nil
    }
    if groups.groups["etcd"] != nil { return "etcd" }
    let filled = named.filter { !groups.members(of: $0).isEmpty }
    let all = groups.members(of: "all")
    if filled.isEmpty { return "all" }
    // Groups that all have the same hosts leave nothing to choose.
    if filled.allSatisfy({ Set(groups.members(of: $0)) == Set(all) }) { return filled[0] }
    builder.error(
      "ansible.group", at: SourcePosition(file: file, line: 1, column: 1),
      "the inventory has several groups, and none is named `etcd`", fix: "choose one by --group: " + list(named))
    return nil
  }

  private static func list(_ names: [String]) -> String {
    names.isEmpty
      ? "the inventory has no groups"
      : "the groups are \(names.prefix(20).map { shown($0) }.joined(separator: ", "))\(names.count > 20 ? ", …" : "")"
  }
}
