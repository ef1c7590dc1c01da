internal import QuorateCore

/// An Ansible inventory, whatever it is written in: hosts, groups of hosts and of groups, and variables of both.
struct AnsibleGroups {
  /// A variable's value.
  struct Variable {
    /// Its text; nil where it is a list or a mapping.
    var text: String?
    var position: SourcePosition
  }

  /// A host.
  struct Host {
    var position: SourcePosition
    var variables: [String: Variable] = [:]
  }

  /// A group.
  struct Group {
    var position: SourcePosition
    var hosts: [String] = []
    var children: [(name: String, position: SourcePosition)] = []
    var variables: [String: Variable] = [:]
  }

  private(set) var hosts: [String: Host] = [:]
  private(set) var groups: [String: Group] = [:]
  /// The groups' names in the order of the text.
  private(set) var order: [String] = []

  /// The most hosts that an inventory may have, ranges expanded.
  static let hostLimit = 2_000
  /// The most groups.
  static let groupLimit = 500

  mutating func group(_ name: String, at position: SourcePosition, change: (inout Group) -> Void = { _ in }) {
    if groups[name] == nil {
      order.append(name)
      groups[name] = Group(position: position)
    }
    guard var group = groups[name] else { return }
    change(&group)
    groups[name] = group
  }

  /// Adds a host to a group; what was said of it before still holds.
  mutating func host(_ name: String, in group: String, at position: SourcePosition, variables: [String: Variable]) {
    self.group(group, at: position) { if !$0.hosts.contains(name) { $0.hosts.append(name) } }
    var host = hosts[name] ?? Host(position: position)
    host.variables.merge(variables) { $1 }
    hosts[name] = host
  }

  /// Adds the hosts of a name as an inventory has it: a range stands for many, and a port may stand behind it.
  mutating func hosts(
    named name: String, in group: String, at place: SourcePosition, variables: [String: Variable],
    _ builder: inout InventoryBuilder
  ) {
    var variables = variables
    do {
      let pattern = try AnsibleHostPattern(name)
      if let port = pattern.port, variables["ansible_port"] == nil {
        variables["ansible_port"] = Variable(text: port, position: place)
      }
      guard hosts.count + pattern.names.count <= Self.hostLimit else {
        builder.error("ansible.hosts", at: place, "the inventory has more than \(Self.hostLimit) hosts")
        return
      }
      for name in pattern.names { host(name, in: group, at: place, variables: variables) }
    } catch {
      builder.error("ansible.host", at: place, "\(shown(name)) \(error.what)", fix: error.fix)
    }
  }

  mutating func hostVariables(_ name: String, _ variables: [String: Variable]) {
    hosts[name]?.variables.merge(variables) { $1 }
  }

  /// The hosts of a group and of the groups in it, in the order of the text. `all` has every host.
  func members(of name: String) -> [String] {
    var members: [String] = []
    var seenHosts: Set<String> = []
    var seen: Set<String> = []
    func collect(_ name: String) {
      guard seen.insert(name).inserted, let group = groups[name] else { return }
      for host in group.hosts where seenHosts.insert(host).inserted { members.append(host) }
      for child in group.children { collect(child.name) }
    }
    collect(name)
    if name == "all" { order.forEach(collect) }
    return members
  }

  /// The groups that each host is in, the outermost first; groups side by side in the order of their names. That is
  /// the order in which Ansible lays their variables over each other.
  func groupsAround() -> [String: [String]] {
    var depths: [String: Int] = [:]
    // A group is as deep as the longest way to it; without cycles there is none longer than their number.
    for _ in 0..<order.count {
      var isSettled = true
      for name in order {
        for child in groups[name]?.children ?? [] where child.name != "all" {
          let depth = (depths[name] ?? (name == "all" ? 0 : 1)) + 1
          if depth > depths[child.name] ?? 1, depth <= order.count + 1 {
            depths[child.name] = depth
            isSettled = false
          }
        }
      }
      if isSettled { break }
    }
    let ordered = order.map { (depth: $0 == "all" ? 0 : depths[$0] ?? 1, name: $0) }.sorted { $0 < $1 }
    var around: [String: [String]] = [:]
    for (_, name) in ordered {
      for host in members(of: name) { around[host, default: []].append(name) }
    }
    return around
  }

  /// A group that is, over others, within itself; nil where none is.
  var cycle: (name: String, position: SourcePosition)? {
    for name in order {
      var seen: Set<String> = []
      var rest = groups[name]?.children ?? []
      while let child = rest.popLast() {
        if child.name == name { return child }
        if seen.insert(child.name).inserted { rest += groups[child.name]?.children ?? [] }
      }
    }
    return nil
  }
}
