internal import ArgumentParser
internal import QuorateCore

/// `quorate health`: is the cluster well, and how much may still fail.
struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health", abstract: "Asks every member alone whether it is healthy, and judges the cluster.",
    discussion: "Exits with 0 when every member answers alone, one leader leads one cluster and no alarm stands.")

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  func run() async throws {
    let console = outputOptions.console
    console.begin("health")
    let (spec, loaded) = try configuration.load(console)
    let driver = try RunDriver(spec: spec, loaded: loaded, console: console, connection: connection)
    do {
      let (survey, observation) = try await driver.withConnections {
        let survey = try await driver.survey(locking: false, comparingHashes: true)
        return (survey, await driver.run.aligningHashes(of: survey.cluster(spec)))
      }
      let health = ClusterHealth(observation)
      driver.tell(survey.failures, now: "nothing was changed on any host")
      for member in observation.members {
        if console.format == .json {
          console.result(
            JSONLine(
              "member",
              [
                ("host", .string(member.host)), ("healthy", .boolean(member.health.isHealthy)),
                ("why", .optional(member.health.reason)), ("endpoint", .string(member.clientURL)),
              ]
            ).text)
        } else {
          let word =
            member.health.isHealthy
            ? console.styled("healthy", .green)
            : console.styled(
              survey.observed[member.host] == nil ? "unknown" : "not healthy", .red)
          console.result(
            "  \(member.host.padded(to: 10)) \(member.clientURL.padded(to: 30)) \(word)\(member.health.reason.map { ": \($0)" } ?? "")"
          )
        }
      }
      // People read what is wrong last, programs the summary.
      let text = ClusterText(console: console)
      if console.format == .text { text.show(health, comparesHashes: true) }
      driver.tell(survey.lostData(spec) + (survey.notFounded(spec).map { [$0] } ?? health.findings))
      if console.format == .json { text.show(health, comparesHashes: true) }
      if !survey.failures.isEmpty { throw ExitStatus(of: survey.failures.map(\.code)).code }
      if !health.isHealthy || !survey.lostData(spec).isEmpty { throw ExitStatus.failed.code }
    } catch { throw driver.fail(error, now: "nothing was changed on any host") }
  }
}

/// The judgement of a cluster in a line or two.
struct ClusterText {
  let console: Console

  func show(_ health: ClusterHealth, comparesHashes: Bool = false) {
    let leader = health.members.first { $0.id == health.leaderID }?.label
    guard console.format == .text else {
      console.result(
        JSONLine(
          "summary",
          [
            ("healthy", .boolean(health.isHealthy)), ("quorum", .boolean(health.hasQuorum)),
            ("voters", .integer(health.voters)), ("healthyVoters", .integer(health.healthyVoters)),
            ("needed", .integer(health.quorum)), ("margin", .integer(health.margin)), ("leader", .optional(leader)),
            ("clusterIds", .strings(health.clusterIDs.map { "\($0)" })),
            ("alarms", .strings(health.alarms.map { "\($0.kind.rawValue)" })),
          ]
        ).text)
      return
    }
    guard health.voters > 0 else { return }
    let margin =
      health.margin < 0
      ? "\(-health.margin) more must come back"
      : health.margin == 0 ? "none may fail" : "\(health.margin) more may fail"
    console.result(
      "  quorum \(health.healthyVoters) of \(health.voters), \(health.quorum) needed: \(margin); leader \(leader ?? "unknown")"
        + (comparesHashes ? "; hashes \(health.hashes.text)" : ""))
  }
}

extension HashComparison {
  /// The comparison for a reader.
  var text: String {
    switch self {
    case .equal(_, let revision): "equal at revision \(revision)"
    case .different(let revision, _): "different at revision \(revision)"
    case .notComparable(let why): "not comparable (\(why))"
    }
  }
}
