internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// Where `quorate init` takes hosts from.
struct InventoryOptions: ParsableArguments {
  @Option(name: .long, help: "Take the hosts of an Ansible inventory, INI or YAML.")
  var fromAnsible: String?

  @Option(name: .long, help: "The group of the inventory; etcd, or the only one, without it.")
  var group: String?

  @Option(
    name: .long,
    help: "Take the hosts of what `terraform output -json` or `terraform show -json` printed; - for standard input.")
  var fromTerraform: String?

  @Option(name: .long, help: "The output, or the resource (TYPE.NAME), that has the hosts.")
  var outputName: String?

  @Option(name: .long, help: "Take the hosts of an SSH client's configuration whose names match this pattern.")
  var fromSSHConfig: String?

  @Option(name: .customLong("ssh-config"), help: "The SSH client's configuration; ~/.ssh/config without it.")
  var sshConfig: String?

  @Option(
    name: .long, parsing: .upToNextOption,
    help: "Take the hosts of the kubeadm guide's kubeadmcfg.yaml files, HOST0's first.")
  var fromKubeadm: [String] = []

  /// The option that was given.
  var chosen: String? { given.first }

  private var given: [String] {
    [
      fromAnsible.map { _ in "--from-ansible" }, fromTerraform.map { _ in "--from-terraform" },
      fromSSHConfig.map { _ in "--from-ssh-config" }, fromKubeadm.isEmpty ? nil : "--from-kubeadm",
    ].compactMap(\.self)
  }

  func validate() throws {
    if given.count > 1 { throw ValidationError("\(given.joined(separator: " and ")) exclude each other: give one.") }
    for (option, isGiven, other, hasOther) in [
      ("--group", group != nil, "--from-ansible", fromAnsible != nil),
      ("--output-name", outputName != nil, "--from-terraform", fromTerraform != nil),
      ("--ssh-config", sshConfig != nil, "--from-ssh-config", fromSSHConfig != nil),
    ] where isGiven && !hasOther {
      throw ValidationError("\(option) goes with \(other).")
    }
  }

  /// Reads what was chosen, on a thread of its own, since a pipe or a resolver may take its time; nil: nothing was.
  ///
  /// - Parameter file: The file that will be written: paths in it start from its folder.
  func read(writing file: String) async -> Inventory? {
    guard chosen != nil else { return nil }
    let options = self
    let surroundings = InventorySurroundings.process(
      workingFolder: ConfigurationOptions.workingFolder, homeFolder: Environment.home)
    guard var inventory = await DetachedThread.value(of: { options.inventory(surroundings) }) else { return nil }
    if let authority = inventory.authority, file != "-", file.contains("/") {
      let folder = surroundings.workingFolder
      let full = { (path: String) in path.hasPrefix("/") ? path : "\(folder)/\(path)" }
      inventory.authority = (full(authority.certificate), full(authority.key))
    }
    return inventory
  }

  private func inventory(_ surroundings: InventorySurroundings) -> Inventory {
    if let fromAnsible {
      return load(fromAnsible, surroundings) {
        AnsibleInventory.read(file: $0, bytes: $1, group: group, surroundings: surroundings)
      }
    }
    if let fromTerraform {
      return load(fromTerraform, surroundings, limit: TerraformInventory.sizeLimit) {
        TerraformInventory.read(file: $0, bytes: $1, output: outputName, surroundings: surroundings)
      }
    }
    if let fromSSHConfig {
      let path = sshConfig ?? surroundings.homeFolder.map { $0 + "/.ssh/config" } ?? ".ssh/config"
      return load(path, surroundings) {
        SSHConfigInventory.read(file: $0, bytes: $1, patterns: fromSSHConfig, surroundings: surroundings)
      }
    }
    var files: [KubeadmInventory.File] = []
    var faults: [Finding] = []
    for path in fromKubeadm {
      _ = load(path, surroundings) { name, bytes in
        files.append(KubeadmInventory.File(name: name, bytes: bytes))
        return Inventory(source: name)
      } failing: {
        faults.append($0)
      }
    }
    var inventory = KubeadmInventory.read(files, surroundings: surroundings)
    inventory.findings = faults + inventory.findings
    return inventory
  }

  /// Reads a file and hands it on; what cannot be read is a finding like another.
  private func load(
    _ path: String, _ surroundings: InventorySurroundings, limit: Int? = nil,
    _ read: (String, [UInt8]) -> Inventory, failing: (Finding) -> Void = { _ in }
  ) -> Inventory {
    switch ConfigurationFile.read(path == "-" ? "/dev/stdin" : path, from: surroundings.workingFolder, limit: limit) {
    case .success(let bytes): return read(path == "-" ? "stdin" : path, bytes)
    case .failure(let failure):
      var finding = failure.finding
      finding.fix = finding.what.hasSuffix("is a folder") ? "name the file in it" : "check the path"
      failing(finding)
      var inventory = Inventory(source: path)
      inventory.findings = [finding]
      return inventory
    }
  }
}
