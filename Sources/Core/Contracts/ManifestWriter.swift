/// Turns a member into the files that describe it to its service manager. It performs nothing.
///
/// **Who calls it.** The planner's preparation, on the operator's machine: ``probes(for:)`` before the survey,
/// ``manifest(for:answers:)`` after it, with what the host answered.
///
/// **How often.** Once each a member and phase (``MemberPhase/founding``, ``MemberPhase/existing``).
///
/// **Idempotence.** Both calls are pure: equal arguments give equal bytes, on every machine.
///
/// **Cancellation.** Nothing to undo; a call that is cancelled may simply return.
///
/// **Errors.** A member that cannot be described is a ``Finding`` in the reply; a thrown ``PluginError`` means
/// that the plugin itself cannot go on. Neither is retried.
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
  public var manifest: [DesiredFile]
  /// What was found.
  public var findings: [Finding]

  /// Makes a reply.
  public init(configuration: [DesiredFile] = [], manifest: [DesiredFile] = [], findings: [Finding] = []) {
    self.configuration = configuration
    self.manifest = manifest
    self.findings = findings
  }
}
