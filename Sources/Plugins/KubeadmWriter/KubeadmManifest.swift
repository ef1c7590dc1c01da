internal import QuorateCore

/// A manifest that a host's kubeadm wrote, with the placeholder in the token's place.
struct KubeadmManifest {
  let text: String
  let member: MemberContext

  /// The manifest with the cluster's token; nil where an error is among ``findings``.
  ///
  /// The token stands alone behind its flag, and both it and the placeholder are written plain, in one piece: nothing
  /// else of kubeadm's text depends on it.
  var completed: String? {
    guard let token = member.token, !findings.contains(where: { $0.severity == .error }),
      let place = text.firstRange(of: KubeadmRun.token)
    else { return nil }
    return text.replacingCharacters(in: place, with: token)
  }

  /// What forbids to use it, or is worth knowing.
  var findings: [Finding] {
    if let token = member.token, !Self.isPlain(token) {
      return [
        finding(
          .error, "etcd.token",
          "the cluster's token \(token.debugDescription) has other characters than letters, digits and `-`",
          why: "it cannot be put into a manifest that kubeadm wrote", fix: "choose the manifest writer static-pod")
      ]
    }
    let lost = missingFlags
    guard lost.isEmpty, text.components(around: KubeadmRun.token) == 2 else {
      let names = lost.isEmpty ? "the token once" : lost.map { "--\($0)" }.joined(separator: ", ")
      return [
        finding(
          .error, "kubeadm.other-manifest", "what the host's kubeadm writes does not have \(names)",
          why: "a member that is started so would not be one of this cluster",
          fix: "choose the manifest writer static-pod, and report this with the output of kubeadm version")
      ]
    }
    guard let image, image != member.image else { return [] }
    return [
      finding(
        .warning, "kubeadm.image",
        "the host's kubeadm starts \(image), and for v\(member.kubernetesVersion) Quorate expects \(member.image)",
        why: "kubeadm's manifest is taken as it is",
        fix: "set etcd.imageRepository and etcd.imageTag to be sure of both")
    ]
  }

  /// The flags that it was told to write and did not.
  private var missingFlags: [String] {
    var told = member
    told.token = KubeadmRun.token
    return EtcdFlags.overrides(of: told).filter { argument in
      let scalar = GoYAML.scalar("--\(argument.name)=\(argument.value)", column: 6, indent: 6)
      return !text.contains("\n    - \(scalar)\n")
    }.map(\.name)
  }

  /// The image that it starts.
  var image: String? {
    let line = text.split(separator: "\n").first { $0.hasPrefix("    image: ") }
    return line.map { String($0.dropFirst(11)) }.flatMap { ImageName.isName($0) ? $0 : nil }
  }

  /// Whether a token is written into YAML as it is.
  static func isPlain(_ token: String) -> Bool {
    token.utf8.count <= 200
      && token.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
      } && !token.isEmpty
  }

  private func finding(
    _ severity: Finding.Severity, _ code: String, _ what: String, why: String, fix: String
  ) -> Finding {
    Finding(severity, code: code, host: member.host.name, what: what, why: why, fix: fix)
  }
}

extension String {
  /// Into how many parts a text cuts this one.
  fileprivate func components(around text: String) -> Int {
    var count = 1
    var rest = self[...]
    while let range = rest.firstRange(of: text) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }

  /// The string with other characters at a place.
  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}
