/// One host's part of a stage: one program there, and what is made of its answer.
extension PlanExecution {
  /// One host's steps, in one program.
  func carryOut(
    _ host: HostSteps, _ stage: Stage.ID, _ slots: SlotValues
  ) async -> Result<HostResult, RunFailure> {
    let start = settings.wallClock()
    guard let session = overrides[stage]?.sessions[host.host] ?? sessions[host.host] else {
      return .failure(
        RunFailure(
          host: host.host, stage: stage, code: "transport.unreachable", what: "\(host.host) is not connected",
          why: "an earlier attempt failed"))
    }
    settings.report(.hostStarted(stage, host: host.host))
    var failure: RunFailure
    do {
      // A started member alone knows its ids; it is asked in the same program.
      let asks = stage == .founding ? EtcdSurvey.identityProbe(for: session.host) : nil
      let program = try StepCompiler(
        host.steps, stage: stage, host: session.host, holder: settings.holder, slots: slots,
        asks: asks.map { [$0] } ?? [])
      do {
        var answer = try await session.perform(program.operations, timeoutSeconds: host.seconds)
        defer { answer.wipe() }
        var own = HostResult(output: output(of: host, stage, program, answer))
        if asks != nil { try await fillRecord(&own.slots, session, answer.replies.last) }
        try await seeServed(program.operations, answer.replies, stage, session)
        settings.report(
          .hostFinished(
            stage, host: host.host, steps: host.steps.count, seconds: settings.wallClock() - start))
        return .success(own)
      } catch let error as HostProgramError {
        let step = error.index < program.stepOfOperation.count ? program.stepOfOperation[error.index] : nil
        failure = RunFailure(error, doing: "work on", host: session.host, stage: stage)
        if let step { failure.what = "cannot \(host.steps[step].summary) on \(host.host)" }
        if error.operation == "expect" { failure.code = "host.changed" }
        failure.fix = Self.fix(error)
      }
    } catch { failure = RunFailure(error, doing: "work on", host: session.host, stage: stage) }
    settings.report(.hostFailed(stage, host: host.host, why: failure.why))
    return .failure(failure)
  }

  /// Looks from this side where a host has no openssl to see with which certificates its member shows, and removes their
  /// staged copies then.
  private func seeServed(
    _ operations: [HostOperation], _ replies: [HostReply], _ stage: Stage.ID, _ session: HostSession
  ) async throws {
    let unseen = zip(operations, replies).compactMap { operation, reply -> (NetworkEndpoint, String)? in
      guard case .served(let endpoint, let certificate, _) = operation, case .unavailable = reply else { return nil }
      return (endpoint, certificate)
    }
    guard !unseen.isEmpty else { return }
    let access = MemberAccess(makeClient: settings.etcdClients)
    for (endpoint, certificate) in unseen {
      try await access.see(certificate, at: endpoint, of: session, toolkit: settings.toolkit)
    }
    let discarded = operations.filter { if case .discard(_, onlyIfSeen: true) = $0 { true } else { false } }
    _ = try await session.perform(
      [.holding(file: session.host.layout.lockFile, holder: settings.holder)]
        + discarded.map { operation -> HostOperation in
          guard case .discard(let folder, _) = operation else { return operation }
          return .discard(stage: folder, onlyIfSeen: false)
        }, timeoutSeconds: 60)
  }

  /// What the user's own commands wrote, told and kept.
  private func output(of host: HostSteps, _ stage: Stage.ID, _ program: StepCompiler, _ answer: HostAnswer) -> String {
    var text = ""
    for (reply, step) in zip(answer.replies, program.stepOfOperation) {
      guard let step, case .run(let command) = host.steps[step], case .command(_, let output) = reply else { continue }
      let written = String(decoding: output.suffix(Self.outputLimit), as: UTF8.self)
      settings.report(.commandOutput(stage, host: host.host, command: command.summary, output: written))
      text += written
    }
    return text
  }

  /// How much of a command's output is kept, in bytes: its end.
  private static let outputLimit = 64 << 10

  private func fillRecord(_ slots: inout SlotValues, _ session: HostSession, _ reply: HostReply?) async throws {
    let host = session.host
    let list: EtcdMemberList
    switch reply {
    case .etcd(let answers)?:
      guard let answer = answers.first, answer.status == 200, let read = try? EtcdGateway.memberList(answer.body) else {
        let status = answers.first?.status ?? 0
        throw RunFailure(
          host: host.name, stage: .founding, code: "etcd.no-answer",
          what: "\(host.name)'s member does not list the members",
          why: status == 0 ? "nobody answered on \(host.clientURL)" : "it answered with HTTP status \(status)",
          fix: "look at etcd's log on the host")
      }
      list = read
    case .unavailable?:
      guard let asked = try await MemberAccess(makeClient: settings.etcdClients).observe(session).memberList else {
        throw RunFailure(
          host: host.name, stage: .founding, code: "etcd.no-answer",
          what: "\(host.name)'s member does not list the members",
          why: "it was asked from this side, as the host has neither curl nor openssl",
          fix: "look at etcd's log on the host")
      }
      list = asked
    default: return
    }
    let record = MemberRecord(
      cluster: plan.spec.name, member: host.name, token: plan.token, clusterID: "\(list.header.clusterID)",
      memberID: "\(list.header.memberID)", serviceManager: plan.spec.serviceManager.plugin)
    slots.set(Slot.record(of: host.name), record.json)
  }

  private static func fix(_ error: HostProgramError) -> String {
    switch error.operation {
    case "expect": "somebody else changed the host; run the same command again to plan from what is there now"
    case "holding": "run the same command again"
    case "await": "look at etcd's log on the host; when it is mended, run the same command again to go on"
    case "served": "see who listens there; the new pair is in place, and its copies are kept until it is shown"
    default: "when the cause is mended, run the same command again to go on"
    }
  }
}

extension HostSteps {
  /// How long the program may take: what its steps may, and two minutes for files.
  fileprivate var seconds: Double {
    steps.reduce(120) { sum, step in
      switch step {
      case .execute(let command), .run(let command): sum + Double(command.timeoutSeconds)
      case .awaitHealth(_, let seconds, _, _): sum + Double(seconds)
      case .awaitServed: sum + Double(StepCompiler.servedSeconds)
      default: sum
      }
    }
  }
}
