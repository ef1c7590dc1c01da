extension KubernetesRelease {
  /// What is known to be right of the rules for a version.
  public enum Evidence: String, Sendable, Hashable {
    /// Compared byte for byte with what a real kubeadm of this minor version writes.
    case compared
    /// Derived from kubernetes' sources, and written down file by file with the source of each
    /// (`Tests/StaticPodTests/Golden`).
    case recorded
    /// Derived by the same rules; only the places where they change were looked at.
    case derived
  }

  /// What the rules for this version rest on.
  public var evidence: Evidence {
    switch version.minor {
    case 20: .compared
    case 28...37: .recorded
    default: .derived
    }
  }

  /// What to say of a version that nobody compared; nil where there is nothing to say.
  public var evidenceFinding: Finding? {
    guard evidence == .derived else { return nil }
    return Finding(
      .warning, code: "kubernetes.derived",
      what:
        "what kubeadm v\(version.minorText) writes is derived here from its neighbours' sources, and was never compared "
        + "with that kubeadm",
      why: "a detail of the manifest may differ from what it would write",
      fix: "let the host's kubeadm write it: `manifestWriter: {plugin: kubeadm}`")
  }
}

extension ClusterSpec {
  /// Whether the hosts' own kubeadm write the manifests, so that no rule of ours stands in for them.
  public var letsKubeadmWrite: Bool { manifestWriter.plugin == "kubeadm" }
}
