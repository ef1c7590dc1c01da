internal import ArgumentParser
internal import QuorateCore
internal import QuoratePKI

/// `quorate status`: what there is to know of the cluster, in one look.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows members, leader, versions, database sizes, alarms, certificates' days left."
  )

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  func run() async throws {
    let console = outputOptions.console
    console.begin("status")
    let (spec, loaded) = try configuration.load(console)
    let driver = try RunDriver(spec: spec, loaded: loaded, console: console, connection: connection)
    do {
      let survey = try await driver.withConnections { try await driver.survey(locking: false) }
      driver.tell(survey.failures, now: "nothing was changed on any host")
      let observation = survey.cluster(spec)
      let health = ClusterHealth(observation)
      if console.format == .text {
        console.result(
          console.styled(spec.name, .bold) + "  cluster \(health.clusterIDs.first.map { "\($0)" } ?? "unknown")")
        console.result("  \(row("member", "endpoint", "health", "role", "version", "db", "certificates"))")
      }
      for host in spec.hosts {
        guard let member = observation[host.name] else { continue }
        show(
          member, certificates(of: host, survey.observed[host.name]), health, console,
          isReached: survey.observed[host.name] != nil)
      }
      for host in spec.hosts { showPending(host, survey.observed[host.name], console) }
      // People read what is wrong last, programs the summary.
      let text = ClusterText(console: console)
      if console.format == .text { text.show(health) }
      let missing = survey.notFounded(spec)
      driver.tell(
        survey.lostData(spec) + (try await driver.run.memberFindings(survey))
          + (missing.map { [$0] } ?? health.findings))
      if console.format == .json { text.show(health) }
      if !survey.failures.isEmpty { throw ExitStatus(of: survey.failures.map(\.code)).code }
      if !health.isHealthy || !survey.lostData(spec).isEmpty { throw ExitStatus.failed.code }
    } catch { throw driver.fail(error, now: "nothing was changed on any host") }
  }

  private func row(_ cells: String...) -> String {
    zip(cells, [10, 30, 12, 9, 8, 9, 0]).map { $0.padded(to: $1) }.joined(separator: " ")
  }

  private func show(
    _ member: MemberObservation, _ certificates: [(name: String, days: Int64)], _ health: ClusterHealth,
    _ console: Console, isReached: Bool
  ) {
    let isLeader = member.memberID != nil && member.memberID == health.leaderID
    let role =
      isLeader ? "leader" : member.status?.isLearner == true ? "learner" : member.status == nil ? "-" : "follower"
    let first = certificates.min { $0.days < $1.days }
    guard console.format == .text else {
      console.result(
        JSONLine(
          "member",
          [
            ("host", .string(member.host)), ("healthy", .boolean(member.health.isHealthy)),
            ("why", .optional(member.health.reason)), ("endpoint", .string(member.clientURL)), ("role", .string(role)),
            ("id", .optional(member.memberID.map { "\($0)" })), ("version", .optional(member.version)),
            ("dbSize", member.status.map { .integer(Int($0.databaseSize)) } ?? .null),
            ("certificateDays", .object(certificates.map { ($0.name, .integer(Int($0.days))) })),
          ]
        ).text)
      return
    }
    let size =
      member.status.map { $0.databaseSize >= 1 << 20 ? "\($0.databaseSize >> 20) MiB" : "\($0.databaseSize >> 10) KiB" }
      ?? "-"
    console.result(
      "  "
        + row(
          member.host, member.clientURL,
          member.health.isHealthy ? "healthy" : isReached ? "not healthy" : "unknown", role,
          member.version ?? "-",
          size, first.map { "\($0.days) days (\($0.name))" } ?? "-"))
  }

  /// The certificates that were asked for and are not in place.
  private func showPending(_ host: HostSpec, _ observed: ObservedHost?, _ console: Console) {
    let pending = observed?.pending(host.layout) ?? [:]
    for role in CertificateRole.allCases {
      guard let request = pending[role] else { continue }
      guard console.format == .text else {
        console.result(
          JSONLine(
            "pending",
            [
              ("host", .string(host.name)), ("role", .string(role.rawValue)), ("issuer", .string(request.issuer)),
              ("awaiting", .string(request.awaiting)), ("issued", .boolean(!request.chain.isEmpty)),
              ("since", .string(request.since.text)),
            ]
          ).text)
        continue
      }
      console.result(
        "  \(host.name.padded(to: 10)) certificate \(role.rawValue): \(request.text), since \(request.since.text)")
    }
  }

  /// Days left on each certificate of a host.
  private func certificates(of host: HostSpec, _ observed: ObservedHost?) -> [(name: String, days: Int64)] {
    guard let observed else { return [] }
    let now = Instant(secondsSinceEpoch: Int64(Environment.now()))
    let toolkit = OpenSSLToolkit()
    let paths =
      CertificateRole.allCases.map { ($0.rawValue, host.layout.certificate($0)) } + [
        ("ca", host.layout.authorityCertificate)
      ]
    return paths.compactMap { name, path in
      guard let content = observed.answers.file(path).content, let parsed = try? toolkit.parse(certificate: content)
      else {
        return nil
      }
      return (name, now.days(until: parsed.notAfter))
    }
  }
}
