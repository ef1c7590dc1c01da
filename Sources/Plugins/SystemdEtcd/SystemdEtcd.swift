public import QuorateCore

/// Runs etcd as a systemd unit of its own, `quorate-etcd.service`: for hosts without a kubelet.
///
/// The unit starts what `unit-file` describes (``MemberUnit``), as the user `etcd`, who owns the data folder and the keys
/// that etcd reads and can write nothing else on the host. A member whose cluster was founded and whose data is gone is
/// not started; the journal says why.
public struct SystemdEtcd: ServiceManager {
  /// How it is made.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "systemd-etcd", kind: .serviceManager, version: "0.1.0",
      summary: "etcd as a systemd unit of its own, hardened; for hosts without a kubelet.",
      settings: SchemaObject(), manifestForm: .memberUnit),
    make: .serviceManager { _, _ throws(PluginError) in SystemdEtcd() })

  /// Makes the service manager; it has no settings.
  public init() {}

  /// The unit and its process, its user, systemd's version, and the distribution's own etcd.
  public func probes(for member: MemberContext) async throws(PluginError) -> [Probe] { EtcdHost.probes(for: member) }

  /// The unit with what it needs, and how they take effect.
  public func service(for member: MemberContext, answers: ProbeAnswers) async throws(PluginError) -> ServiceReply {
    let host = EtcdHost(member: member, answers: answers)
    let unit = EtcdUnit(member.host.layout, owner: host.owner)
    let name = EtcdUnit.name
    let restart = HostCommand(
      ["systemctl", "restart", "--no-block", name], timeoutSeconds: 90, summary: "restart member \(member.host.name)")
    var reply = ServiceReply(
      restart: [restart], restartUnchanged: [restart], hardeningRestarts: false, memberOwner: host.owner,
      findings: HostFitness(member: member, host: host, unit: unit).findings)
    // Without systemd there is nothing to write, and the findings say why.
    guard let state = host.state else { return reply }
    reply.files = unit.files
    reply.activation = Self.activation(unit, host, isEnabled: state.isEnabled)
    reply.needsActivation =
      state.load != "loaded" || state.needsReload || !state.isEnabled || !host.hasUser || host.isDataSomebodyElses
    reply.makesMemberOwner = !host.hasUser
    // The members of a cluster wait for each other: nobody waits here for one of them.
    reply.start = [
      HostCommand(
        ["systemctl", "start", "--no-block", name], timeoutSeconds: 30, summary: "start member \(member.host.name)")
    ]
    reply.needsStart = !state.isUp
    reply.needsRestart = state.isUp && !host.differences(from: unit).isEmpty
    return reply
  }

  /// Fails where systemd would start another command than $2 for the unit $1, and names the files that say so.
  private static let effectiveText =
    "systemctl show --property=ExecStart \"$1\" | grep -qF -- \"argv[]=$2 ;\" && exit 0; "
    + "echo \"$1 starts something else than $2; ExecStart is set in:\"; "
    + "systemctl cat --no-pager \"$1\" | grep -e \"^# /\" -e \"^ExecStart=\"; exit 1"

  private static func activation(_ unit: EtcdUnit, _ host: EtcdHost, isEnabled: Bool) -> [HostCommand] {
    let name = EtcdUnit.name
    var commands: [HostCommand] = []
    if !host.hasUser {
      commands.append(HostCommand(["systemd-sysusers", unit.users], summary: "make the user \(EtcdUnit.user)"))
    }
    if host.dataFolder.kind == .absent || host.isDataSomebodyElses {
      commands.append(
        HostCommand(
          ["systemd-tmpfiles", "--create", unit.folders],
          summary: "\(host.dataFolder.kind == .absent ? "make" : "correct the owner of") etcd's data folder"))
    }
    commands += [
      HostCommand(["systemctl", "daemon-reload"], timeoutSeconds: 60, summary: "reload systemd's units"),
      HostCommand(
        ["sh", "-c", effectiveText, "quorate", name, unit.command.joined(separator: " ")],
        summary: "check what \(name) starts"),
    ]
    if !isEnabled {
      commands.append(HostCommand(["systemctl", "enable", name], timeoutSeconds: 60, summary: "enable \(name)"))
    }
    return commands
  }
}
