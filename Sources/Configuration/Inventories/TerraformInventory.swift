internal import QuorateCore

/// Reads what Terraform (or OpenTofu) prints: `terraform output -json`, `terraform show -json`, or a state file of
/// version 4. An output, or the instances of one resource, are the hosts: a list of addresses, a mapping from names to
/// addresses, or objects that say more.
public enum TerraformInventory {
  /// The largest file that is read, in bytes: a state holds a lot.
  public static let sizeLimit = 8 << 20

  /// Reads an output.
  ///
  /// - Parameters:
  ///   - file: The file as the user named it.
  ///   - bytes: Its content.
  ///   - output: The output, or the resource (`aws_instance.etcd`), that has the hosts; nil: the only one that has
  ///     addresses.
  ///   - surroundings: Where names are resolved.
  public static func read(
    file: String, bytes: [UInt8], output: String?, surroundings: InventorySurroundings
  ) -> Inventory {
    var builder = InventoryBuilder(source: "Terraform's \(file)", surroundings: surroundings)
    guard let source = SourceText(file: file, bytes: bytes, limit: sizeLimit, findings: &builder.findings) else {
      return builder.finished
    }
    var reader = DocumentReader(source: source)
    reader.limit = 200_000
    reader.fixOfEmpty = "write it with `terraform output -json`"
    let root = reader.read()
    builder.findings.merge(reader.findings)
    guard let root, !builder.findings.hasErrors else { return builder.finished }
    guard let entries = root.entries else {
      builder.error(
        "terraform.form", at: root.position, "the file is no output of Terraform", why: "it holds no JSON object",
        fix: "write it with `terraform output -json`")
      return builder.finished
    }
    let groups = TerraformGroup.all(in: root, entries)
    guard let group = choose(output, groups, at: root.position, &builder) else { return builder.finished }
    for candidate in group.hosts { builder.add(host(candidate)) }
    if group.leftOut > 0 {
      builder.warning(
        "terraform.no-address", at: group.position,
        "\(group.leftOut) of \(shown(group.name)) \(group.leftOut == 1 ? "has" : "have") no address, and \(group.leftOut == 1 ? "is" : "are") left out",
        why:
          "an address stands under one of \(TerraformGroup.addressKeys.prefix(6).map { "`\($0)`" }.joined(separator: ", ")), …"
      )
    }
    return builder.finished
  }

  private static func host(_ candidate: TerraformGroup.Candidate) -> Inventory.Host {
    var host = Inventory.Host(name: candidate.name, address: candidate.address, position: candidate.position)
    host.login = candidate.login
    host.user = candidate.user
    host.port = candidate.port.flatMap { $0 > 0 && $0 != 22 ? UInt16(exactly: $0) : nil }
    return host
  }

  private static func choose(
    _ name: String?, _ groups: [TerraformGroup], at place: SourcePosition, _ builder: inout InventoryBuilder
  ) -> TerraformGroup? {
    let usable = groups.filter { !$0.hosts.isEmpty }
    let list = usable.prefix(20).map { "\(shown($0.name)) (\($0.hosts.count))" }.joined(separator: ", ")
    if let name {
      if let group = usable.first(where: { $0.name == name }) { return group }
      if let group = groups.first(where: { $0.name == name }) {
        builder.error(
          "terraform.output", at: group.position, "\(shown(name)) has no address",
          why: "it is no list of addresses, no mapping to addresses, and no objects with an address in them",
          fix: list.isEmpty ? "write an output with the hosts' addresses" : "these have some: \(list)")
        return nil
      }
      let near = NearestName.find(name, among: groups.map(\.name)).map { "did you mean \(shown($0))? " } ?? ""
      builder.error(
        "terraform.output", at: place, "there is no output or resource \(shown(name))",
        fix: near + (list.isEmpty ? "none has addresses" : "these have addresses: \(list)"))
      return nil
    }
    // What is marked as sensitive is taken only when it is named.
    let open = usable.filter { !$0.isSensitive }
    let outputs = open.filter(\.isOutput)
    let choice = outputs.isEmpty ? open : outputs
    if choice.count == 1 { return choice[0] }
    if let group = choice.first(where: { $0.name == "etcd" }) { return group }
    builder.error(
      "terraform.output", at: place,
      choice.isEmpty ? "no output has addresses" : "several outputs have addresses",
      why: choice.isEmpty && !usable.isEmpty ? "one that is sensitive is taken only when it is named" : "",
      fix: list.isEmpty
        ? "write an output with the hosts' addresses: `output \"etcd\" { value = aws_instance.etcd[*].private_ip }`"
        : "choose one by --output-name: \(list)")
    return nil
  }
}
