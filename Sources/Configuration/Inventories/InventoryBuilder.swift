internal import QuorateCore

/// What the readers of inventories have in common: hosts with names that a member can have and addresses that etcd can
/// listen on, and findings.
struct InventoryBuilder {
  var inventory: Inventory
  var findings = FindingCollector()
  let surroundings: InventorySurroundings
  private var names: [String: SourcePosition] = [:]
  private var unresolved = 0
  private static let unresolvedLimit = 10
  private var endpoints: [NetworkEndpoint: String] = [:]

  init(source: String, surroundings: InventorySurroundings) {
    inventory = Inventory(source: source)
    self.surroundings = surroundings
  }

  /// The inventory with its findings, in the order of the text.
  var finished: Inventory {
    var inventory = inventory
    inventory.findings = findings.ordered
    return inventory
  }

  mutating func error(_ code: String, at place: SourcePosition?, _ what: String, why: String = "", fix: String = "") {
    findings.error("init." + code, at: place, what, why: why, fix: fix)
  }

  mutating func warning(_ code: String, at place: SourcePosition?, _ what: String, why: String = "", fix: String = "") {
    findings.warning("init." + code, at: place, what, why: why, fix: fix)
  }

  mutating func note(_ code: String, at place: SourcePosition?, _ what: String, why: String = "") {
    findings.add(Finding(.note, code: "config.init." + code, position: place, what: what, why: why))
  }

  /// Adds a host: gives it a name that is a label, and an IP address.
  mutating func add(_ host: Inventory.Host) {
    var host = host
    let written = host.name
    host.name = memberName(for: written, at: host.position)
    if let other = names[host.name] {
      error(
        "repeated-name", at: host.position, "two hosts would be named \(shown(host.name))",
        why: "a member is known by its name; the other one is in line \(other.line)",
        fix: "leave one of them out, or write the file by hand")
      return
    }
    names[host.name] = host.position
    if let fault = TextCheck.fault(in: host.user ?? "root", form: TextForm.loginName) {
      let user = shown(host.user ?? "")
      error(
        fault.code, at: host.position, "the user of \(shown(written)) is \(user), \(fault.what)", why: fault.why,
        fix: fault.fix)
    }
    guard let address = address(of: host, written) else { return }
    if IPAddress(host.address) == nil, host.login == nil { host.login = host.address }
    host.address = address.description
    if host.login.flatMap(IPAddress.init) == address { host.login = nil }
    if let login = host.login, let fault = TextCheck.fault(in: login, form: TextForm.hostName) {
      error(
        fault.code, at: host.position, "\(shown(written)) is reached at \(shown(login)), \(fault.what)",
        why: fault.why, fix: fault.fix)
    }
    let endpoint = NetworkEndpoint(address: address, port: host.ports?.client ?? MemberPorts().client)
    if let other = endpoints[endpoint] {
      error(
        "repeated-address", at: host.position,
        "\(shown(other)) and \(shown(host.name)) have the same address \(address)",
        why: "members on one machine need ports and roots of their own",
        fix: "correct it, or write the file by hand")
      return
    }
    endpoints[endpoint] = host.name
    inventory.hosts.append(host)
  }

  /// The name, or one made of it: the first label of a DNS name, small letters, `-` for what no label has.
  private mutating func memberName(for text: String, at place: SourcePosition) -> String {
    if DNSName.isLabel(text) { return text }
    var name = ""
    if IPAddress(text) == nil {
      for character in text.prefix(while: { $0 != "." }).lowercased() {
        if character.isASCIIAlphanumeric {
          name.append(character)
        } else if !name.hasSuffix("-"), !name.isEmpty {
          name.append("-")
        }
      }
      while name.hasSuffix("-") { name.removeLast() }
    }
    if !DNSName.isLabel(name) { name = "infra\(names.count)" }
    note(
      "renamed", at: place, "\(shown(text)) becomes the member `\(name)`",
      why: "a member's name is a label: a-z, 0-9 and `-`")
    return name
  }

  private mutating func address(of host: Inventory.Host, _ written: String) -> IPAddress? {
    if let address = IPAddress(host.address) {
      if let fault = TextCheck.fault(in: host.address, form: TextForm.ipAddress) {
        error(
          fault.code, at: host.position, "the address of \(shown(written)) is \(shown(host.address)), \(fault.what)",
          why: fault.why, fix: fault.fix)
        return nil
      }
      return address
    }
    if let fault = AddressCheck.hostName(host.address) {
      error(
        fault.code, at: host.position, "the address of \(shown(written)) is \(shown(host.address)), \(fault.what)",
        why: fault.why, fix: fault.fix)
      return nil
    }
    // Where no name resolves, the first ones tell it; each of the others would only take its time.
    guard unresolved < Self.unresolvedLimit else { return nil }
    let all = surroundings.addresses(host.address)
    // One family is enough, and IPv4 the one that the others most likely have.
    let found = all.contains { !$0.isV6 } ? all.filter { !$0.isV6 } : all
    if found.count == 1, !found[0].isLoopback {
      note("resolved", at: host.position, "\(shown(host.address)) is \(found[0])", why: "etcd listens on addresses")
      return found[0]
    }
    unresolved += 1
    switch found.count {
    case 0:
      error(
        "unresolved", at: host.position, "\(shown(host.address)) is a name that does not resolve here",
        why: "etcd advertises and listens on IP addresses only", fix: "write the address of \(shown(written)) there")
    case 1:
      error(
        "unresolved", at: host.position, "\(shown(host.address)) resolves to the loopback address \(found[0])",
        why: "on another machine it means that machine", fix: "write the address of \(shown(written)) there")
    default:
      error(
        "unresolved", at: host.position,
        "\(shown(host.address)) has several addresses: \(found.prefix(4).map(\.description).joined(separator: ", "))",
        why: "the other members reach it at one", fix: "write the one of \(shown(written)) there")
    }
    return nil
  }
}
