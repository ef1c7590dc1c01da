internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate apply`: plan, ask, carry out, verify.
struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Makes the cluster as the configuration describes it.",
    discussion: """
      Looks at the hosts, prints the plan, asks, carries it out and looks again. A second run changes nothing. After an \
      interruption, run it again: it does what is missing.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Flag(name: .long, help: "Show what changes inside files; secrets are never shown.")
  var diff = false

  @Option(
    name: .long, help: "Carry out a plan that `quorate plan --out FILE` saved; refused when the hosts have changed.")
  var plan: String?

  @Flag(name: .long, help: "Accept that a cluster of one or two members stops while one of them is changed.")
  var acceptDowntime = false

  func run() async throws {
    let console = outputOptions.console
    console.begin("apply")
    var saved: Plan?
    let spec: ClusterSpec
    var loaded: LoadedConfiguration?
    if let plan {
      do { saved = try SavedPlan.read(plan) } catch {
        if let failure = error as? RunFailure {
          ProblemReport(console: console).report(failure, now: "nothing was changed on any host")
        }
        throw ExitStatus.failed.code
      }
    }
    if let saved { spec = saved.spec } else { (spec, loaded) = try configuration.load(console) }
    let startedAt = Environment.now()
    let journal = Journal(
      cluster: spec.name, command: "apply", startedAt: Instant(secondsSinceEpoch: Int64(startedAt)))
    let driver = try RunDriver(
      spec: spec, loaded: loaded, console: console, connection: connection, acceptsDowntime: acceptDowntime,
      journal: journal)
    var status: ExitCode?
    do {
      status = try await driver.withConnections {
        try await apply(saved, driver, startedAt)
      }
    } catch { status = driver.fail(error, now: "nothing was changed on any host") }
    if let status, console.format == .json {
      console.result(
        JSONLine("summary", [("outcome", .string(status == ExitStatus.interrupted.code ? "interrupted" : "failed"))])
          .text)
    }
    journal?.record(JSONLine("exit", [("status", .integer(Int(status?.rawValue ?? 0)))]))
    if let status { throw status }
  }

  /// - Returns: The status to end with; nil: success.
  private func apply(_ saved: Plan?, _ driver: RunDriver, _ startedAt: Double) async throws -> ExitCode? {
    let plan: Plan
    if let saved {
      let unreachable = await driver.run.connect()
      driver.tell(unreachable, now: "nothing was changed on any host")
      guard unreachable.isEmpty else { return ExitStatus(of: unreachable.map(\.code)).code }
      try await driver.run.lock()
      let changed = await driver.run.check(saved)
      driver.tell(changed, now: "nothing was changed on any host")
      guard changed.isEmpty else { return ExitStatus(of: changed.map(\.code)).code }
      plan = saved
    } else {
      plan = try await driver.run.plan(.bootstrap, survey: try await driver.survey(locking: true))
    }
    return try await carryOut(plan, driver, startedAt)
  }

  private func carryOut(_ plan: Plan, _ driver: RunDriver, _ startedAt: Double) async throws -> ExitCode? {
    let console = driver.console
    driver.reporter.finish()
    let output = PlanOutput(console: console, showsDifferences: diff, total: "plan")
    if !plan.isEmpty || console.format == .json { output.show(plan) }
    if let status = driver.report(findingsOf: plan) { return status }
    guard !plan.isEmpty else {
      finish(driver, nil, "No changes: \(plan.spec.name) is as the configuration describes it.", startedAt)
      return nil
    }
    if !yes {
      guard Confirmation.ask("Carry out this plan? Only 'yes' is accepted: ") else {
        driver.problems.report(
          RunFailure(
            code: "run.not-confirmed", what: "the plan was not confirmed",
            why: Confirmation.isPossible ? "only 'yes' carries it out" : "there is no terminal to ask on",
            fix: Confirmation.isPossible ? "run it again and answer yes, or give --yes" : "give --yes to carry it out"),
          now: "nothing was changed on any host")
        return ExitStatus.failed.code
      }
    }
    let stop = StopSignal()
    let interruption = Interruption(stop: stop, report: { driver.reporter.report(.stopRequested) })
    let execution = Task { await driver.run.execute(plan, stop: stop) }
    interruption.cancels { execution.cancel() }
    let report = await execution.value
    interruption.end()
    driver.reporter.finish()
    guard report.outcome == .done else { return tell(report, plan, driver) }
    if plan.onlyResumes {
      return try await carryOut(
        try await driver.run.plan(.bootstrap, survey: try await driver.run.survey()), driver, startedAt)
    }
    return try await verify(plan, driver, report, startedAt)
  }

  /// Looks again: the plan made from what is there now must be empty.
  private func verify(_ plan: Plan, _ driver: RunDriver, _ report: RunReport, _ startedAt: Double) async throws
    -> ExitCode?
  {
    let again = try await driver.run.survey(comparingHashes: true)
    let rest = try await driver.run.plan(.bootstrap, survey: again)
    driver.reporter.finish()
    if rest.isRefused || !rest.isEmpty {
      _ = driver.report(findingsOf: rest)
      if !rest.isEmpty { PlanOutput(console: driver.console, showsDifferences: true, total: "plan").show(rest) }
      driver.problems.report(
        RunFailure(
          code: "verify.differs", what: "the hosts are not as the plan left them",
          why: "something changed them meanwhile, or a step did not have the effect it should have",
          fix: "look at what differs above, then run the same command again"),
        now: "the plan was carried out; the cluster is founded")
      return ExitStatus.failed.code
    }
    let health = ClusterHealth(again.cluster(plan.spec))
    driver.tell(health.findings)
    let members = health.healthyVoters == 1 ? "1 member is healthy" : "\(health.healthyVoters) members are healthy"
    let counts = PlanCounts(plan)
    // With JSON, a cluster that is not well has the summary of a run that failed.
    guard health.isHealthy || driver.console.format == .text else { return ExitStatus.failed.code }
    finish(
      driver, report,
      "\(members), cluster \(health.clusterIDs.first.map { "\($0)" } ?? "?"): \(counts.additions) added, "
        + "\(counts.changes) changed, \(counts.certificatesText) issued.", startedAt)
    return health.isHealthy ? nil : ExitStatus.failed.code
  }

  private func tell(_ report: RunReport, _ plan: Plan, _ driver: RunDriver) -> ExitCode {
    let now = RunState(report: report, plan: plan).text
    // What a second Ctrl-C cut off is no failure of the host's.
    let failures = report.failures.filter { $0.code != "transport.cancelled" }
    driver.tell(failures, now: now)
    if failures.isEmpty, report.outcome == .interrupted || !report.failures.isEmpty {
      driver.problems.report(
        RunFailure(
          code: "run.interrupted", what: "the run was interrupted", why: "you asked for it",
          fix: "run the same command again: it does what is missing"),
        now: now)
      return ExitStatus.interrupted.code
    }
    return ExitStatus(of: report.failures.map(\.code)).code
  }

  private func finish(_ driver: RunDriver, _ report: RunReport?, _ text: String, _ startedAt: Double) {
    let seconds = Environment.now() - startedAt
    let console = driver.console
    guard console.format == .json else {
      console.progress("\(console.styled("==>", .bold)) Finished in \(seconds.secondsText). \(text)")
      console.progress("Next: quorate status\(fileArguments)")
      return
    }
    console.result(
      JSONLine(
        "summary",
        [
          ("outcome", .string("done")), ("changed", .boolean(report != nil)), ("seconds", .number(seconds)),
          (
            "stages",
            .object((report?.stageSeconds ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
          ),
        ]
      ).text)
  }

  private var fileArguments: String {
    (configuration.file == ConfigurationFile.defaultName ? "" : " -f \(configuration.file)")
      + (configuration.environment.map { " -e \($0)" } ?? "")
  }
}
