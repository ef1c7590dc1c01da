internal import ArgumentParser
internal import QuorateCore

/// `quorate plan`: what would change, and why.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Looks at the hosts and prints what apply would do; changes nothing.",
    discussion: "Lines begin with + for what is added, ~ for what is changed, > for what is done.")

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  @Option(name: .long, help: "The pipeline whose plan to print: one of the configuration's or a goal's own.")
  var pipeline: String?

  @OptionGroup var stages: StageOptions

  @Flag(name: .long, help: "Show what changes inside files; secrets are never shown.")
  var diff = false

  @Option(name: .long, help: "Save the plan, to be carried out by `quorate apply --plan FILE`.")
  var out: String?

  @Flag(name: .long, help: "Exit with status 2 when there are changes, 0 when there are none.")
  var detailedExitCode = false

  @Flag(name: .long, help: "Accept that a cluster of one or two members stops while one of them is changed.")
  var acceptDowntime = false

  func run() async throws {
    let console = outputOptions.console
    console.begin("plan")
    let (spec, loaded) = try configuration.load(console)
    let selection =
      try stages.isWhole && pipeline == nil
      ? nil : stages.selection(of: pipeline ?? Goal.bootstrap.rawValue, spec, loaded, console)
    let driver = try RunDriver(
      spec: spec, loaded: loaded, console: console, connection: connection, acceptsDowntime: acceptDowntime)
    do {
      let plan = try await driver.withConnections {
        try await driver.plan(selection, survey: try await driver.survey(locking: false))
      }
      let output = PlanOutput(console: console, showsDifferences: diff, total: "summary")
      // People read what is wrong last, programs the summary.
      if console.format == .text { output.show(plan) }
      let refusal = driver.report(findingsOf: plan)
      if console.format == .json { output.show(plan) }
      if let refusal { throw refusal }
      if let out { try SavedPlan.write(plan, to: out) }
      if detailedExitCode, plan.hasChanges { throw ExitStatus.changesDue.code }
    } catch { throw driver.fail(error, now: "nothing was changed on any host") }
  }
}

/// A plan on the screen, or as objects.
struct PlanOutput {
  let console: Console
  let showsDifferences: Bool
  /// The type of the last object.
  let total: String

  func show(_ plan: Plan) {
    // Without an answer of every host there is no plan, only findings.
    if plan.isRefused, !plan.hasChanges, console.format == .text { return }
    guard console.format == .json else {
      for line in PlanText(plan: plan, console: console, showsDifferences: showsDifferences).lines() {
        console.result(line)
      }
      return
    }
    for stage in plan.stages {
      for host in stage.hosts {
        for step in host.steps {
          console.result(
            JSONLine(
              "planned",
              [
                ("stage", .string(stage.id.rawValue)), ("host", .string(host.host)), ("action", .string(step.action)),
                ("summary", .string(step.summary)), ("path", .optional(step.path)), ("reasons", .strings(step.reasons)),
              ]
            ).text)
        }
      }
    }
    let counts = PlanCounts(plan)
    console.result(
      JSONLine(
        total,
        [
          ("cluster", .string(plan.spec.name)), ("token", .string(plan.token)),
          ("kubernetesVersion", .optional(plan.spec.kubernetesVersion.map { "v\($0)" })),
          ("kubernetesVersionFrom", .string(plan.spec.versionSource.rawValue)),
          ("add", .integer(counts.additions)),
          ("change", .integer(counts.changes)), ("certificates", .integer(counts.certificates)),
          ("hosts", .integer(counts.hosts)), ("refused", .boolean(plan.isRefused)),
          ("leftOut", .strings(plan.leftOut.map(\.id.rawValue))),
        ]
      ).text)
  }
}

extension Step {
  /// The kind of step, for programs.
  var action: String {
    switch self {
    case .makeFolder: "make-folder"
    case .write(let change): change.isAddition ? "add" : "change"
    case .setAttributes: "set-attributes"
    case .resumeStaged: "resume"
    case .discardStaged: "discard"
    case .remove: "remove"
    case .execute: "execute"
    case .run: "run"
    case .awaitHealth: "await-health"
    case .awaitServed: "await-served"
    }
  }

  /// The path that the step is about.
  var path: String? {
    switch self {
    case .makeFolder(let path, _, _), .setAttributes(let path, _, _, _, _), .resumeStaged(let path),
      .discardStaged(let path), .remove(let path, _, _):
      path
    case .write(let change): change.file.path
    case .awaitServed(_, let certificate): certificate
    case .execute, .run, .awaitHealth: nil
    }
  }

  /// Why it is done.
  var reasons: [String] {
    switch self {
    case .write(let change): change.reasons
    case .setAttributes(_, _, _, _, let reasons), .remove(_, _, let reasons): reasons
    default: []
    }
  }
}
