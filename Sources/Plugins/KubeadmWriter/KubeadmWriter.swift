public import QuorateCore

/// Describes a member as a static pod, in the words of the host's own kubeadm: the survey runs
/// `kubeadm init phase etcd local` there, on our `kubeadmcfg.yaml` and where nothing on the host changes
/// (``KubeadmRun``), and what it wrote is what is wanted. The plan shows it and a run carries it out like any other.
///
/// It needs the kubeadm of `kubernetesVersion` on each host, and the right to make a mount namespace.
public struct KubeadmWriter: ManifestWriter {
  /// How it is made.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "kubeadm", kind: .manifestWriter, version: "0.1.0",
      summary: "A static pod's manifest, as the host's own kubeadm writes it.", settings: SchemaObject(),
      manifestForm: .staticPod),
    make: .manifestWriter { _, _ throws(PluginError) in KubeadmWriter() })

  /// Makes the writer; it has no settings.
  public init() {}

  /// The version of the host's kubeadm, what it writes, and what is there.
  public func probes(for member: MemberContext) async throws(PluginError) -> [Probe] {
    [HostKubeadm.probe, .file(path: member.host.layout.staticPodManifest, limit: KubeadmRun.limit)]
      + [KubeadmRun.probe(for: member)].compactMap(\.self)
  }

  /// kubeadm's manifest, and the `kubeadmcfg.yaml` that it was made from.
  public func manifest(for member: MemberContext, answers: ProbeAnswers) async throws(PluginError) -> ManifestReply {
    guard let release = KubernetesRelease(member.kubernetesVersion) else {
      throw PluginError(
        plugin: Self.registration.descriptor.id, why: "Kubernetes v\(member.kubernetesVersion) is not known",
        fix: "set kubernetesVersion to one of \(KubernetesRelease.knownRangeText)")
    }
    var reply = ManifestReply(
      images: [member.image], findings: ManagedFlags.findings(for: member, release: release) + member.tokenFindings)
    guard !reply.findings.contains(where: { $0.severity == .error }) else { return reply }
    if let problem = Self.kubeadmProblem(of: member, answers) {
      reply.findings.append(problem)
      return reply
    }
    switch KubeadmRun.outcome(in: answers) {
    case .notRun(let why): reply.findings.append(Self.notRun(on: member, why))
    case .failed(let why): reply.findings.append(Self.failed(on: member, why))
    case .manifests(let manifests):
      guard let text = manifests[member.phase] else { break }
      let manifest = KubeadmManifest(text: text, member: member)
      reply.findings += manifest.findings
      reply.images = [manifest.image ?? member.image]
      guard let text = manifest.completed else { return reply }
      reply.configuration = [KubeadmConfiguration(of: member, release: release, kubeadm: release.version).file]
      reply.manifest = [DesiredFile(path: member.host.layout.staticPodManifest, mode: 0o600, text: text)]
    }
    return reply
  }

  /// Why the host's kubeadm is not the one to ask.
  private static func kubeadmProblem(of member: MemberContext, _ answers: ProbeAnswers) -> Finding? {
    let version = member.kubernetesVersion
    guard let kubeadm = HostKubeadm.version(in: answers) else {
      return Finding(
        .error, code: "host.no-kubeadm", host: member.host.name, what: "the host has no kubeadm that says its version",
        why: "the manifest writer `kubeadm` asks it what it would write",
        fix: "install kubeadm v\(version) on the host, or choose the manifest writer static-pod, which needs none")
    }
    guard kubeadm != version else { return nil }
    return Finding(
      .error, code: "kubeadm.version", host: member.host.name,
      what: "the host's kubeadm is v\(kubeadm), the configuration says v\(version)",
      why: "each version writes a manifest of its own",
      fix: "install kubeadm v\(version) on the host, set kubernetesVersion to v\(kubeadm), or choose the manifest "
        + "writer static-pod, which needs no kubeadm")
  }

  private static func notRun(on member: MemberContext, _ why: String) -> Finding {
    Finding(
      .error, code: "kubeadm.no-namespace", host: member.host.name,
      what: "kubeadm cannot be run on the host without changing it",
      why: "a mount namespace of its own is needed: \(why)",
      fix: "let the login become root (`become: sudo`); on a host that forbids it (a container without CAP_SYS_ADMIN), "
        + "choose the manifest writer static-pod")
  }

  private static func failed(on member: MemberContext, _ why: String) -> Finding {
    Finding(
      .error, code: "kubeadm.failed", host: member.host.name, what: "the host's kubeadm does not write the manifest",
      why: why, fix: "mend what it says, or choose the manifest writer static-pod")
  }
}
