public import QuorateCore

/// Runs etcd as a static pod of the host's own kubelet, under systemd: the kubeadm guide's step 1.
///
/// A drop-in makes `kubelet.service` start the kubelet without an API server; the kubelet then runs what lies in its
/// manifests folder. A host whose kubelet belongs to a Kubernetes cluster, or runs other static pods, is refused.
public struct SystemdKubelet: ServiceManager {
  /// How it is made.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "systemd-kubelet", kind: .serviceManager, version: "0.1.0",
      summary: "The host's own kubelet under systemd, standalone, as in the kubeadm guide.",
      settings: KubeletSettings.schema, manifestForm: .staticPod),
    make: .serviceManager { settings, _ throws(PluginError) in try SystemdKubelet(settings: settings) })

  private let settings: KubeletSettings

  /// Makes the service manager.
  ///
  /// - Parameter settings: What stands under `serviceManager.with`.
  /// - Throws: ``PluginError`` that names the setting at fault.
  public init(settings: SettingsValue = .object([:])) throws(PluginError) {
    self.settings = try KubeletSettings(settings)
  }

  /// The kubelet, its unit and its process; the container runtime; whose node the host is.
  public func probes(for member: MemberContext) async throws(PluginError) -> [Probe] {
    KubeletHost.probes(for: member, settings: settings)
  }

  /// The drop-in and the kubelet's configuration, and how they take effect.
  public func service(for member: MemberContext, answers: ProbeAnswers) async throws(PluginError) -> ServiceReply {
    let host = KubeletHost(member: member, settings: settings, answers: answers)
    var reply = ServiceReply(
      instance: Self.instance(member), restartUnchanged: [Self.restartUnchanged(member)],
      images: [host.sandboxImage ?? KubernetesRelease(member.kubernetesVersion)?.pauseImage].compactMap(\.self),
      findings: HostFitness(member: member, settings: settings, host: host).findings)
    // Without these three there is nothing to write, and the findings say why.
    guard let unit = host.unit, let kubelet = host.kubelet, let version = host.version else { return reply }
    let endpoint = host.runtime?.endpoint ?? "unix://" + ContainerRuntime.sockets[0].path
    let files = KubeletFiles(
      settings: settings, kubelet: kubelet, version: version, endpoint: endpoint, driver: host.driver,
      layout: member.host.layout)
    reply.files = files.files
    reply.activation = Self.activation(unit: unit, command: files.command)
    reply.needsActivation = Self.needsActivation(unit: unit, process: host.process, files: files)
    return reply
  }

  /// Whether something else runs than the files say, or nothing.
  static func needsActivation(unit: KubeletUnit, process: KubeletProcess?, files: KubeletFiles) -> Bool {
    unit.activeState != "active" || unit.needsReload || unit.unitFileState == "disabled"
      || process?.command != files.command || process?.fingerprint != files.fingerprint
  }

  /// Fails where systemd would start another command than $1, and names the files that say so.
  private static let effectiveText =
    "systemctl show --property=ExecStart kubelet.service | grep -qF -- \"argv[]=$1 ;\" && exit 0; "
    + "echo \"kubelet.service starts something else than $1; ExecStart is set in:\"; "
    + "systemctl cat --no-pager kubelet.service | grep -e \"^# /\" -e \"^ExecStart=\"; exit 1"

  private static func activation(unit: KubeletUnit, command: [String]) -> [HostCommand] {
    var commands = [
      HostCommand(["systemctl", "daemon-reload"], timeoutSeconds: 60, summary: "reload systemd's units"),
      HostCommand(
        ["sh", "-c", effectiveText, "quorate", command.joined(separator: " ")],
        summary: "check what kubelet.service starts"),
    ]
    if unit.unitFileState == "disabled" {
      commands.append(
        HostCommand(["systemctl", "enable", "kubelet.service"], timeoutSeconds: 60, summary: "enable kubelet"))
    }
    if unit.activeState == "failed" {
      commands.append(
        HostCommand(["systemctl", "reset-failed", "kubelet.service"], summary: "forget kubelet's failures"))
    }
    // The kubelet takes seconds to its first look at a manifest; the rest of the run goes on meanwhile.
    commands.append(
      HostCommand(
        ["systemctl", "restart", "--no-block", "kubelet.service"], timeoutSeconds: 60, summary: "restart kubelet"))
    return commands
  }

  /// Moves the manifest ($1) to $2, waits until no etcd with the member's name ($3) and data folder ($4) runs, and
  /// moves it back, whatever happens. A manifest that an interrupted run left at $2 is taken from there. The flags
  /// are put together here, so that neither this shell nor grep has one of them for an argument.
  private static let restartText =
    "[ -e \"$1\" ] || [ -e \"$2\" ] || { echo \"$1 is not there\"; exit 1; }; "
    + "trap 'mv -f -- \"$2\" \"$1\"' EXIT; trap 'exit 1' HUP INT TERM; "
    + "[ ! -e \"$1\" ] || mv -f -- \"$1\" \"$2\" || exit 1; "
    + "i=0; while grep -l -s -z -x -F -e\"--name=$3\" /proc/[0-9]*/cmdline "
    + "| xargs -r grep -l -s -z -x -F -e\"--data-dir=$4\" | grep -q .; do "
    + "i=$((i + 1)); [ \"$i\" -lt 120 ] || { echo \"the container does not end\"; exit 1; }; sleep 1; done"

  /// Prints the pods, by their UIDs, in which an etcd with the member's name ($1) and data folder ($2) runs. A static
  /// pod's UID is the hash of its manifest (kubernetes `pkg/kubelet/config/common.go`), 32 hexadecimal digits, and part of
  /// the name of its cgroup whatever the driver. A kubelet of 1.20 may start the pod of the manifest before once again
  /// while that of the new one comes up.
  private static let instanceText =
    "grep -l -s -z -x -F -e\"--name=$1\" /proc/[0-9]*/cmdline | xargs -r grep -l -s -z -x -F -e\"--data-dir=$2\" "
    + "| while IFS=/ read -r _ _ p _; do sed -n \"s/.*[^a-z0-9]pod\\([0-9a-f]\\{32\\}\\).*/\\1/p\" \"/proc/$p/cgroup\"; done "
    + "2>/dev/null | sort -u"

  private static func instance(_ member: MemberContext) -> HostCommand {
    HostCommand(
      ["sh", "-c", instanceText, "quorate", member.host.name, member.host.layout.dataFolder], timeoutSeconds: 10,
      summary: "see which pod runs the member")
  }

  private static func restartUnchanged(_ member: MemberContext) -> HostCommand {
    let layout = member.host.layout
    return HostCommand(
      [
        "sh", "-c", restartText, "quorate", layout.staticPodManifest, layout.quorateFolder + "/etcd.yaml.parked",
        member.host.name, layout.dataFolder,
      ],
      timeoutSeconds: 150, summary: "restart member \(member.host.name)")
  }
}
