import QuorateConfiguration
import QuorateCore

/// A machine with a few names and files, without network.
enum InventoryFixtures {
  static let surroundings = InventorySurroundings(
    file: { files[$0].map { Array($0.utf8) } },
    matches: { pattern in
      guard pattern.hasSuffix("*") else { return files[pattern] == nil ? [] : [pattern] }
      return files.keys.filter { $0.hasPrefix(pattern.dropLast()) }.sorted()
    },
    addresses: { name in
      switch name {
      case "etcd0.example.com": [address("10.0.0.6"), address("fd00::6")].compactMap(\.self)
      case "two.example.com": [address("10.0.0.6"), address("10.0.0.7")].compactMap(\.self)
      case "self.example.com": [address("127.0.1.1")].compactMap(\.self)
      default: []
      }
    }, homeFolder: "/home/op", workingFolder: "/srv/clusters")

  private static func address(_ text: String) -> IPAddress? { IPAddress(text) }

  private static let files = [
    "/home/op/.ssh/conf.d/a.conf": "Host infra1\n  HostName 10.0.0.7\n  User second\n",
    "/home/op/.ssh/conf.d/b.conf": "Host infra*\n  User third\nInclude conf.d/a.conf\n",
    "/srv/clusters/ansible/group_vars/etcd.yml": "ansible_user: x\n",
    "/srv/clusters/HOST0/ca.crt": "certificate", "/srv/clusters/HOST0/ca.key": "key",
  ]

  /// Hosts as a test compares them: `infra0 10.0.0.6 ssh=…:22 user=…`.
  static func text(_ inventory: Inventory) -> String {
    inventory.hosts.map { host in
      var parts = [host.name, host.address]
      if host.login != nil || host.port != nil { parts.append("ssh=\(host.login ?? ""):\(host.port ?? 22)") }
      if let user = host.user { parts.append("user=\(user)") }
      if let key = host.identityFile { parts.append("key=\(key)") }
      if let ports = host.ports { parts.append("ports=\(ports.client),\(ports.peer),\(ports.metrics)") }
      if let folder = host.dataFolder { parts.append("data=\(folder)") }
      if !host.serverSANs.isEmpty { parts.append("server=\(host.serverSANs.joined(separator: ","))") }
      if !host.peerSANs.isEmpty { parts.append("peer=\(host.peerSANs.joined(separator: ","))") }
      parts += host.extraArguments.map { "--\($0.name)=\($0.value)" }
      return parts.joined(separator: " ") + "\n"
    }.joined()
  }

  /// The file that is written for an inventory, read back.
  static func written(_ inventory: Inventory) -> LoadedConfiguration? {
    let starter = StarterConfiguration(inventory: inventory)
    return starter.make(checkedBy: KnownPlugins.loader).text.map { load($0) }
  }
}
