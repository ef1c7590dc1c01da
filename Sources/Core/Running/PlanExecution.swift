/// One carrying out of a plan. A stage begins when the stages it names are finished on every host.
struct PlanExecution {
  let plan: Plan
  let settings: ClusterRun.Settings
  let sessions: [String: HostSession]
  let stop: StopSignal
  /// What single stages use instead of the run's own.
  var overrides: [Stage.ID: StageOverride] = [:]

  /// What became of a stage.
  fileprivate struct StageResult: Sendable {
    var stage: Stage.ID
    var failures: [RunFailure] = []
    var done: [String] = []
    var untouched: [String] = []
    var seconds: Double = 0
    var slots = SlotValues()
    var isStopped = false
    /// What the user's commands wrote, by host.
    var outputs: [String: String] = [:]
  }

  /// What became of one host's steps.
  struct HostResult: Sendable {
    var slots = SlotValues()
    /// What the user's commands wrote.
    var output = ""
  }

  /// Carries out what comes before the look at the members' health or, with the report of that, what comes behind it.
  func run(after earlier: RunReport? = nil) async -> RunReport {
    var report = RunReport(outcome: .done, finished: earlier?.finished ?? [])
    var slots = SlotValues()
    var outcomes = StageOutcomes(of: plan, after: earlier)
    var waiting = plan.stages.filter { $0.followsHealth == (earlier != nil) }
    await withTaskGroup(of: StageResult.self) { group in
      var running = 0
      while true {
        let isEnding = !report.failures.isEmpty || report.outcome == .interrupted || stop.isRequested
        if !isEnding {
          for stage in waiting where stage.after.allSatisfy({ report.finished.contains($0) }) {
            waiting.removeAll { $0.id == stage.id }
            running += 1
            let known = outcomes.variables(hosts: plan.spec.hosts)
            group.addTask { [slots] in await carryOut(stage, slots, known) }
          }
        }
        guard running > 0, let result = await group.next() else { break }
        running -= 1
        slots.merge(result.slots)
        report.stageSeconds[result.stage.rawValue] = result.seconds
        outcomes.note(result.outcome, of: result.stage)
        outcomes.note(output: result.outputs, of: result.stage)
        if result.failures.isEmpty && !result.isStopped {
          report.finished.append(result.stage)
        } else {
          report.failures += result.failures
          report.doneHosts += result.done
          report.untouchedHosts += result.untouched
          if result.isStopped { report.outcome = .interrupted }
        }
      }
    }
    report.outcomes = Dictionary(outcomes.outcomes.map { ($0.id.rawValue, $0.outcome) }) { $1 }
    report.outputs = Dictionary(outcomes.outputs.map { ($0.key.rawValue, $0.value) }) { $1 }
    report.stageSeconds.merge(earlier?.stageSeconds ?? [:]) { own, _ in own }
    for stage in waiting { report.outcomes[stage.id.rawValue] = "not-begun" }
    if !report.failures.isEmpty {
      report.outcome = .failed
    } else if stop.isRequested, !waiting.isEmpty {
      report.outcome = .interrupted
    }
    return report
  }

  private func carryOut(_ stage: Stage, _ known: SlotValues, _ variables: [(name: String, value: String)]) async
    -> StageResult
  {
    let start = settings.wallClock()
    let stage = stage.knowing(variables, of: plan.spec)
    var result = StageResult(stage: stage.id)
    settings.report(.stageStarted(stage.id))
    defer { settings.report(.stageFinished(stage.id, seconds: result.seconds, outcome: result.outcome)) }
    result.slots = known
    if !stage.certificates.isEmpty || stage.needsAuthority {
      do {
        let issuing = CertificateIssuing(
          plan: plan, settings: settings, sessions: sessions,
          issuer: overrides[stage.id]?.issuer ?? settings.plugins.issuer,
          issuerName: (stage.issuer ?? plan.spec.issuer).plugin)
        let outcome = try await issuing.fill(&result.slots, stage: stage)
        guard outcome.failures.isEmpty else {
          await end(stage, outcome, &result)
          result.seconds = settings.wallClock() - start
          return result
        }
        settings.report(.certificatesIssued(count: stage.certificates.count, seconds: settings.wallClock() - start))
      } catch {
        result.failures = [RunFailure(issuing: error, stage: stage.id)]
        result.untouched = stage.hosts.map(\.host)
        result.seconds = settings.wallClock() - start
        return result
      }
    }
    switch stage.rollout {
    case .together: await together(stage, &result)
    case .oneAtATime(let gate): await oneAtATime(stage, gate, &result)
    }
    result.seconds = settings.wallClock() - start
    return result
  }

  /// Ends a stage whose certificates are not all issued: what was asked for is kept on the hosts.
  private func end(_ stage: Stage, _ outcome: CertificateIssuing.Outcome, _ result: inout StageResult) async {
    for (order, request) in outcome.pending {
      settings.report(.certificatePending(host: order.host, role: order.role, awaiting: request.awaiting))
    }
    let slots = result.slots
    let isWaiting = !outcome.pending.isEmpty
    let keeping = stage.keeping.filter { host in isWaiting && host.steps.contains { $0.isFilled(from: slots) } }
    let hosts = plan.spec.hosts.filter { host in keeping.contains { $0.host == host.name } }
    let kept = await forEachHost(hosts) { host in
      await keep(keeping.first { $0.host == host.name }?.steps ?? [], stage.id, host, slots)
    }
    result.failures = outcome.failures + kept.failures()
    result.untouched = stage.hosts.map(\.host)
    // What was made for a stage that did not begin is nobody's.
    result.slots = SlotValues()
  }

  private func keep(
    _ steps: [Step], _ stage: Stage.ID, _ host: HostSpec, _ slots: SlotValues
  ) async -> Result<Void, RunFailure> {
    guard let session = overrides[stage]?.sessions[host.name] ?? sessions[host.name] else {
      return .failure(RunFailure.notConnected(host))
    }
    let steps = steps.filter { step in
      if case .write = step { step.isFilled(from: slots) } else { true }
    }
    do {
      let program = try StepCompiler(
        steps, stage: stage, host: host, holder: settings.holder, slots: slots, keepsStaged: false)
      var answer = try await session.perform(program.operations, timeoutSeconds: 120)
      answer.wipe()
      return .success(())
    } catch {
      var failure = RunFailure(error, doing: "leave keys on", host: host, stage: stage)
      if failure.code == "host.expect" { failure.code = "host.changed" }
      failure.fix = "run the same command again: what was asked for there is asked for anew, with new keys"
      return .failure(failure)
    }
  }

  /// How much earlier the first member is founded than the others. Members that listen and do not answer yet cost each
  /// other a second of etcd's bootstrap timeout; with one ahead of them that does not happen.
  private static let headStart = Duration.milliseconds(150)

  private func together(_ stage: Stage, _ result: inout StageResult) async {
    let slots = result.slots
    let answers = await withTaskGroup(of: (String, Result<HostResult, RunFailure>).self) { group in
      for (index, host) in stage.hosts.enumerated() {
        group.addTask {
          if stage.id == .founding, index > 0 { try? await Task.sleep(for: Self.headStart) }
          return (host.host, await carryOut(host, stage.id, slots))
        }
      }
      var answers: [(String, Result<HostResult, RunFailure>)] = []
      for await answer in group { answers.append(answer) }
      return answers
    }
    for (host, answer) in answers.sorted(by: { $0.0 < $1.0 }) {
      switch answer {
      case .success(let own): result.take(own, of: host)
      case .failure(let failure): result.failures.append(failure)
      }
    }
  }

  private func oneAtATime(_ stage: Stage, _ rule: GateRule, _ result: inout StageResult) async {
    for (index, host) in stage.hosts.enumerated() {
      if stop.isRequested {
        result.isStopped = true
        result.untouched = stage.hosts[index...].map(\.host)
        return
      }
      let others = await gateOpens(for: host.host, rule)
      guard others.isOpen else {
        if stop.isRequested {
          result.isStopped = true
          result.untouched = stage.hosts[index...].map(\.host)
          return
        }
        result.failures.append(
          RunFailure(
            host: host.host, stage: stage.id, code: "gate.closed", what: "\(host.host) must not be touched now",
            why: others.reasons.map(\.description).joined(separator: "; "),
            fix: "see `quorate health`; when the others are well, run the same command again"))
        result.untouched = stage.hosts[index...].map(\.host)
        return
      }
      switch await carryOut(host, stage.id, result.slots) {
      case .success(let own): result.take(own, of: host.host)
      case .failure(let failure):
        result.failures.append(failure)
        result.untouched = stage.hosts[(index + 1)...].map(\.host)
        return
      }
    }
  }

  /// How long a gate may take to open by itself: an election, or a member that has just been restarted.
  private static let gatePatience = Duration.seconds(60)

  /// Asks the gate, and again where waiting alone may open it, until it is open, its time is up, or the user wants to stop.
  private func gateOpens(for target: String, _ rule: GateRule) async -> GateVerdict {
    let deadline = ContinuousClock.now + Self.gatePatience
    var told: GateVerdict?
    while true {
      let verdict = await gate(target, rule)
      if verdict != told {
        settings.report(.gate(host: target, isOpen: verdict.isOpen, reasons: verdict.reasons.map(\.description)))
        told = verdict
      }
      guard !verdict.isOpen, verdict.mayOpenByItself, !stop.isRequested, ContinuousClock.now < deadline,
        (try? await Task.sleep(for: .seconds(1))) != nil
      else { return verdict }
    }
  }

  /// Asks every member, each on its own host, and judges whether one may be disturbed.
  private func gate(_ target: String, _ rule: GateRule) async -> GateVerdict {
    let gate = HealthGate(target: target, acceptsDowntime: rule.acceptsDowntime)
    let hosts = plan.spec.hosts
    let members = await forEachHost(hosts) { host -> Result<MemberObservation, RunFailure> in
      guard let session = sessions[host.name] else { return .failure(RunFailure.notConnected(host)) }
      do { return .success(try await observe(session)) } catch {
        return .failure(RunFailure(error, doing: "ask the member on", host: host))
      }
    }
    return gate.judge(
      ClusterObservation(
        members: zip(hosts, members).map { host, answer in
          switch answer {
          case .success(let observation): observation
          case .failure(let failure): MemberObservation(of: host, health: .unreachable(failure.why))
          }
        }))
  }

  private func observe(_ session: HostSession) async throws -> MemberObservation {
    let probes = EtcdSurvey.probes(for: session.host).filter { $0.key != EtcdSurvey.metricsKey }
    let answers = try await Survey(probes).observe(session, toolkit: settings.toolkit, wallClock: settings.wallClock)
    if EtcdSurvey.isUnanswerable(answers.answers) {
      return try await MemberAccess(makeClient: settings.etcdClients).observe(session)
    }
    return EtcdSurvey.observation(of: session.host, answers: answers.answers)
  }
}

extension PlanExecution.StageResult {
  /// How it ended, in a word.
  fileprivate var outcome: String { !failures.isEmpty ? "failed" : isStopped ? "interrupted" : "done" }

  fileprivate mutating func take(_ own: PlanExecution.HostResult, of host: String) {
    slots.merge(own.slots)
    done.append(host)
    if !own.output.isEmpty { outputs[host] = own.output }
  }
}

extension Stage {
  /// A user's command with what is known by now in its environment; any other stage as it is.
  fileprivate func knowing(_ variables: [(name: String, value: String)], of spec: ClusterSpec) -> Stage {
    guard let command else { return self }
    var stage = self
    stage.hosts = hosts.map { entry in
      guard let host = spec.hosts.first(where: { $0.name == entry.host }) else { return entry }
      return HostSteps(host: entry.host, steps: [.run(command.command(on: host, of: spec, known: variables))])
    }
    return stage
  }

  /// Whether a CA file is among what it writes.
  fileprivate var needsAuthority: Bool {
    hosts.contains { host in
      host.steps.contains { step in
        guard case .write(let change) = step, case .slot(let name) = change.file.content else { return false }
        return name == Slot.authorityCertificate || name == Slot.authorityKey
      }
    }
  }
}

extension Step {
  /// Whether it writes a file whose content came to be.
  fileprivate func isFilled(from slots: SlotValues) -> Bool {
    guard case .write(let change) = self, case .slot(let name) = change.file.content else { return false }
    return slots.holds(name)
  }
}
