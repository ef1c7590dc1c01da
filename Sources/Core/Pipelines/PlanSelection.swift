extension Plan {
  /// This plan as a selection has it: some of its stages, on some of its hosts, with the user's commands in between.
  ///
  /// The order stays the goal's. A stage whose preconditions the selection leaves out while the plan has work for them is
  /// an error among the findings, as is a part of founding.
  public func selecting(_ selection: StageSelection) -> Plan {
    var plan = self
    plan.selection = selection
    // What an interrupted run left is finished first, on every host, whatever is selected; another plan follows it.
    guard !onlyResumes else { return plan }
    var chooser = StageChooser(plan: self, selection: selection)
    chooser.choose()
    plan.stages = chooser.stages
    plan.leftOut = chooser.leftOut
    plan.findings += chooser.findings
    plan.looksAtHealth = chooser.looksAtHealth
    return plan
  }
}

/// Takes a plan's stages, part by part of a pipeline.
private struct StageChooser {
  let plan: Plan
  let selection: StageSelection
  var stages: [Stage] = []
  var leftOut: [LeftOutStage] = []
  var findings: [Finding] = []
  var looksAtHealth = false
  /// The commands so far: everything behind a command waits for it.
  private var barrier: [Stage.ID] = []

  init(plan: Plan, selection: StageSelection) {
    self.plan = plan
    self.selection = selection
  }

  mutating func choose() {
    let pipeline = selection.pipeline
    for part in pipeline.parts {
      let reason = selection.reason(toLeaveOut: part)
      switch part {
      case .survey: break
      case .health: looksAtHealth = reason == nil
      case .run(let command): if reason == nil { add(command) }
      case .stage(let selected):
        guard let stage = plan.stages.first(where: { $0.id == selected.id }) else { continue }
        if let reason { leaveOut(stage, stage.hosts.map(\.host), reason) } else { add(stage, selected) }
      }
    }
    let named = pipeline.parts.map(\.name)
    for stage in plan.stages where !named.contains(stage.id.rawValue) {
      leaveOut(stage, stage.hosts.map(\.host), "the pipeline \(pipeline.name)")
    }
    checkPreconditions()
  }

  private mutating func leaveOut(_ stage: Stage, _ hosts: [String], _ why: String) {
    guard !hosts.isEmpty else { return }
    leftOut.append(LeftOutStage(id: stage.id, hosts: hosts, why: why))
  }

  private mutating func add(_ stage: Stage, _ selected: SelectedStage) {
    let all = stage.hosts.map(\.host)
    let byPipeline = all.filter { selected.hosts?.contains($0) ?? true }
    let hosts = byPipeline.filter { selection.hosts?.contains($0) ?? true }
    leaveOut(stage, all.filter { !byPipeline.contains($0) }, "the pipeline \(selection.pipeline.name)")
    leaveOut(
      stage, byPipeline.filter { !hosts.contains($0) }, "--hosts \((selection.hosts ?? []).joined(separator: ","))")
    guard !hosts.isEmpty else { return }
    for command in selected.before { add(command) }
    var chosen = stage
    chosen.after += barrier
    chosen.issuer = selected.issuer
    chosen.transport = selected.transport
    chosen.certificates.removeAll { !hosts.contains($0.host) }
    chosen.keeping.removeAll { !hosts.contains($0.host) }
    chosen.hosts = stage.hosts.filter { hosts.contains($0.host) }.map { [plan] entry in
      guard let host = plan.spec.hosts.first(where: { $0.name == entry.host }) else { return entry }
      let around = { (commands: [PipelineCommand]) in
        commands.filter { $0.hosts(of: plan.spec).contains(host.name) }
          .map { Step.run($0.command(on: host, of: plan.spec)) }
      }
      return HostSteps(
        host: entry.host, steps: around(selected.beforeEach) + entry.steps + around(selected.afterEach))
    }
    stages.append(chosen)
    for command in selected.after { add(command) }
  }

  private mutating func add(_ command: PipelineCommand) {
    let hosts = plan.spec.hosts.filter { host in
      command.hosts(of: plan.spec).contains(host.name) && selection.hosts?.contains(host.name) ?? true
    }
    guard !hosts.isEmpty else { return }
    stages.append(
      Stage(
        id: command.stage, after: stages.map(\.id), rollout: .together,
        hosts: hosts.map { HostSteps(host: $0.name, steps: [.run(command.command(on: $0, of: plan.spec))]) },
        command: command))
    stages[stages.count - 1].followsHealth = looksAtHealth
    barrier = [command.stage]
  }

  /// What a stage needs is what it stands after, as far as the plan has work for it, on every host of that.
  private mutating func checkPreconditions() {
    for stage in stages where stage.command == nil {
      for need in stage.after {
        for missing in leftOut where missing.id == need { refuse(stage.id.rawValue, missing) }
      }
      if stage.id == .founding, let missing = leftOut.first(where: { $0.id == .founding }) {
        findings.append(
          Finding(
            .error, code: "pipeline.precondition", what: "`founding` is of all members together",
            why: "\(missing.why) leaves out \(missing.hosts.joined(separator: ", "))", fix: "found on all hosts"))
      }
      makesAuthorityWhereItRests(stage)
    }
    if looksAtHealth, let missing = leftOut.first(where: { $0.id == .founding }) { refuse("health", missing) }
  }

  private mutating func refuse(_ stage: String, _ missing: LeftOutStage) {
    findings.append(
      Finding(
        .error, code: "pipeline.precondition", what: "`\(stage)` needs `\(missing.id.rawValue)` first",
        why: "there is work for it on \(missing.hosts.joined(separator: ", ")), which \(missing.why) leaves out",
        fix: "carry out `\(missing.id.rawValue)` as well, or leave `\(stage)` out too"))
  }

  /// A new CA whose key rests on the first host is made there or nowhere.
  private mutating func makesAuthorityWhereItRests(_ stage: Stage) {
    guard stage.id == .files, case .new = plan.authority, plan.spec.authority.keyAt == .firstHost,
      let first = plan.spec.hosts.first?.name, !stage.hosts.contains(where: { $0.host == first })
    else { return }
    findings.append(
      Finding(
        .error, code: "pipeline.precondition", what: "`files` makes the CA, and \(first) is left out",
        why: "the CA's key rests on the first host (`ca.keyAt: first-host`)", fix: "take \(first) in as well"))
  }
}
