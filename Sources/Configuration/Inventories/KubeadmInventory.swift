internal import QuorateCore

/// Reads the per-host files of the kubeadm guide "Set up a High Availability etcd cluster": a ClusterConfiguration with
/// `etcd.local`, since the guide's later editions with an InitConfiguration beside it; v1beta1 to v1beta4.
public enum KubeadmInventory {
  /// A file.
  public struct File: Sendable {
    /// Its name as the user gave it.
    public var name: String
    /// Its content.
    public var bytes: [UInt8]

    /// Makes a value.
    public init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// Reads the files of all hosts.
  ///
  /// - Parameters:
  ///   - files: The files, one a host, HOST0's first.
  ///   - surroundings: Where a CA beside a file is looked for.
  public static func read(_ files: [File], surroundings: InventorySurroundings) -> Inventory {
    let names = files.map(\.name)
    let source = names.count == 1 ? names[0] : "\(names.first ?? "") and \(names.count - 1) more"
    var builder = InventoryBuilder(source: "kubeadm's \(source)", surroundings: surroundings)
    builder.inventory.mayNameKubernetesVersion = true
    var members: [KubeadmMember] = []
    for file in files {
      guard let text = SourceText(file: file.name, bytes: file.bytes, findings: &builder.findings) else { continue }
      var reader = DocumentReader(source: text)
      reader.fixOfEmpty = "name the file `kubeadmcfg.yaml` of each host"
      let documents = reader.readAll()
      builder.findings.merge(reader.findings)
      if let member = KubeadmMember(documents, file: file.name, &builder) { members.append(member) }
    }
    guard !builder.findings.hasErrors else { return builder.finished }
    let merged = KubeadmMembers(members)
    merged.agree(&builder)
    for host in merged.hosts(&builder) { builder.add(host) }
    merged.common(&builder)
    authority(beside: names, &builder)
    return builder.finished
  }

  /// A CA in a file's folder, or where kubeadm has it below that.
  private static func authority(beside files: [String], _ builder: inout InventoryBuilder) {
    for file in files {
      let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "./"
      for place in ["", "pki/etcd/", "etcd/"] {
        let certificate = folder + place + "ca.crt"
        let key = folder + place + "ca.key"
        let found = [certificate, key].map { builder.surroundings.file(builder.surroundings.absolute($0)) != nil }
        if found == [true, true] {
          builder.inventory.authority = (certificate, key)
          builder.note(
            "kubeadm.ca", at: SourcePosition(file: file, line: 1, column: 1),
            "the CA \(shown(certificate)) is taken over, with its key beside it")
          return
        }
        if found == [true, false] {
          builder.warning(
            "kubeadm.ca", at: SourcePosition(file: file, line: 1, column: 1),
            "the CA \(shown(certificate)) is left out", why: "its key is not beside it",
            fix: "put `ca.key` there, or leave the CA on the first host, where it is found")
        }
      }
    }
  }
}
