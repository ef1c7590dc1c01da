internal import QuorateCore

/// The container runtime of a host: where it listens, and which cgroup driver it is configured for.
struct ContainerRuntime: Equatable {
  /// Which one it is, by its socket.
  enum Kind: Equatable { case containerd, crio, docker, other }

  /// The sockets that are looked for, in this order.
  static let sockets: [(path: String, kind: Kind)] = [
    ("/run/containerd/containerd.sock", .containerd), ("/run/crio/crio.sock", .crio),
    ("/run/cri-dockerd.sock", .docker),
  ]

  var endpoint: String
  var kind: Kind
  /// The path of the socket.
  var socket: String { String(endpoint.dropFirst("unix://".utf8.count)) }

  /// A runtime whose endpoint the configuration names.
  init(endpoint: String) {
    self.endpoint = endpoint
    let name = endpoint.lowercased()
    kind =
      name.contains("containerd")
      ? .containerd
      : name.contains("crio") ? .crio : name.contains("docker") ? .docker : .other
  }

  /// The runtime that a host has; nil: none whose socket is there and that speaks CRI.
  static func found(in answers: ProbeAnswers, containerd configuration: String?) -> ContainerRuntime? {
    let present = sockets.filter { isSocket(answers.file($0.path)) }
    // Docker's containerd comes with its CRI plugin switched off.
    let speaking = present.filter { $0.kind != .containerd || !isCRIDisabled(configuration ?? "") }
    return speaking.first.map { ContainerRuntime(endpoint: "unix://" + $0.path) }
  }

  static func isSocket(_ file: ObservedFile) -> Bool { file.kind == .other || file.kind == .symlink }

  /// Whether containerd's configuration lists the CRI plugin among `disabled_plugins`.
  static func isCRIDisabled(_ configuration: String) -> Bool {
    let text = configuration.split(whereSeparator: \.isNewline)
      .map { $0.drop { $0 == " " || $0 == "\t" } }.filter { !$0.hasPrefix("#") }.joined(separator: "\n")
    guard let key = text.firstRange(of: "disabled_plugins"), let open = text[key.upperBound...].firstIndex(of: "[")
    else { return false }
    let names = text[open...].prefix { $0 != "]" }
    return ["\"cri\"", "'cri'", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1"].contains { names.contains($0) }
  }

  /// The cgroup driver it is configured for.
  ///
  /// - containerd: `SystemdCgroup` of runc's options, false where it is not set.
  /// - CRI-O: systemd, its default.
  /// - Docker: systemd on cgroup v2, cgroupfs on v1, its defaults.
  func cgroupDriver(containerd configuration: String?, hasCgroupV2: Bool) -> KubeletSettings.CgroupDriver {
    switch kind {
    case .containerd: Self.usesSystemdCgroup(configuration ?? "") ? .systemd : .cgroupfs
    case .crio: .systemd
    case .docker, .other: hasCgroupV2 ? .systemd : .cgroupfs
    }
  }

  /// The sandbox's image: `sandbox_image` of containerd 1, `sandbox` below `pinned_images` of containerd 2.
  static func sandboxImage(_ configuration: String) -> String? {
    for line in configuration.split(whereSeparator: \.isNewline) {
      let parts = line.prefix { $0 != "#" }.split(separator: "=", maxSplits: 1)
        .map { $0.filter { $0 != " " && $0 != "\t" } }
      guard parts.count == 2, parts[0] == "sandbox_image" || parts[0] == "sandbox" else { continue }
      let image = parts[1].filter { $0 != "\"" && $0 != "'" }
      return ImageName.isName(image) ? image : nil
    }
    return nil
  }

  private static func usesSystemdCgroup(_ configuration: String) -> Bool {
    configuration.split(whereSeparator: \.isNewline).contains { line in
      let parts = line.prefix { $0 != "#" }.split(separator: "=")
        .map { $0.filter { $0 != " " && $0 != "\t" } }
      return parts == ["SystemdCgroup", "true"]
    }
  }
}
