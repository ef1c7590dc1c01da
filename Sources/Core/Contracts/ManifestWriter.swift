/// Turns a member into the files that describe it to its service manager. It performs nothing.
///
/// **Who calls it.** The planner's preparation, on the operator's machine: ``probes(for:)`` before a survey,
/// ``manifest(for:answers:)`` after it, with what the host answered.
///
/// **How often.** ``probes(for:)`` once a member and survey; the token is not known then, and the phase is
/// ``MemberPhase/founding`` whatever the cluster's is. ``manifest(for:answers:)`` twice a member and plan, once for each
/// phase (``MemberPhase/founding``, ``MemberPhase/existing``). A command surveys and plans at least once; `apply` does
/// it again at the end, to see that nothing is left to do, also when it carries out a saved plan.
///
/// **Idempotence.** Both calls are pure: equal arguments give equal bytes, on every machine. A member that was
/// written once is compared with what a later call says, so bytes that vary would restart members.
///
/// **Order.** ``ManifestReply/configuration`` is written with the certificates, ``ManifestReply/manifest`` only when
/// every certificate and every other file of the stages before is in place on every host.
///
/// **Cancellation.** Nothing to undo; a call that is cancelled may simply return.
///
/// **Errors.** A member that cannot be described is a ``Finding`` in the reply; those of the cluster's own phase are
/// shown. A thrown ``PluginError`` means that the plugin itself cannot go on and ends the command. A file that is
/// wanted and was not among the probes ends it too. Nothing is retried.
public protocol ManifestWriter: Sendable {
  /// What it must know of a host to describe its member, every file that it may want written among it.
  func probes(for member: MemberContext) async throws(PluginError) -> [Probe]

  /// The files that describe the member, given the answers to its probes.
  func manifest(for member: MemberContext, answers: ProbeAnswers) async throws(PluginError) -> ManifestReply
}

/// The files that describe a member.
public struct ManifestReply: Sendable, Codable, Hashable {
  /// Files that start nothing by being there (`kubeadmcfg.yaml`).
  public var configuration: [DesiredFile]
  /// The file, or files, whose being there makes the service manager run the member. Written last.
  ///
  /// They are text in which a line that begins with `#`, blanks aside, is a comment: a file that differs from this one in
  /// comments, empty lines and blanks at the ends of lines alone is written, and no member is restarted for it.
  public var manifest: [DesiredFile]
  /// The container images that the manifest names (`k8s.gcr.io/etcd:3.4.13-0`), also where no manifest can be written
  /// yet; empty where no container runs.
  public var images: [String]
  /// What was found.
  public var findings: [Finding]

  /// Makes a reply.
  public init(
    configuration: [DesiredFile] = [], manifest: [DesiredFile] = [], images: [String] = [], findings: [Finding] = []
  ) {
    self.configuration = configuration
    self.manifest = manifest
    self.images = images
    self.findings = findings
  }
}
