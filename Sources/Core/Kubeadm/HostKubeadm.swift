/// The kubeadm of a host: asked for its version, because that decides which `kubeadmcfg.yaml` it takes. A host
/// needs none.
public enum HostKubeadm {
  private static let id = "kubeadm.version"

  /// The probe; every manifest writer uses it.
  public static let probe = Probe.command(
    id: id, HostCommand(["kubeadm", "version", "-o", "short"], timeoutSeconds: 10))

  /// The version that was answered; nil where there is no kubeadm, or none that says its version.
  public static func version(in answers: ProbeAnswers) -> Version? {
    guard let output = answers.output(id) else { return nil }
    let line = output.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    return line.hasPrefix("v") ? Version(line) : nil
  }

  /// What to say of a host whose kubeadm is of another version than the configuration's.
  public static func findings(for member: MemberContext, release: KubernetesRelease, kubeadm: Version?) -> [Finding] {
    guard let kubeadm, kubeadm != release.version else { return [] }
    let isOtherMinor = (kubeadm.major, kubeadm.minor) != (release.version.major, release.version.minor)
    return [
      Finding(
        isOtherMinor ? .warning : .note, code: "kubeadm.version", host: member.host.name,
        what: "the host's kubeadm is v\(kubeadm), the configuration says v\(release.version)",
        why: isOtherMinor
          ? "Quorate does not need it, but run by hand with kubeadmcfg.yaml it may refuse the version or write "
            + "another manifest"
          : "",
        fix: isOtherMinor ? "install kubeadm v\(release.version.minorText), or set kubernetesVersion" : "")
    ]
  }
}
