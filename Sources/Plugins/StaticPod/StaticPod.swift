public import QuorateCore

/// Describes a member as a static pod: the manifest that kubeadm would write, in the kubelet's manifests folder, and
/// `kubeadmcfg.yaml`.
///
/// The manifest is byte for byte what the host's kubeadm writes when it is fed that `kubeadmcfg.yaml`
/// (`kubeadm init phase etcd local --config=…`), with one exception: where the etcd version is set to one that a
/// flag or a probe of this kubeadm does not fit, the member's own version decides, and a finding says so.
public struct StaticPod: ManifestWriter {
  /// How it is made.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "static-pod", kind: .manifestWriter, version: "0.1.0",
      summary: "A static pod's manifest, byte for byte as kubeadm writes it.", settings: SchemaObject(),
      manifestForm: .staticPod),
    make: .manifestWriter { _, _ throws(PluginError) in StaticPod() })

  /// Makes the writer; it has no settings.
  public init() {}

  /// The version of the host's kubeadm; a host needs none.
  public func probes(for member: MemberContext) async throws(PluginError) -> [Probe] {
    [HostKubeadm.probe, .file(path: member.host.layout.staticPodManifest, limit: 65_536)]
  }

  /// The manifest and `kubeadmcfg.yaml`.
  public func manifest(for member: MemberContext, answers: ProbeAnswers) async throws(PluginError) -> ManifestReply {
    guard let release = KubernetesRelease(member.kubernetesVersion) else {
      throw PluginError(
        plugin: Self.registration.descriptor.id, why: "Kubernetes v\(member.kubernetesVersion) is not known",
        fix: "set kubernetesVersion to one of \(KubernetesRelease.knownRangeText)")
    }
    let kubeadm = HostKubeadm.version(in: answers)
    var reply = ManifestReply(
      images: [member.image], findings: ManagedFlags.findings(for: member, release: release) + member.tokenFindings)
    // A manifest that nobody may use is not written: errors stop the run before anything changes.
    guard !reply.findings.contains(where: { $0.severity == .error }) else { return reply }
    reply.findings += HostKubeadm.findings(for: member, release: release, kubeadm: kubeadm)
    reply.findings += Self.deviations(of: member, release: release)
    reply.configuration = [KubeadmConfiguration(of: member, release: release, kubeadm: kubeadm).file]
    reply.manifest = [
      DesiredFile(
        path: member.host.layout.staticPodManifest, mode: 0o600,
        text: EtcdPod(member: member, release: release).text)
    ]
    return reply
  }

  /// Where the member's etcd version makes the manifest another one than kubeadm's.
  static func deviations(of member: MemberContext, release: KubernetesRelease) -> [Finding] {
    let etcd = member.etcdVersion
    let form = EtcdPodForm(kubernetes: release.version)
    guard !EtcdFlags.areKubeadms(release, etcd: etcd) || form.probes(for: etcd) != form.probes else { return [] }
    return [
      Finding(
        .warning, code: "etcd.unusual-version", host: member.host.name,
        what:
          "kubeadm v\(release.version.minorText) would start etcd \(etcd) with flags or probes that it does not know",
        why: "the manifest has those of etcd \(etcd) instead, so it is not the one that kubeadm writes",
        fix: "")
    ]
  }
}
