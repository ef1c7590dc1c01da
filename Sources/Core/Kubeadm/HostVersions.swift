/// The Kubernetes version that the hosts' own kubeadm say, where the configuration names none.
///
/// They must agree: manifest, image, certificates and the kubelet's form follow it, and all members are made alike. A
/// host without kubeadm follows the others.
struct HostVersions: Sendable, Hashable {
  /// The version; nil where an error is among ``findings``.
  let version: Version?
  /// Why there is none, or what is worth knowing.
  let findings: [Finding]

  /// Judges what the hosts said.
  ///
  /// - Parameter said: Each host that was asked, in the configuration's order, and its version; nil: it has no kubeadm
  ///   that says one.
  init(_ said: [(host: String, version: Version?)]) {
    let known = said.compactMap { entry in entry.version.map { (host: entry.host, version: $0) } }
    guard let first = known.first?.version else {
      version = nil
      findings = [
        Finding(
          .error, code: "kubernetes.version-unknown",
          what: "kubernetesVersion is not set, and no host has a kubeadm that says its version",
          why: "etcd's version, flags and image, the manifest and the certificates follow it",
          fix: "set kubernetesVersion to the version of your hosts' kubelet, or install kubeadm there")
      ]
      return
    }
    guard known.allSatisfy({ $0.version == first }) else {
      version = nil
      findings = [
        Finding(
          .error, code: "kubernetes.versions-differ",
          what: "the hosts' kubeadm are of different versions: "
            + known.map { "\($0.host) v\($0.version)" }.joined(separator: ", "),
          why: "kubernetesVersion is not set, so they decide, and all members must be made alike",
          fix: "set kubernetesVersion, or install one version of kubeadm on all hosts")
      ]
      return
    }
    guard let release = KubernetesRelease(first) else {
      version = nil
      findings = [
        Finding(
          .error, code: "kubernetes.version-unknown",
          what: "the hosts' kubeadm is v\(first), which is not known here",
          why: "what kubeadm does is known for \(KubernetesRelease.knownRangeText)",
          fix: "set kubernetesVersion to one of these versions, or use a newer Quorate")
      ]
      return
    }
    version = first
    let without = said.filter { $0.version == nil }.map(\.host)
    findings =
      without.isEmpty
      ? []
      : [
        Finding(
          .note, code: "kubernetes.version-of-others",
          what:
            "no kubeadm on \(without.joined(separator: ", ")): the others' v\(release.version) is followed there too")
      ]
  }
}
