internal import QuorateCore

/// What the survey answered about a host's kubelet.
struct KubeletHost {
  private enum ID {
    static let unit = "systemd-kubelet.unit"
    static let text = "systemd-kubelet.unit-text"
    static let process = "systemd-kubelet.process"
    static let path = "systemd-kubelet.path"
    static let version = "systemd-kubelet.version"
    static let containerd = "systemd-kubelet.containerd"
    static let image = "systemd-kubelet.image"
  }

  private static let containerdFile = "/etc/containerd/config.toml"
  private static let cgroupV2File = "/sys/fs/cgroup/cgroup.controllers"
  private static let swapFile = "/proc/swaps"

  /// Prints an image's name where the runtime has it: $1 the image, $2 the runtime's endpoint, empty where it is to
  /// be found. 127 where there is no runtime or no program to ask it.
  private static let imageText =
    "e=${2#unix://}; for s in \(ContainerRuntime.sockets.map(\.path).joined(separator: " ")); do "
    + "[ -n \"$e\" ] || [ ! -S \"$s\" ] || e=$s; done; [ -n \"$e\" ] || exit 127; "
    + "case $e in *containerd*) if command -v ctr >/dev/null; then "
    + "exec ctr --address \"$e\" --namespace k8s.io images ls -q \"name==$1\"; fi ;; esac; "
    + "if command -v crictl >/dev/null; then exec crictl --runtime-endpoint \"unix://$e\" images -q \"$1\"; fi; "
    + "exit 127"

  /// containerd's whole configuration, unless its file alone says what is looked for: asking takes as long as ten
  /// other probes.
  private static let containerdText =
    "f=\(containerdFile); ! grep -qs SystemdCgroup $f || grep -q '^ *imports' $f || exit 1; exec containerd config dump"

  /// The kubeadm files that say that a host is, or is becoming, a node.
  static func nodeFiles(_ layout: HostLayout) -> [String] {
    [layout.path("/etc/kubernetes/kubelet.conf"), layout.path("/etc/kubernetes/bootstrap-kubelet.conf")]
  }

  static func probes(for member: MemberContext, settings: KubeletSettings) -> [Probe] {
    let layout = member.host.layout
    let endpoint = settings.runtimeEndpoint.map(ContainerRuntime.init(endpoint:))
    var probes: [Probe] = [
      .command(
        id: ID.unit,
        HostCommand(
          [
            "systemctl", "show", "--no-pager",
            "--property=LoadState,ActiveState,UnitFileState,NeedDaemonReload,ExecStart", "kubelet.service",
          ],
          timeoutSeconds: 10)),
      .command(
        id: ID.text, HostCommand(["systemctl", "cat", "--no-pager", "kubelet.service"], timeoutSeconds: 10)),
      .command(id: ID.process, HostCommand(["sh", "-c", KubeletProcess.probeText], timeoutSeconds: 10)),
      .command(
        id: ID.version, HostCommand([settings.kubelet ?? "kubelet", "--version"], timeoutSeconds: 10)),
      .command(id: ID.containerd, HostCommand(["sh", "-c", Self.containerdText], timeoutSeconds: 10)),
      .command(
        id: ID.image,
        HostCommand(
          ["sh", "-c", Self.imageText, "quorate", member.image, endpoint?.endpoint ?? ""], timeoutSeconds: 10)),
      .file(path: containerdFile, limit: 65_536), .file(path: cgroupV2File, limit: 0),
      .file(path: swapFile, limit: 65_536), .folder(path: layout.manifestsFolder),
    ]
    for path in KubeletFiles.paths(layout) { probes.append(.file(path: path, limit: 65_536)) }
    if settings.kubelet == nil {
      probes.append(.command(id: ID.path, HostCommand(["sh", "-c", "command -v kubelet"], timeoutSeconds: 10)))
    }
    var sockets = ContainerRuntime.sockets.map(\.path)
    if let endpoint, !sockets.contains(endpoint.socket) { sockets.append(endpoint.socket) }
    for path in nodeFiles(layout) + sockets { probes.append(.file(path: path, limit: 0)) }
    return probes
  }

  /// nil: the host has no systemd that answers.
  let unit: KubeletUnit?
  let laterExecStarts: [String]
  let process: KubeletProcess?
  /// nil: there is no kubelet.
  let kubelet: String?
  let version: Version?
  /// nil: none whose socket is there.
  let runtime: ContainerRuntime?
  let hasRuntimeSocket: Bool
  /// The image of a pod's sandbox, as containerd's configuration names it; nil: it is not set there.
  let sandboxImage: String?
  let driver: KubeletSettings.CgroupDriver
  let hasCgroupV2: Bool
  let hasSwap: Bool
  let nodeFiles: [String]
  let manifests: [String]
  /// nil: nobody could be asked.
  let hasImage: Bool?

  init(member: MemberContext, settings: KubeletSettings, answers: ProbeAnswers) {
    let layout = member.host.layout
    unit = answers.output(ID.unit).flatMap(KubeletUnit.init(show:))
    laterExecStarts = KubeletUnit.laterExecStarts(cat: answers.output(ID.text) ?? "")
    process = answers.output(ID.process).map(KubeletProcess.init(output:))
    let searched = answers.output(ID.path)?.split(whereSeparator: \.isNewline).first.map(String.init)
    kubelet =
      settings.kubelet ?? unit?.program ?? searched.flatMap { KubeletSettings.isPath($0) ? $0 : nil }
    version = answers.output(ID.version).flatMap(Self.version(in:))
    let containerd = answers.output(ID.containerd) ?? answers.file(Self.containerdFile).text
    let chosen = settings.runtimeEndpoint.map(ContainerRuntime.init(endpoint:))
    runtime = chosen ?? ContainerRuntime.found(in: answers, containerd: containerd)
    hasRuntimeSocket = runtime.map { ContainerRuntime.isSocket(answers.file($0.socket)) } ?? false
    sandboxImage = containerd.flatMap(ContainerRuntime.sandboxImage)
    hasCgroupV2 = answers.file(Self.cgroupV2File).kind == .regular
    driver =
      settings.cgroupDriver
      ?? runtime?.cgroupDriver(containerd: containerd, hasCgroupV2: hasCgroupV2) ?? .systemd
    let swaps = answers.file(Self.swapFile).text?.split(whereSeparator: \.isNewline) ?? []
    hasSwap = swaps.count > 1
    nodeFiles = Self.nodeFiles(layout).filter { answers.file($0).kind != .absent }
    manifests = (answers.folder(layout.manifestsFolder) ?? []).filter { !$0.hasPrefix(".") }
    switch answers.command(ID.image) {
    case (0, let output)?: hasImage = output.contains { !$0.isWhitespace }
    default: hasImage = nil
    }
  }

  /// The version in `Kubernetes v1.20.2`.
  private static func version(in output: String) -> Version? {
    for line in output.split(whereSeparator: \.isNewline) where line.hasPrefix("Kubernetes v") {
      return Version(String(line.dropFirst("Kubernetes ".utf8.count)))
    }
    return nil
  }
}
