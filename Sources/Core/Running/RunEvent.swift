/// Something that happened in a run, for reporters and the journal. No event holds a secret.
public enum RunEvent: Sendable, Codable, Hashable {
  /// The survey begins.
  case surveyStarted(hosts: [String])
  /// A host answered the survey, after so many seconds.
  case surveyed(host: String, seconds: Double)
  /// A host could not be surveyed.
  case surveyFailed(host: String, why: String)
  /// The locks of all hosts are held.
  case locked(seconds: Double)
  /// A stage begins.
  case stageStarted(Stage.ID)
  /// Keys were made and certificates issued.
  case certificatesIssued(count: Int, seconds: Double)
  /// A certificate is not issued yet: who or what is awaited.
  case certificatePending(host: String, role: CertificateRole, awaiting: String)
  /// A host's steps of a stage begin.
  case hostStarted(Stage.ID, host: String)
  /// A host's steps of a stage are done.
  case hostFinished(Stage.ID, host: String, steps: Int, seconds: Double)
  /// A host's steps of a stage failed.
  case hostFailed(Stage.ID, host: String, why: String)
  /// The gate before a member was asked.
  case gate(host: String, isOpen: Bool, reasons: [String])
  /// A command of the user's own ended well; the end of what it wrote, at most 64 KiB.
  case commandOutput(Stage.ID, host: String, command: String, output: String)
  /// A stage has ended on all its hosts: `done`, `failed` or `interrupted`.
  case stageFinished(Stage.ID, seconds: Double, outcome: String)
  /// An archive of images goes to a host; `sent` of its `total` bytes so far.
  case imagesSent(host: String, sent: Int, total: Int)
  /// A host has the images.
  case imagesLoaded(host: String, seconds: Double)
  /// The user asked to stop; the run ends when what is under way has ended.
  case stopRequested
}

/// How a run ended.
public struct RunReport: Sendable, Codable, Hashable {
  /// How it ended.
  public enum Outcome: String, Sendable, Codable, Hashable {
    /// Everything was done, or there was nothing to do.
    case done
    /// Something failed.
    case failed
    /// The user stopped it at a step's end.
    case interrupted
  }

  /// How it ended.
  public var outcome: Outcome
  /// The stages that are done.
  public var finished: [Stage.ID]
  /// What failed, by host; the empty name stands for the operator's side.
  public var failures: [RunFailure]
  /// The hosts where steps of the failed or stopped stage are done.
  public var doneHosts: [String]
  /// The hosts that were not touched in that stage.
  public var untouchedHosts: [String]
  /// Seconds by stage.
  public var stageSeconds: [String: Double]
  /// How each stage of the goal, and each command, ended, by its name: `done`, `failed`, `interrupted`, `not-begun`,
  /// `left-out`, or `nothing` where the plan had no work for it.
  public var outcomes: [String: String] = [:]
  /// What the user's commands wrote, by stage and host.
  public var outputs: [String: [String: String]] = [:]

  /// Makes a report.
  public init(
    outcome: Outcome, finished: [Stage.ID] = [], failures: [RunFailure] = [], doneHosts: [String] = [],
    untouchedHosts: [String] = [], stageSeconds: [String: Double] = [:]
  ) {
    self.outcome = outcome
    self.finished = finished
    self.failures = failures
    self.doneHosts = doneHosts
    self.untouchedHosts = untouchedHosts
    self.stageSeconds = stageSeconds
  }
}

/// Something that failed in a run.
public struct RunFailure: Error, Sendable, Codable, Hashable {
  /// The host; nil: the operator's side.
  public var host: String?
  /// The stage; nil: before the first one.
  public var stage: Stage.ID?
  /// A stable name for programs (`transport.unreachable`, `host.changed`, `issuer.refused`).
  public var code: String
  /// What failed, in a sentence without a full stop.
  public var what: String
  /// Why.
  public var why: String
  /// What to do.
  public var fix: String

  /// Makes a failure.
  public init(host: String? = nil, stage: Stage.ID? = nil, code: String, what: String, why: String, fix: String = "") {
    self.host = host
    self.stage = stage
    self.code = code
    self.what = what
    self.why = why
    self.fix = fix
  }
}
