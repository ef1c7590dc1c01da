/// Says what makes a host run its etcd member: files, owner, commands. It performs nothing.
///
/// **Who calls it.** The planner's preparation, on the operator's machine: ``probes(for:)`` before a survey,
/// ``service(for:answers:)`` after it, with what the host answered.
///
/// **How often.** ``probes(for:)`` once a member and survey; the token is not known then, and the phase is
/// ``MemberPhase/founding`` whatever the cluster's is. ``service(for:answers:)`` once a member and plan, with the phase
/// that the hosts' records show: one reply serves founding and hardening. A command surveys and plans at least once;
/// `apply` does it again at the end, to see that nothing is left to do, also when it carries out a saved plan.
///
/// **Idempotence.** Both calls are pure: equal arguments, equal replies, no clock, no file, no network. The commands in
/// a reply must each be safe to repeat: after a crash the next run begins with a new survey, and does again whatever
/// ``ServiceReply/needsActivation``, ``ServiceReply/needsStart`` and ``ServiceReply/needsRestart`` say.
///
/// **Order.** In the first start of a cluster ``ServiceReply/files`` and ``ServiceReply/activation`` come while
/// certificates are still being issued, and before any manifest is there; ``ServiceReply/start`` behind the manifest.
/// In a cluster that exists all of a host's steps are one program, behind the gate. A command that ends with another
/// status than 0 ends that program: its output is what the user is told, so it should be a sentence.
///
/// **Cancellation.** Nothing to undo; a call that is cancelled may simply return.
///
/// **Errors.** A host that is not fit is a ``Finding`` in the reply, so that all of them are reported together. A
/// thrown ``PluginError`` means that the plugin itself cannot go on and ends the command. A file that is wanted and was
/// not among the probes ends it too. Nothing is retried.
public protocol ServiceManager: Sendable {
  /// What it must know of a host to say what the host needs, every file that it may want written among it.
  func probes(for member: MemberContext) async throws(PluginError) -> [Probe]

  /// The desired state of the host's service, given the answers to its probes.
  func service(for member: MemberContext, answers: ProbeAnswers) async throws(PluginError) -> ServiceReply
}

/// What a host needs so that its member runs.
public struct ServiceReply: Sendable, Codable, Hashable {
  /// Files to be there before the service is (re)started: units, drop-ins, scripts.
  public var files: [DesiredFile]
  /// Commands that make the host notice changed service files (`daemon-reload`, restart of the kubelet). They
  /// run when a file in ``files`` changed, or when ``needsActivation``.
  public var activation: [HostCommand]
  /// Whether ``activation`` is needed although every file is right: the service is not running, or runs
  /// something else than its files say.
  public var needsActivation: Bool
  /// How a member is started once its manifest is in place; empty where the manifest's being there starts it.
  public var start: [HostCommand]
  /// Whether ``start`` is needed although every file is right: the member is not running.
  public var needsStart: Bool
  /// How a running member is made to take a changed manifest; empty where writing the manifest does it.
  public var restart: [HostCommand]
  /// Whether ``restart`` is needed although every file is right: the member runs something else than its manifest
  /// says, as after a crash between the writing of a manifest and the restart. It disturbs a running member, so the
  /// gate comes first.
  public var needsRestart: Bool
  /// A command that prints what tells one instance of the member from another, a line for each that runs on the host, and
  /// nothing where none does. Another manifest makes another instance; the wait for a restart ends when one answers and
  /// none of those before is left. Nil: a restart is one of the process that answers, and its start time tells.
  public var instance: HostCommand?
  /// How a running member is restarted although its manifest did not change (another CA, another image of the same
  /// name). Safe to repeat, like every command here.
  public var restartUnchanged: [HostCommand]
  /// Whether a changed `initial-cluster-state` reaches the member only by ``restart``. False where the state is
  /// read from the file at the next start anyway, and writing the manifest restarts nothing.
  public var hardeningRestarts: Bool
  /// Who owns what Quorate writes on this host.
  public var owner: FileOwner
  /// The container images that running any member takes besides the manifest's own (the sandbox of a pod).
  public var images: [String]
  /// As whom the member runs, where that is somebody else than ``owner``: its data folder belongs to that user, and so do
  /// the keys and certificates that etcd itself reads (``CertificateRole/isMembers``). Nothing else does, and the CA's
  /// key last of all.
  public var memberOwner: FileOwner?
  /// Whether ``activation`` makes ``memberOwner``, who does not exist yet. Files of that owner are written after it.
  public var makesMemberOwner: Bool
  /// What was found: a host that is not fit, or something worth knowing. What is wrong with the member itself (it does not
  /// run, it does not stay up) has a code that begins with `member.`: `quorate status` shows it too.
  public var findings: [Finding]

  /// Makes a reply.
  public init(
    files: [DesiredFile] = [], activation: [HostCommand] = [], needsActivation: Bool = false,
    start: [HostCommand] = [], needsStart: Bool = false, restart: [HostCommand] = [], needsRestart: Bool = false,
    instance: HostCommand? = nil, restartUnchanged: [HostCommand] = [], hardeningRestarts: Bool = true,
    owner: FileOwner = .root,
    memberOwner: FileOwner? = nil, makesMemberOwner: Bool = false, images: [String] = [],
    findings: [Finding] = []
  ) {
    self.files = files
    self.activation = activation
    self.needsActivation = needsActivation
    self.start = start
    self.needsStart = needsStart
    self.restart = restart
    self.needsRestart = needsRestart
    self.instance = instance
    self.restartUnchanged = restartUnchanged
    self.hardeningRestarts = hardeningRestarts
    self.owner = owner
    self.memberOwner = memberOwner
    self.makesMemberOwner = makesMemberOwner
    self.images = images
    self.findings = findings
  }
}

extension ServiceReply {
  /// Who owns a certificate and its key.
  func owner(of role: CertificateRole) -> FileOwner { role.isMembers ? memberOwner ?? owner : owner }
}
