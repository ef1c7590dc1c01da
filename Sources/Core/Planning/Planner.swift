/// Desired minus observed: a pure function from what is wanted and what was seen to a ``Plan``.
struct Planner {
  let input: PlanInput
  let founded: Bool

  init(_ input: PlanInput) {
    self.input = input
    founded = input.identity.phase == .existing
  }

  /// The plan for a healthy cluster as the configuration describes it.
  func bootstrap() -> Plan {
    var right: [String: [String]] = [:]
    let parts = input.hosts.map { part(of: $0, right: &right[$0.host.name, default: []]) }
    let resuming = resuming()
    let stages =
      parts.isEmpty
      ? [] : !resuming.isEmpty ? resuming : founded ? starting(parts) + updating(parts) : founding(parts)
    return Plan(
      goal: .bootstrap, spec: input.spec, token: input.identity.token, madeAt: input.now,
      authority: input.authority, stages: stages, findings: input.findings, alreadyRight: right)
  }

  /// One host's differences, by what they are for.
  struct Part {
    var host: HostInput
    var service: [Step] = []
    var folders: [Step] = []
    var files: [Step] = []
    var manifest: [Step] = []
    var hardening: [Step] = []
    var orders: [CertificateOrder] = []
    /// What remains of requests that are fulfilled, or are not wanted any more.
    var leftovers: [Step] = []
    /// What is kept where the issuer does not issue at once.
    var keeping: [Step] = []
    /// Whether the manifest that is there means something else than the desired one: comments apart.
    var manifestDiffers = false
    /// Likewise, in more than `initial-cluster-state`.
    var manifestDiffersInMore = false
    /// Whether a file of the service is written, rather than the service only started.
    var changesService = false
  }

  // MARK: stages

  /// Nothing else is planned beside it: what is there afterwards is not known yet.
  private func resuming() -> [Stage] {
    let hosts = input.hosts.map { HostSteps(host: $0.host.name, steps: staged($0)) }.filter { !$0.steps.isEmpty }
    return hosts.isEmpty ? [] : [Stage(id: .resuming, after: [], rollout: .together, hosts: hosts)]
  }

  private func founding(_ parts: [Part]) -> [Stage] {
    var stages: [Stage] = []
    let service = parts.filter { !$0.service.isEmpty }
    if !service.isEmpty {
      stages.append(
        Stage(id: .service, after: [], rollout: .together, hosts: service.map { steps($0, $0.service) }))
    }
    let files = parts.filter { !$0.files.isEmpty || !$0.leftovers.isEmpty }
    if !files.isEmpty {
      var stage = Stage(
        id: .files, after: service.contains { $0.host.service.makesMemberOwner } ? [.service] : [],
        rollout: .together, certificates: files.flatMap(\.orders),
        hosts: files.map { steps($0, $0.folders + $0.files + $0.leftovers) })
      stage.keeping = keeping(files)
      stages.append(stage)
    }
    stages.append(
      Stage(
        id: .founding, after: stages.map(\.id), rollout: .together,
        hosts: parts.map { part in
          steps(part, part.manifest + start(part) + [awaitHealth(part, restarted: false)])
        }))
    stages.append(
      Stage(
        id: .hardening, after: [.founding], rollout: .oneAtATime(gate: gate),
        hosts: parts.map { part in
          let service = part.host.service
          let restarts = service.hardeningRestarts && !part.hardening.isEmpty
          return steps(
            part,
            part.hardening + (restarts ? service.restart.map(Step.execute) : []) + [
              awaitHealth(part, restarted: restarts)
            ])
        }))
    return stages
  }

  /// Members that are down and need nothing but to be started. Alone, each of them might wait for the others.
  private func starting(_ parts: [Part]) -> [Stage] {
    let down = parts.filter(isDown)
    guard !down.isEmpty else { return [] }
    return [
      Stage(
        id: .starting, after: [], rollout: .together,
        hosts: down.map { part in
          let service = part.host.service
          return steps(
            part,
            (service.needsActivation ? service.activationSteps : []) + start(part)
              + [awaitHealth(part, restarted: false)] + part.leftovers)
        })
    ]
  }

  private func isDown(_ part: Part) -> Bool {
    let service = part.host.service
    let isChanged = part.changesService || !part.files.isEmpty || !part.manifest.isEmpty
    return !part.host.isHealthy && !isChanged && (service.needsStart || service.needsActivation)
  }

  private func updating(_ parts: [Part]) -> [Stage] {
    let changed = parts.filter { part in
      let differs =
        !(part.service.isEmpty && part.files.isEmpty && part.manifest.isEmpty && part.leftovers.isEmpty)
      return (differs || part.host.service.needsStart || part.host.service.needsRestart) && !isDown(part)
    }
    guard !changed.isEmpty else { return [] }
    var stage = Stage(
      id: .update, after: parts.contains(where: isDown) ? [.starting] : [], rollout: .oneAtATime(gate: gate),
      certificates: changed.flatMap(\.orders),
      hosts: changed.map { part in
        let service = part.host.service
        // A manifest that differs in its state alone restarts a member only where writing it does so by itself; one
        // that says the same in other words, or has another mode, restarts none.
        let restarts =
          service.needsRestart || part.manifestDiffersInMore || part.manifestDiffers && service.hardeningRestarts
        return steps(
          part,
          part.service + part.folders + part.files + part.manifest
            + (restarts && !service.needsStart ? service.restart.map(Step.execute) : []) + start(part)
            + [awaitHealth(part, restarted: restarts)]
            + part.orders.compactMap { awaitServed($0.role, part.host.host) } + part.leftovers)
      })
    stage.keeping = keeping(changed)
    return [stage]
  }

  /// Whoever has ordered nothing has nothing to keep but the CA, which all of them get.
  private func keeping(_ parts: [Part]) -> [HostSteps] {
    guard parts.contains(where: { !$0.orders.isEmpty }) else { return [] }
    return parts.filter { !$0.keeping.isEmpty }.map { steps($0, $0.keeping) }
  }

  private var gate: GateRule { GateRule(acceptsDowntime: input.acceptsDowntime) }

  func steps(_ part: Part, _ steps: [Step]) -> HostSteps { HostSteps(host: part.host.host.name, steps: steps) }

  private func start(_ part: Part) -> [Step] {
    part.host.service.needsStart ? part.host.service.start.map(Step.execute) : []
  }

  private func awaitHealth(_ part: Part, restarted: Bool) -> Step {
    .awaitHealth(
      endpoint: part.host.host.metricsEndpoint, seconds: 180, restarted: restarted,
      instance: restarted ? part.host.service.instance : nil)
  }

  func awaitServed(_ role: CertificateRole, _ host: HostSpec) -> Step? {
    switch role {
    case .server: .awaitServed(endpoint: host.clientEndpoint, certificate: host.layout.certificate(role))
    case .peer: .awaitServed(endpoint: host.peerEndpoint, certificate: host.layout.certificate(role))
    case .healthcheckClient, .apiserverEtcdClient: nil
    }
  }
}

extension ServiceReply {
  /// The commands that make the host notice changed service files, as steps.
  var activationSteps: [Step] { activation.map(Step.execute) }
}
