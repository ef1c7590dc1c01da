/// A named selection of a goal's stages, in the goal's order, with commands of the user's own in between.
///
/// It selects and adds; it never reorders. Which stages have work to do is the plan's matter, as without a pipeline.
public struct Pipeline: Sendable, Codable, Hashable {
  /// Its name, for `quorate run NAME`.
  public var name: String
  /// What its plan is for.
  public var goal: Goal
  /// Its parts, in order.
  public var parts: [Part]

  /// Makes a pipeline.
  public init(name: String, goal: Goal, parts: [Part]) {
    self.name = name
    self.goal = goal
    self.parts = parts
  }

  /// One entry of a pipeline.
  public enum Part: Sendable, Codable, Hashable {
    /// The survey: always the first, named or not.
    case survey
    /// A stage of the goal.
    case stage(SelectedStage)
    /// A command.
    case run(PipelineCommand)
    /// The look at the end: every member healthy, one cluster, one leader.
    case health

    /// How it is named by `--only`, `--from` and `--skip`.
    public var name: String {
      switch self {
      case .survey: "survey"
      case .stage(let selected): selected.id.rawValue
      case .run(let command): command.stage.rawValue
      case .health: "health"
      }
    }
  }

  /// What a goal does when nobody selects: everything.
  public static func builtIn(_ goal: Goal) -> Pipeline {
    Pipeline(
      name: goal.rawValue, goal: goal,
      parts: [.survey] + goal.stages.map { .stage(SelectedStage($0)) } + [.health])
  }
}

extension Goal {
  /// The stages that a plan for it may have, in their order.
  public var stages: [Stage.ID] {
    switch self {
    case .bootstrap: [.resuming, .service, .files, .founding, .hardening, .starting, .update]
    }
  }
}

/// A stage in a pipeline, and what is different about it there.
public struct SelectedStage: Sendable, Codable, Hashable {
  /// Which stage.
  public var id: Stage.ID
  /// The hosts it is carried out on; nil: all that the plan has for it.
  public var hosts: [String]?
  /// Who issues the certificates of this stage; nil: the configuration's issuer.
  public var issuer: PluginChoice?
  /// How the hosts are reached in this stage; nil: as in the rest of the run.
  public var transport: PluginChoice?
  /// Commands before the stage, where the plan has work for it.
  public var before: [PipelineCommand]
  /// Commands on a host directly before its own steps, in the rolling order.
  public var beforeEach: [PipelineCommand]
  /// Commands on a host directly after its own steps.
  public var afterEach: [PipelineCommand]
  /// Commands after the stage.
  public var after: [PipelineCommand]

  /// Selects a stage as it is.
  public init(
    _ id: Stage.ID, hosts: [String]? = nil, issuer: PluginChoice? = nil, transport: PluginChoice? = nil,
    before: [PipelineCommand] = [], beforeEach: [PipelineCommand] = [], afterEach: [PipelineCommand] = [],
    after: [PipelineCommand] = []
  ) {
    self.id = id
    self.hosts = hosts
    self.issuer = issuer
    self.transport = transport
    self.before = before
    self.beforeEach = beforeEach
    self.afterEach = afterEach
    self.after = after
  }
}

/// A command of the user's own, on hosts.
public struct PipelineCommand: Sendable, Codable, Hashable {
  /// Its name within the pipeline: what `--skip run:NAME` leaves out, and where later commands find its output.
  public var name: String
  /// Where it runs.
  public var place: Place
  /// The program and its arguments. No shell reads them.
  public var arguments: [String]
  /// How long it may take, in seconds.
  public var timeoutSeconds: Int
  /// Whether the run goes on when it fails.
  public var mayFail: Bool

  /// Where a command runs.
  public enum Place: Sendable, Codable, Hashable {
    /// On the first host.
    case first
    /// On every host, on all at once.
    case every
    /// On these.
    case hosts([String])
  }

  /// Makes a command; the default limit is a minute.
  public init(
    name: String, place: Place, arguments: [String], timeoutSeconds: Int = 60, mayFail: Bool = false
  ) {
    self.name = name
    self.place = place
    self.arguments = arguments
    self.timeoutSeconds = timeoutSeconds
    self.mayFail = mayFail
  }

  /// The stage of a plan that carries it out.
  public var stage: Stage.ID { .command(name) }
}
