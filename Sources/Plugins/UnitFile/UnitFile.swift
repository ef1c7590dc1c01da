public import QuorateCore

/// Describes a member as a plain `key=value` file (``MemberUnit``) that needs neither kubelet nor container: for the
/// service managers `process` and `systemd-etcd`, which read the same file. Beside it stands `kubeadmcfg.yaml`, as with every writer.
///
/// The flags are kubeadm's, spelled for the version of the etcd program that the host has.
public struct UnitFile: ManifestWriter {
  private enum ID {
    static let path = "unit-file.etcd-path"
    static let version = "unit-file.etcd-version"
  }

  /// How it is made.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "unit-file", kind: .manifestWriter, version: "0.1.0",
      summary: "A plain file with etcd's program and arguments, for `process` and `systemd-etcd`.",
      settings: SchemaObject([
        SchemaKey(
          "etcd", .string(form: "path"), default: "`etcd` of the host's search path",
          "The etcd program on the hosts: an absolute path.")
      ]), manifestForm: .memberUnit),
    make: .manifestWriter { settings, _ throws(PluginError) in try UnitFile(settings: settings) })

  /// The program as the configuration names it; nil: it is searched.
  private let etcd: String?

  /// Makes the writer.
  ///
  /// - Parameter etcd: etcd's absolute path on the hosts; nil: the first `etcd` in the host's search path.
  /// - Throws: ``PluginError`` for a path that is not absolute or has a line break.
  public init(etcd: String? = nil) throws(PluginError) {
    if let etcd, !etcd.hasPrefix("/") || !ManagedFlags.isValue(etcd) {
      throw PluginError(
        plugin: "unit-file", why: "etcd is no absolute path", fix: "write it as /usr/bin/etcd", setting: "etcd")
    }
    self.etcd = etcd
  }

  init(settings: SettingsValue) throws(PluginError) { try self.init(etcd: settings["etcd"].string) }

  /// Where etcd is, and its version.
  public func probes(for member: MemberContext) async throws(PluginError) -> [Probe] {
    var probes = [
      HostKubeadm.probe, .file(path: member.host.layout.memberUnit, limit: 65_536),
      Probe.command(id: ID.version, HostCommand([etcd ?? "etcd", "--version"], timeoutSeconds: 10)),
    ]
    if etcd == nil {
      probes.append(.command(id: ID.path, HostCommand(["sh", "-c", "command -v etcd"], timeoutSeconds: 10)))
    }
    return probes
  }

  /// The unit file and `kubeadmcfg.yaml`.
  public func manifest(for member: MemberContext, answers: ProbeAnswers) async throws(PluginError) -> ManifestReply {
    guard let release = KubernetesRelease(member.kubernetesVersion) else {
      throw PluginError(
        plugin: "unit-file", why: "Kubernetes v\(member.kubernetesVersion) is not known",
        fix: "set kubernetesVersion to one of \(KubernetesRelease.knownRangeText)")
    }
    let layout = member.host.layout
    var reply = ManifestReply(findings: ManagedFlags.findings(for: member, release: release) + member.tokenFindings)
    let version = Self.version(in: answers)
    let binary = etcd ?? Self.path(in: answers)
    if let binary, let version {
      reply.findings += Self.findings(for: member, binary: binary, version: version)
    } else {
      reply.findings.append(missingProgram(host: member.host.name))
    }
    guard let binary, !reply.findings.contains(where: { $0.severity == .error }) else { return reply }
    let kubeadm = HostKubeadm.version(in: answers)
    reply.findings += HostKubeadm.findings(for: member, release: release, kubeadm: kubeadm)
    reply.configuration = [KubeadmConfiguration(of: member, release: release, kubeadm: kubeadm).file]
    let flags = EtcdFlags(of: member, release: release, etcd: version ?? member.etcdVersion)
    let unit = MemberUnit(
      name: member.host.name, binary: binary, dataFolder: layout.dataFolder, record: layout.memberRecord,
      arguments: flags.commandLine)
    let note = "# Member \(member.host.name) of the etcd cluster \(member.clusterName). Quorate writes this file.\n"
    reply.manifest = [DesiredFile(path: layout.memberUnit, mode: 0o600, text: note + unit.text)]
    return reply
  }

  private func missingProgram(host: String) -> Finding {
    Finding(
      .error, code: "host.no-etcd", host: host, what: "\(etcd ?? "etcd") cannot be run on the host",
      why: "the service manager starts it directly",
      fix: "install etcd (Debian: apt install etcd-server), or name the program: manifestWriter.with.etcd")
  }

  private static func findings(for member: MemberContext, binary: String, version: Version) -> [Finding] {
    guard version != member.etcdVersion else { return [] }
    let isOtherMinor = version.minorText != member.etcdVersion.minorText
    return [
      Finding(
        isOtherMinor ? .warning : .note, code: "etcd.version", host: member.host.name,
        what: "\(binary) is etcd \(version), the configuration says \(member.etcdVersion)",
        why: "the program's own version decides its flags",
        fix: isOtherMinor ? "install etcd \(member.etcdVersion.minorText), or set etcdVersion" : "")
    ]
  }

  private static func path(in answers: ProbeAnswers) -> String? {
    let line = answers.output(ID.path)?.split(separator: "\n").first.map(String.init)
    return line.flatMap { $0.hasPrefix("/") && ManagedFlags.isValue($0) ? $0 : nil }
  }

  /// The version in `etcd Version: 3.4.23`.
  private static func version(in answers: ProbeAnswers) -> Version? {
    guard let output = answers.output(ID.version) else { return nil }
    for line in output.split(separator: "\n") {
      let text = line.drop { $0 == " " }
      if text.hasPrefix("etcd Version:") { return Version(String(text.dropFirst(13).drop { $0 == " " })) }
    }
    return nil
  }
}
