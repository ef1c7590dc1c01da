/// Everything a run will do, as a value: what `plan` prints is what `apply` carries out.
///
/// A plan holds no private key and no certificate that does not exist yet; those are named slots. It is bound to
/// what the survey saw: each change carries the fingerprint of what it replaces, and the host checks it again.
public struct Plan: Sendable, Codable, Hashable {
  /// The version of the format that this program writes and reads.
  public static let currentFormat = 1

  /// The version of this plan's format.
  public var format: Int
  /// What the plan is for.
  public var goal: Goal
  /// The cluster it was made for.
  public var spec: ClusterSpec
  /// etcd's `--initial-cluster-token`.
  public var token: String
  /// When it was made.
  public var madeAt: Instant
  /// The CA that certificates are issued from.
  public var authority: AuthorityPlan
  /// The stages, each after those it names.
  public var stages: [Stage]
  /// What was found; with an error among them nothing is carried out.
  public var findings: [Finding]
  /// The files on each host that are as they should be already, by host name.
  public var alreadyRight: [String: [String]]
  /// The pipeline, and what else was chosen; nil: the whole goal.
  public var selection: StageSelection?
  /// Work that the selection leaves out.
  public var leftOut: [LeftOutStage] = []
  /// Whether the members' health is judged at the end.
  public var looksAtHealth = true

  /// Makes a plan.
  public init(
    goal: Goal, spec: ClusterSpec, token: String, madeAt: Instant, authority: AuthorityPlan, stages: [Stage],
    findings: [Finding], alreadyRight: [String: [String]]
  ) {
    format = Self.currentFormat
    self.goal = goal
    self.spec = spec
    self.token = token
    self.madeAt = madeAt
    self.authority = authority
    self.stages = stages
    self.findings = findings
    self.alreadyRight = alreadyRight
  }

  /// Whether it only finishes what an interrupted run left staged; another plan follows it.
  public var onlyResumes: Bool { stages.map(\.id) == [.resuming] }

  /// Whether there is nothing to do.
  public var isEmpty: Bool { stages.isEmpty }

  /// Whether it changes anything by itself; a pipeline's own commands apart.
  public var hasChanges: Bool { stages.contains { $0.command == nil } }

  /// Whether an error among the findings forbids carrying it out.
  public var isRefused: Bool { findings.contains { $0.severity == .error } }

  /// The stages, cut down to what one host gets, in order.
  public func steps(for host: String) -> [(stage: Stage, steps: [Step])] {
    stages.compactMap { stage in
      stage.hosts.first { $0.host == host }.map { (stage, $0.steps) }
    }
  }
}

/// What a plan is for.
public enum Goal: String, Sendable, Codable, Hashable, CaseIterable {
  /// A healthy cluster as the configuration describes it, from whatever is there.
  case bootstrap
}

/// A part of a plan with one way of rolling out.
public struct Stage: Sendable, Codable, Hashable {
  /// The stages there are.
  public enum ID: Sendable, Hashable {
    /// What an interrupted run left staged is finished or cleared away; then hosts are looked at again.
    case resuming
    /// What runs the members: units, drop-ins, the supervisor.
    case service
    /// Certificates, configuration, the cluster's identity.
    case files
    /// The first start of all members together.
    case founding
    /// `initial-cluster-state: existing`, one member at a time.
    case hardening
    /// Members of an existing cluster that are down, started together: nothing that serves is touched.
    case starting
    /// Changes to members that run, one at a time.
    case update
    /// A command of the user's own, by its name in the pipeline.
    case command(String)
  }

  /// Which one.
  public var id: ID
  /// The stages that must be finished on every host before this one begins on any.
  public var after: [ID]
  /// How it is rolled out.
  public var rollout: Rollout
  /// Certificates to be issued on the operator's side before the first host is touched.
  public var certificates: [CertificateOrder]
  /// What each host gets, in rolling order.
  public var hosts: [HostSteps]
  /// What each host gets instead where the issuer does not issue all ``certificates`` at once: what was asked for is kept
  /// there, with its key. Of these steps those are carried out that write what came to be (``Slot``).
  public var keeping: [HostSteps] = []
  /// The user's command that this stage carries out; nil: it is one of the goal's own.
  public var command: PipelineCommand?
  /// Whether it is carried out after the members' health was judged.
  public var followsHealth = false
  /// Who issues this stage's certificates, where a pipeline says so.
  public var issuer: PluginChoice?
  /// How this stage reaches its hosts, where a pipeline says so.
  public var transport: PluginChoice?

  /// Makes a stage.
  public init(
    id: ID, after: [ID], rollout: Rollout, certificates: [CertificateOrder] = [], hosts: [HostSteps],
    command: PipelineCommand? = nil
  ) {
    self.id = id
    self.after = after
    self.rollout = rollout
    self.certificates = certificates
    self.hosts = hosts
    self.command = command
  }
}

extension Stage.ID: RawRepresentable, Codable {
  /// The stages of goals, which may write files on a host.
  public static let own: [Stage.ID] = [.resuming, .service, .files, .founding, .hardening, .starting, .update]

  /// Reads what ``rawValue`` writes.
  public init?(rawValue: String) {
    if rawValue.hasPrefix("run:") {
      self = .command(String(rawValue.dropFirst(4)))
    } else if let own = Self.own.first(where: { $0.rawValue == rawValue }) {
      self = own
    } else {
      return nil
    }
  }

  /// The stage's name: `files`; of a command `run:NAME`.
  public var rawValue: String {
    switch self {
    case .resuming: "resuming"
    case .service: "service"
    case .files: "files"
    case .founding: "founding"
    case .hardening: "hardening"
    case .starting: "starting"
    case .update: "update"
    case .command(let name): "run:" + name
    }
  }
}

/// How a stage is rolled out. It is a type, not a flag: everything after founding goes one at a time.
public enum Rollout: Sendable, Codable, Hashable {
  /// On all hosts at once. Only what cannot stop a running member, and founding.
  case together
  /// On one host at a time, each behind the gate.
  case oneAtATime(gate: GateRule)
}

/// What must hold of the other members before one is touched.
public struct GateRule: Sendable, Codable, Hashable {
  /// Whether a cluster of one or two members, which has no margin, may be interrupted.
  public var acceptsDowntime: Bool

  /// Makes a rule.
  public init(acceptsDowntime: Bool = false) { self.acceptsDowntime = acceptsDowntime }
}

/// The steps of one host in one stage.
public struct HostSteps: Sendable, Codable, Hashable {
  /// The host's name.
  public var host: String
  /// What is done there, in order.
  public var steps: [Step]

  /// Makes a value.
  public init(host: String, steps: [Step]) {
    self.host = host
    self.steps = steps
  }
}

/// A certificate to be issued, with a new key, and the slots that hold both.
public struct CertificateOrder: Sendable, Codable, Hashable {
  /// The host that will use it.
  public var host: String
  /// Which certificate.
  public var role: CertificateRole
  /// What it must say.
  public var profile: CertificateProfile
  /// Why it is needed.
  public var reasons: [String]
  /// What was asked for already, with a key that is on the host; nil: a new key is made.
  public var pending: PendingRequest?

  /// Makes an order.
  public init(
    host: String, role: CertificateRole, profile: CertificateProfile, reasons: [String],
    pending: PendingRequest? = nil
  ) {
    self.host = host
    self.role = role
    self.profile = profile
    self.reasons = reasons
    self.pending = pending
  }

  /// The order's id, and the beginning of its slots' names.
  public var id: String { "\(host)/\(role.rawValue)" }
  /// The slot of the new key.
  public var keySlot: String { id + ".key" }
  /// The slot of the certificate.
  public var certificateSlot: String { id + ".crt" }
  /// The slot of the new key, where it is kept until its certificate is issued.
  public var pendingKeySlot: String { id + ".pending-key" }
  /// The slot of what was asked for (``PendingRequest``), likewise.
  public var pendingSlot: String { id + ".pending" }
}

/// The names of slots that are not a certificate's.
public enum Slot {
  /// The CA's certificate.
  public static let authorityCertificate = "ca.crt"
  /// The CA's key.
  public static let authorityKey = "ca.key"

  /// The completed record of a member.
  public static func record(of host: String) -> String { "\(host)/member.json" }
}
