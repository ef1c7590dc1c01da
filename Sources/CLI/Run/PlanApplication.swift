internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// A plan from the first look to the last: made or taken from a file, shown, confirmed, carried out, looked at again.
struct PlanApplication {
  let driver: RunDriver
  /// Which part of the goal; nil: all of it.
  let selection: StageSelection?
  let options: ExecutionOptions
  let startedAt: Double
  /// What to type next.
  let next: String

  /// Connects, carries out, keeps the journal.
  ///
  /// - Parameters:
  ///   - command: As it is typed, for the journal.
  ///   - saved: The plan to carry out; nil: one is made.
  /// - Throws: The exit status, after the reason was printed.
  static func carryOut(
    _ command: String, selection: StageSelection?, saved: Plan? = nil, spec: ClusterSpec, loaded: LoadedConfiguration?,
    console: Console, connection: ConnectionOptions, execution: ExecutionOptions, next: String
  ) async throws {
    let startedAt = Environment.now()
    let journal = Journal(
      cluster: spec.name, command: command, startedAt: Instant(secondsSinceEpoch: Int64(startedAt)))
    let driver = try RunDriver(
      spec: spec, loaded: loaded, console: console, connection: connection, acceptsDowntime: execution.acceptDowntime,
      journal: journal)
    let application = PlanApplication(
      driver: driver, selection: selection, options: execution, startedAt: startedAt, next: next)
    var status: ExitCode?
    do { status = try await driver.withConnections { try await application.apply(saved) } } catch {
      status = driver.fail(error, now: "nothing was changed on any host")
    }
    if let status, console.format == .json {
      console.result(
        JSONLine("summary", [("outcome", .string(ExitStatus.outcome(of: status)))]).text)
    }
    journal?.record(JSONLine("exit", [("status", .integer(Int(status?.rawValue ?? 0)))]))
    if let status { throw status }
  }

  /// - Returns: The status to end with; nil: success.
  private func apply(_ saved: Plan?) async throws -> ExitCode? {
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
      plan = try await driver.plan(selection, survey: try await driver.survey(locking: true))
    }
    return try await carryOut(plan)
  }

  private func carryOut(_ plan: Plan) async throws -> ExitCode? {
    let console = driver.console
    driver.reporter.finish()
    let output = PlanOutput(console: console, showsDifferences: options.diff, total: "plan")
    if !plan.isEmpty || console.format == .json { output.show(plan) }
    if let status = driver.report(findingsOf: plan) { return status }
    guard !plan.isEmpty else {
      finish(plan, nil, PlanText.unchanged(plan))
      return nil
    }
    if !options.yes {
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
    let overrides = try driver.overrides(of: plan)
    let execute = { (earlier: RunReport?) in
      let execution = Task { await driver.run.execute(plan, stop: stop, overrides: overrides, after: earlier) }
      interruption.cancels { execution.cancel() }
      let report = await execution.value
      driver.reporter.finish()
      return report
    }
    defer { interruption.end() }
    let report = await execute(nil)
    guard report.outcome == .done else { return tell(report, plan) }
    if plan.onlyResumes {
      return try await carryOut(try await driver.plan(selection, survey: try await driver.run.survey()))
    }
    let judged = try await verify(plan)
    if let status = judged.status { return status }
    guard plan.stages.contains(where: \.followsHealth) else {
      finish(plan, report, judged.text)
      return nil
    }
    let last = await execute(report)
    guard last.outcome == .done else { return tell(last, plan) }
    finish(plan, last, judged.text)
    return nil
  }

  /// Looks again: the plan made from what is there now must be empty, as far as it was selected.
  ///
  /// - Returns: The status to end with, nil where all is well; and what to say at the end.
  private func verify(_ plan: Plan) async throws -> (status: ExitCode?, text: String) {
    let again = try await driver.run.survey(comparingHashes: plan.looksAtHealth)
    var rest = try await driver.plan(selection, survey: again)
    rest.stages.removeAll { $0.command != nil }
    driver.reporter.finish()
    if rest.isRefused || !rest.isEmpty {
      _ = driver.report(findingsOf: rest)
      if !rest.isEmpty {
        PlanOutput(console: driver.console, showsDifferences: true, total: "plan").show(rest)
      }
      driver.problems.report(
        RunFailure(
          code: "verify.differs", what: "the hosts are not as the plan left them",
          why: "something changed them meanwhile, or a step did not have the effect it should have",
          fix: "look at what differs above, then run the same command again"),
        now: "the plan was carried out")
      return (ExitStatus.failed.code, "")
    }
    let counts = PlanCounts(plan)
    let changed = "\(counts.additions) added, \(counts.changes) changed, \(counts.certificatesText) issued."
    guard plan.looksAtHealth else {
      let left = rest.leftOut.isEmpty ? "" : " " + PlanText.leftOutText(rest)
      return (nil, changed + left)
    }
    let health = ClusterHealth(again.cluster(plan.spec))
    driver.tell(health.findings)
    let members = health.healthyVoters == 1 ? "1 member is healthy" : "\(health.healthyVoters) members are healthy"
    return (
      health.isHealthy ? nil : ExitStatus.failed.code,
      "\(members), cluster \(health.clusterIDs.first.map { "\($0)" } ?? "?"): \(changed)"
    )
  }

  private func tell(_ report: RunReport, _ plan: Plan) -> ExitCode {
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

  private func finish(_ plan: Plan, _ report: RunReport?, _ text: String) {
    let seconds = Environment.now() - startedAt
    let console = driver.console
    guard console.format == .json else {
      console.progress("\(console.styled("==>", .bold)) Finished in \(seconds.secondsText). \(text)")
      console.progress("Next: \(next)")
      return
    }
    console.result(
      JSONLine(
        "summary",
        [
          ("outcome", .string("done")), ("changed", .boolean(report != nil && plan.hasChanges)),
          ("seconds", .number(seconds)),
          (
            "stages",
            .object((report?.stageSeconds ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
          ),
          (
            "outcomes",
            .object((report?.outcomes ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
          ),
          ("leftOut", .strings(plan.leftOut.map(\.id.rawValue))),
        ]
      ).text)
  }
}
