internal import ArgumentParser
internal import QuorateBundle
internal import QuorateConfiguration
internal import QuorateCore

/// What the commands that reach hosts have in common: plugins, connections, survey, plan, and telling what went wrong.
struct RunDriver {
  let spec: ClusterSpec
  let console: Console
  let run: ClusterRun
  let reporter: EventReporter
  let problems: ProblemReport
  private let positions: ConfigurationPositions?
  private let context: PluginContext

  /// Makes the plugins and the run.
  ///
  /// - Throws: The exit status for a wrong configuration, after the reason was printed.
  init(
    spec: ClusterSpec, loaded: LoadedConfiguration?, console: Console, connection: ConnectionOptions,
    acceptsDowntime: Bool = false, journal: Journal? = nil
  ) throws {
    self.spec = spec
    self.console = console
    problems = ProblemReport(console: console)
    let context = PluginContext(
      baseFolder: loaded?.baseFolder ?? ConfigurationOptions.workingFolder, secrets: connection.secrets)
    self.context = context
    let plugins: PluginSet
    do {
      plugins = try PluginSet(for: spec, from: BundledPlugins.all, context: context)
    } catch {
      problems.report(
        RunFailure(
          code: "plugin.refused", what: "the plugin \(error.plugin) cannot be used", why: error.why, fix: error.fix),
        now: "nothing was done", place: Self.place(of: error, spec: spec, loaded: loaded))
      throw ExitStatus.configuration.code
    }
    let reporter = EventReporter(console: console, journal: journal)
    self.reporter = reporter
    positions = loaded?.positions
    let startedAt = Instant(secondsSinceEpoch: Int64(Environment.now()))
    run = ClusterRun(
      .standard(
        spec: spec, plugins: plugins, wallClock: Environment.now,
        holder: "\(Environment.whoAndWhere), process \(Environment.processID), since \(startedAt.text)",
        acceptsDowntime: acceptsDowntime, connectSeconds: connection.connectTimeout, report: reporter.report))
  }

  /// Where a host stands in the configuration.
  private func place(of host: String?) -> SourcePosition? {
    guard let index = spec.hosts.firstIndex(where: { $0.name == host }) else { return nil }
    return positions?.place(ofHost: index)
  }

  private static func place(of error: PluginError, spec: ClusterSpec, loaded: LoadedConfiguration?) -> String? {
    let choices: [(PluginChoice, PluginKind)] = [
      (spec.transport, .transport), (spec.issuer, .certIssuer), (spec.serviceManager, .serviceManager),
      (spec.manifestWriter, .manifestWriter),
    ]
    guard let kind = choices.first(where: { $0.0.plugin == error.plugin })?.1 else { return nil }
    return loaded?.positions.place(ofSetting: error.setting, of: kind)?.description
  }

  /// Carries out a command's part that reaches hosts, and closes the connections whatever happens.
  func withConnections<Value>(_ body: () async throws -> Value) async throws -> Value {
    let value: Value
    do { value = try await body() } catch {
      reporter.finish()
      await run.close()
      throw error
    }
    reporter.finish()
    await run.close()
    return value
  }

  /// Connects and surveys; with `locking`, takes the locks meanwhile.
  ///
  /// - Returns: What was seen, and the failures to connect among its failures.
  func survey(locking: Bool, comparingHashes: Bool = false) async throws -> ClusterRun.SurveyResult {
    let unreachable = await run.connect()
    if locking && unreachable.isEmpty {
      async let locked: Void = lock()
      async let surveyed = surveyed()
      try await locked
      var result = try await surveyed
      result.failures = unreachable + result.failures
      return result
    }
    var result = try await run.survey(comparingHashes: comparingHashes)
    result.failures = unreachable + result.failures
    return result
  }

  /// The plan for a selection, or for the whole bootstrap goal.
  func plan(_ selection: StageSelection?, survey: ClusterRun.SurveyResult) async throws -> Plan {
    let whole = try await run.plan(selection?.pipeline.goal ?? .bootstrap, survey: survey)
    return selection.map(whole.selecting) ?? whole
  }

  /// The plugins that single stages of a plan have instead of the run's own.
  ///
  /// - Throws: ``PluginError`` when one refuses its settings.
  func overrides(of plan: Plan) throws(PluginError) -> [Stage.ID: StageOverride] {
    var overrides: [Stage.ID: StageOverride] = [:]
    for stage in plan.stages where stage.issuer != nil || stage.transport != nil {
      var spec = self.spec
      spec.issuer = stage.issuer ?? spec.issuer
      spec.transport = stage.transport ?? spec.transport
      let plugins = try PluginSet(for: spec, from: BundledPlugins.all, context: context)
      overrides[stage.id] = StageOverride(
        issuer: stage.issuer.map { _ in plugins.issuer }, transport: stage.transport.map { _ in plugins.transport })
    }
    return overrides
  }

  /// Tells what the hosts' kubeadm say of the version, where the configuration names none.
  ///
  /// - Throws: The status to end with when the version is not known.
  func checkVersion(_ survey: ClusterRun.SurveyResult) throws {
    tell(survey.versionFindings)
    let errors = survey.versionFindings.filter { $0.severity == .error }
    if !errors.isEmpty { throw ExitStatus(of: errors.map(\.code)).code }
  }

  private func lock() async throws { try await run.lock() }

  private func surveyed() async throws -> ClusterRun.SurveyResult { try await run.survey() }

  /// Prints an error that ends the command, and gives the status to end with.
  func fail(_ error: any Error, now: String) -> ExitCode {
    reporter.finish()
    switch error {
    case let code as ExitCode: return code
    case let failure as RunFailure:
      problems.report(failure, now: now, place: place(of: failure.host)?.description)
      return ExitStatus(of: [failure.code]).code
    case let error as PluginError:
      problems.report(
        RunFailure(
          code: "plugin.failed", what: "the plugin \(error.plugin) cannot go on", why: error.why, fix: error.fix),
        now: now)
      return ExitStatus.failed.code
    default:
      problems.report(RunFailure(code: "run.internal", what: "the run cannot go on", why: "\(error)"), now: now)
      return ExitStatus.failed.code
    }
  }

  /// Prints a plan's findings; the status to end with when one of them is an error.
  func report(findingsOf plan: Plan) -> ExitCode? {
    reporter.finish()
    tell(plan.findings, now: plan.isRefused ? "nothing was changed on any host" : "")
    guard plan.isRefused else { return nil }
    let errors = plan.findings.filter { $0.severity == .error }
    return ExitStatus(of: errors.map(\.code)).code
  }

  /// Prints findings, each with the place of its host in the configuration.
  ///
  /// - Parameter now: The state the world was left in, told with the last error.
  func tell(_ findings: [Finding], now: String = "") {
    problems.report(
      findings.map { finding in
        var finding = finding
        finding.position = finding.position ?? place(of: finding.host)
        return finding
      }, now: now)
  }

  /// Prints failures of hosts, each with its place in the configuration.
  func tell(_ failures: [RunFailure], now: String) {
    for (index, failure) in failures.enumerated() {
      // Once, with the last: it is the same for all. Programs find it with each.
      let isLast = index == failures.count - 1 || console.format == .json
      problems.report(failure, now: isLast ? now : "", place: place(of: failure.host)?.description)
    }
  }
}
