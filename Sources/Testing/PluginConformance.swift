internal import QuorateCore

/// What every plugin of the contracts that answer with desired state must keep, checked without a host.
///
/// The checks return sentences instead of failing a test, so that they serve any test framework; an empty list is
/// conformance.
enum PluginConformance {
  /// Answers that a host might give to probes, from empty to nonsense. Equal seeds give equal answers.
  static func answers(to probes: [Probe]) -> [(name: String, answers: ProbeAnswers)] {
    var sets: [(String, ProbeAnswers)] = [("no answers", ProbeAnswers())]
    sets.append(("a host that has nothing", fill(probes) { _ in (.command(status: 127, output: []), .absent) }))
    sets.append(
      (
        "a host that answers nothing",
        ProbeAnswers(Dictionary(probes.map { ($0.key, ProbeAnswer.unavailable("no")) }) { first, _ in first })
      ))
    for seed in 0..<200 {
      var random = NonsenseSource(seed: UInt64(seed))
      sets.append(
        (
          "nonsense \(seed)",
          fill(probes) { _ in
            let status: Int32 = random.next(below: 3) == 0 ? 1 : 0
            return (
              .command(status: status, output: random.text()),
              ObservedFile(
                kind: random.kind(), mode: UInt16(random.next(below: 0o1000)), size: 10, content: random.text())
            )
          }
        ))
    }
    return sets
  }

  private static func fill(
    _ probes: [Probe], with make: (Probe) -> (command: ProbeAnswer, file: ObservedFile)
  ) -> ProbeAnswers {
    var answers = ProbeAnswers()
    for probe in probes {
      let (command, file) = make(probe)
      switch probe {
      case .file, .secretFile: answers.byKey[probe.key] = .file(file)
      case .folder:
        answers.byKey[probe.key] = .folder(file.text?.split(separator: "\n").map(String.init))
      case .command: answers.byKey[probe.key] = command
      case .http: answers.byKey[probe.key] = .http(status: 0, body: [])
      case .etcd: answers.byKey[probe.key] = .unavailable("no")
      }
    }
    return answers
  }

  static func violations(inProbes probes: [Probe]) -> [String] {
    var found: [String] = []
    var keys: [String: Probe] = [:]
    for probe in probes {
      if let other = keys.updateValue(probe, forKey: probe.key), other != probe {
        found.append("two probes have the key \(probe.key)")
      }
      switch probe {
      case .file(let path, _), .secretFile(let path, _), .folder(let path):
        if !isPath(path) { found.append("a probe's path is not absolute: \(path)") }
      case .command(_, let command): found += violations(inCommand: command)
      case .http, .etcd: break
      }
    }
    return found
  }

  static func violations(inCommand command: HostCommand) -> [String] {
    var found: [String] = []
    if command.arguments.first?.isEmpty != false { found.append("a command has no program: \(command.summary)") }
    for argument in command.arguments where argument.utf8.contains(10) || argument.utf8.contains(0) {
      found.append("an argument has a line break or NUL: \(command.summary)")
    }
    if command.timeoutSeconds <= 0 { found.append("a command has no time: \(command.summary)") }
    if command.summary.isEmpty || command.summary.contains(where: \.isNewline) {
      found.append("a command does not say what it does in one line: \(command.arguments)")
    }
    return found
  }

  /// Files that are wanted without having been asked for: what is there could not be compared. Core itself asks for
  /// `kubeadmcfg.yaml`.
  static func violations(unasked files: [DesiredFile], probes: [Probe], of host: HostSpec) -> [String] {
    files.compactMap { file in
      let isAsked = probes.contains { probe in
        if case .file(file.path, let limit) = probe { return limit > 0 }
        return false
      }
      return isAsked || file.path == host.layout.kubeadmConfiguration
        ? nil : "wants to write \(file.path) and did not ask what is there"
    }
  }

  static func violations(inFile file: DesiredFile, of host: HostSpec) -> [String] {
    var found: [String] = []
    if !isPath(file.path) { found.append("a file's path is not absolute and plain: \(file.path)") }
    let root = host.layout.root
    if !root.isEmpty && !file.path.hasPrefix(root + "/") { found.append("\(file.path) is not below \(root)") }
    if file.mode & 0o022 != 0 { found.append("\(file.path) may be written by others: \(String(file.mode, radix: 8))") }
    if file.mode > 0o777 { found.append("\(file.path) has more than permission bits") }
    if file.path.hasPrefix(host.layout.manifestsFolder + "/") && file.path != host.layout.staticPodManifest {
      found.append("\(file.path) is in the manifests folder and is not etcd.yaml: the kubelet would run it")
    }
    return found
  }

  static func violations(inImages images: [String]) -> [String] {
    images.filter { !ImageName.isName($0) }.map { "\($0.debugDescription) is no name of an image" }
  }

  static func violations(inFindings findings: [Finding], of host: HostSpec) -> [String] {
    findings.flatMap { finding -> [String] in
      var found: [String] = []
      if finding.code.isEmpty || finding.what.isEmpty { found.append("a finding has no code or says nothing") }
      if finding.what.hasSuffix(".") { found.append("a finding ends with a full stop: \(finding.what)") }
      if finding.host != host.name { found.append("a finding does not name its host: \(finding.code)") }
      if (finding.what + finding.why + finding.fix).contains(where: \.isNewline) {
        found.append("a finding has a line break: \(finding.code)")
      }
      return found
    }
  }

  static func isPath(_ path: String) -> Bool {
    path.hasPrefix("/") && !path.hasSuffix("/") && !path.utf8.contains(0) && !path.utf8.contains(10)
      && !path.split(separator: "/").contains { $0 == "." || $0 == ".." }
  }
}

/// Text that looks like what hosts answer, broken in random places.
private struct NonsenseSource {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((value ^ (value >> 31)) % UInt64(bound))
  }

  mutating func kind() -> ObservedFile.Kind {
    [.absent, .regular, .folder, .symlink, .other][next(below: 5)]
  }

  private static let parts = [
    "LoadState=loaded", "LoadState=", "ActiveState=active", "ExecStart={ path=/usr/bin/kubelet ; argv[]=x ; }", "path=",
    "Kubernetes v1.20.2", "Kubernetes v", "etcd Version: 3.4.23", "etcd Version:", "v1.20.2", "v", "=", "\n", "\n\n",
    " ", "# /etc/systemd/system/x.conf", "# /", "ExecStart=/bin/x", "SystemdCgroup = true", "disabled_plugins = [",
    "\"cri\"]", "\0", "\u{FFFD}", "/usr/bin/etcd", "--name=x", "supervisor 12", "member 12", "format=1", "argument=",
    "argument", "root", "a b:c", "99999999999999999999", "refused: no", "failing: x", "kubeconfig=/x", "é", "\u{7}",
  ]

  mutating func text() -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<next(below: 12) {
      bytes += Array(Self.parts[next(below: Self.parts.count)].utf8)
      if next(below: 3) != 0 { bytes.append(10) }
      if next(below: 20) == 0 { bytes.append(UInt8(next(below: 256))) }
    }
    return bytes
  }
}
