/// One run against a cluster: connections, survey, plan, execution. It is made for a run and closed at its end.
///
/// The order of calls is ``connect()``, ``survey()``, ``plan(_:survey:)``, ``execute(_:)``, ``close()``; a run that only looks
/// stops before ``execute(_:)``.
public actor ClusterRun {
  /// What a run is given.
  public struct Settings: Sendable {
    /// What the user wants.
    public var spec: ClusterSpec
    /// Who does it.
    public var plugins: PluginSet
    /// Makes etcd clients on this side, for hosts that have no program that speaks TLS.
    public var etcdClients: EtcdClientFactory
    /// Keys and certificates.
    public var toolkit: any CertificateToolkit
    /// Seconds since 1970, as this machine's clock has it.
    public var wallClock: @Sendable () -> Double
    /// Who runs this, for the lock: user, machine, process, since when.
    public var holder: String
    /// Whether a cluster of one or two members may be interrupted.
    public var acceptsDowntime: Bool
    /// How long one attempt to connect may take, in seconds.
    public var connectSeconds: Double
    /// Takes what happens.
    public var report: @Sendable (RunEvent) -> Void

    /// Makes settings.
    public init(
      spec: ClusterSpec, plugins: PluginSet, toolkit: any CertificateToolkit, etcdClients: @escaping EtcdClientFactory,
      wallClock: @escaping @Sendable () -> Double,
      holder: String, acceptsDowntime: Bool = false, connectSeconds: Double = 10,
      report: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) {
      self.spec = spec
      self.plugins = plugins
      self.toolkit = toolkit
      self.etcdClients = etcdClients
      self.wallClock = wallClock
      self.holder = holder
      self.acceptsDowntime = acceptsDowntime
      self.connectSeconds = connectSeconds
      self.report = report
    }
  }

  let settings: Settings
  private var sessions: [String: HostSession] = [:]
  private var locks: [HostLock] = []

  /// Makes a run; nothing is connected yet.
  public init(_ settings: Settings) { self.settings = settings }

  // MARK: connections

  /// Connects to all hosts at once.
  ///
  /// - Returns: A failure for each host that could not be reached.
  public func connect() async -> [RunFailure] {
    let (transport, timeout) = (settings.plugins.transport, settings.connectSeconds)
    let opened = await forEachHost(settings.spec.hosts) { host -> Result<HostSession, RunFailure> in
      do {
        let request = OpenRequest(name: host.name, endpoint: host.endpoint, timeoutSeconds: timeout)
        return .success(HostSession(host: host, transport: transport, opened: try await transport.open(request)))
      } catch { return .failure(RunFailure(error, doing: "connect to", host: host)) }
    }
    for case .success(let session) in opened { sessions[session.host.name] = session }
    return opened.failures()
  }

  /// Takes the lock on every host: on the first by name alone, so that of two operators one wins, then on the others.
  ///
  /// - Throws: ``RunFailure`` with the code `run.locked` that names the holder.
  public func lock() async throws(RunFailure) {
    let start = settings.wallClock()
    let ordered = sessions.values.sorted { $0.host.name < $1.host.name }
    let holder = settings.holder
    var taken: [HostLock] = []
    var failures: [RunFailure] = []
    for group in [ordered.prefix(1), ordered.dropFirst()] where failures.isEmpty {
      let results = await forEachHost(group.map(\.host)) { [sessions] host -> Result<HostLock, RunFailure> in
        guard let session = sessions[host.name] else { return .failure(RunFailure.notConnected(host)) }
        do { return .success(try await HostLock.take(session, holder: holder)) } catch let held as HostLock.Held {
          return .failure(
            RunFailure(
              host: host.name, code: "run.locked", what: "another run holds the lock on \(host.name)",
              why: held.holder.isEmpty ? "it does not say who it is" : held.holder,
              fix: "wait until it has ended; the lock goes with its connection"))
        } catch { return .failure(RunFailure(error, doing: "take the lock on", host: host)) }
      }
      for case .success(let lock) in results { taken.append(lock) }
      failures += results.failures()
    }
    locks += taken
    if let first = failures.first {
      await unlock()
      throw first
    }
    settings.report(.locked(seconds: settings.wallClock() - start))
  }

  private func unlock() async {
    let held = locks
    locks = []
    await withTaskGroup(of: Void.self) { group in
      for lock in held { group.addTask { await lock.release() } }
    }
  }

  /// Gives the locks back and closes every connection.
  public func close() async {
    await unlock()
    for session in sessions.values { await session.transport.close(session.opened.connection) }
    sessions = [:]
    await settings.plugins.transport.shutdown()
  }

  /// The open connection to a host.
  func session(of host: String) -> HostSession? { sessions[host] }

  // MARK: survey

  /// What all hosts answered, and what the plugins will make of it.
  public struct SurveyResult: Sendable {
    /// What was seen, by host name; a host that could not be surveyed is missing.
    public var observed: [String: ObservedHost]
    /// The hosts that could not be surveyed.
    public var failures: [RunFailure]
    /// What was asked from this side, where the host itself could not ask.
    var askedFromHere: [String: MemberObservation] = [:]

    /// What the members answered, each asked alone.
    public func cluster(_ spec: ClusterSpec) -> ClusterObservation {
      ClusterObservation(
        members: spec.hosts.map { host in
          askedFromHere[host.name]
            ?? observed[host.name].map { EtcdSurvey.observation(of: host, answers: $0.answers) }
            ?? MemberObservation(of: host, health: .unreachable("the host could not be reached"))
        })
    }
  }

  /// Looks at all connected hosts at once, each in one command that changes nothing.
  ///
  /// - Parameter comparingHashes: Whether each member is asked for the hash of its store, which reads all of it.
  /// - Throws: ``PluginError`` when a plugin cannot say what it must know.
  public func survey(comparingHashes: Bool = false) async throws(PluginError) -> SurveyResult {
    var surveys: [String: Survey] = [:]
    for host in settings.spec.hosts {
      let context = context(of: host, token: nil, phase: .founding)
      let probes =
        CoreProbes.probes(for: host) + (try await settings.plugins.serviceManager.probes(for: context))
        + (try await settings.plugins.manifestWriter.probes(for: context))
        + (comparingHashes ? EtcdSurvey.hashProbes(for: host) : [])
      surveys[host.name] = Survey(probes)
    }
    let hosts = settings.spec.hosts.filter { sessions[$0.name] != nil }
    settings.report(.surveyStarted(hosts: hosts.map(\.name)))
    let (toolkit, clock, report) = (settings.toolkit, settings.wallClock, settings.report)
    let results = await forEachHost(hosts) { [sessions, surveys] host -> Result<ObservedHost, RunFailure> in
      guard let session = sessions[host.name], let survey = surveys[host.name] else {
        return .failure(RunFailure.notConnected(host))
      }
      let start = clock()
      do {
        let observed = try await survey.observe(session, toolkit: toolkit, wallClock: clock)
        report(.surveyed(host: host.name, seconds: clock() - start))
        return .success(observed)
      } catch {
        let failure = RunFailure(error, doing: "survey", host: host)
        // Who cancelled it says why.
        if failure.code != "transport.cancelled" { report(.surveyFailed(host: host.name, why: failure.why)) }
        return .failure(failure)
      }
    }
    var observed: [String: ObservedHost] = [:]
    for case .success(let host) in results { observed[host.name] = host }
    var result = SurveyResult(observed: observed, failures: results.failures())
    let silent = hosts.filter { host in observed[host.name].map { EtcdSurvey.isUnanswerable($0.answers) } ?? false }
    let asked = await forEachHost(silent) { [sessions, settings] host -> Result<MemberObservation, RunFailure> in
      guard let session = sessions[host.name] else { return .failure(RunFailure.notConnected(host)) }
      do { return .success(try await MemberAccess(makeClient: settings.etcdClients).observe(session)) } catch {
        return .failure(RunFailure(error, doing: "ask the member on", host: host))
      }
    }
    for case .success(let observation) in asked { result.askedFromHere[observation.host] = observation }
    return result
  }

  /// Asks every member for its hash up to one revision that all of them have, where their newest ones differ.
  ///
  /// - Parameter observation: What a survey with `comparingHashes` saw.
  /// - Returns: The same, with hashes that can be compared where this etcd lets them be.
  public func aligningHashes(of observation: ClusterObservation) async -> ClusterObservation {
    let hashes = observation.members.compactMap(\.hash)
    guard hashes.count == observation.members.count, hashes.allSatisfy({ $0.compactRevision != nil }),
      let revision = hashes.map(\.revision).min(), hashes.contains(where: { $0.revision != revision })
    else { return observation }
    let toolkit = settings.toolkit
    let clock = settings.wallClock
    let answers = await forEachHost(settings.spec.hosts) { [sessions] host -> Result<EtcdHash?, RunFailure> in
      guard let session = sessions[host.name] else { return .success(nil) }
      let survey = Survey(EtcdSurvey.hashProbes(for: host, revision: revision))
      let seen = try? await survey.observe(session, toolkit: toolkit, wallClock: clock)
      return .success(seen.flatMap { EtcdSurvey.hash(in: $0.answers, revision: revision) })
    }
    var aligned = observation
    for (index, answer) in answers.enumerated() where index < aligned.members.count {
      if case .success(let hash) = answer { aligned.members[index].hash = hash }
    }
    return aligned
  }

  /// What a plugin is told of a host's member.
  func context(of host: HostSpec, token: String?, phase: MemberPhase) -> MemberContext {
    let spec = settings.spec
    let release = KubernetesRelease(spec.kubernetesVersion)
    let etcd = spec.etcdVersion ?? release?.etcdVersion ?? Version(3, 5)
    let repository = spec.imageRepository ?? release?.imageRepository ?? "registry.k8s.io"
    let tag = spec.imageTag ?? KubernetesRelease.imageTag(etcd: etcd)
    var arguments = spec.extraArguments.filter { own in !host.extraArguments.contains { $0.name == own.name } }
    arguments += host.extraArguments
    return MemberContext(
      clusterName: spec.name, token: token, host: host, isFirst: host == spec.hosts.first, members: spec.hosts,
      phase: phase, kubernetesVersion: spec.kubernetesVersion, etcdVersion: etcd, image: "\(repository)/etcd:\(tag)",
      imageRepository: spec.imageRepository, imageTag: spec.imageTag, extraArguments: arguments,
      keyAlgorithm: spec.certificates.keyAlgorithm)
  }

  // MARK: plan

  /// Makes the plan for a goal from what a survey saw.
  ///
  /// - Throws: ``PluginError`` when a plugin cannot go on; ``RunFailure`` when a file on this machine cannot be read.
  public func plan(_ goal: Goal, survey: SurveyResult) async throws -> Plan {
    let spec = settings.spec
    let now = Instant(secondsSinceEpoch: Int64(settings.wallClock()))
    var records: [String: MemberRecord] = [:]
    for host in spec.hosts { records[host.name] = survey.observed[host.name]?.record(host.layout) }
    let identity = ClusterIdentity(
      spec: spec, records: records, newToken: "\(spec.name)-\(HostSession.nonce().prefix(8))")
    var findings = identity.findings
    findings += Preflight(spec: spec, observed: survey.observed, identity: identity).findings
    let authority = AuthorityResolution(
      spec: spec, observed: survey.observed, brought: try broughtCertificate(), toolkit: settings.toolkit, now: now)
    findings += authority.findings
    var hosts: [HostInput] = []
    for host in spec.hosts {
      guard let observed = survey.observed[host.name] else { continue }
      let input = try await hostInput(host, observed, identity: identity, authority: authority, now: now)
      findings += (input.service.findings + (identity.phase == .existing ? input.existing : input.founding).findings)
      hosts.append(input)
    }
    for failure in survey.failures {
      findings.append(
        Finding(
          .error, code: failure.code, host: failure.host, what: failure.what, why: failure.why, fix: failure.fix))
    }
    if identity.phase == .existing { findings += Self.membership(spec, survey) }
    // A plan for some of the hosts would be a plan for another cluster.
    if !survey.failures.isEmpty { hosts = [] }
    return Planner(
      PlanInput(
        spec: spec, identity: identity, authority: authority.plan, hosts: hosts, findings: findings, now: now,
        acceptsDowntime: settings.acceptsDowntime)
    ).bootstrap()
  }

  /// What forbids to change a cluster that exists: its members are others than the configuration's, or an alarm stands.
  private static func membership(_ spec: ClusterSpec, _ survey: SurveyResult) -> [Finding] {
    let forbidding = [
      "etcd.cluster-split", "etcd.lists-differ", "etcd.member-not-configured", "etcd.member-missing",
      "etcd.member-peer-url",
      "etcd.alarm",
    ]
    return ClusterHealth(survey.cluster(spec)).findings.filter { forbidding.contains($0.code) }.map { finding in
      var finding = finding
      if finding.fix.isEmpty {
        finding.fix =
          finding.code == "etcd.alarm"
          ? "clear the alarm's cause, then the alarm (etcdctl alarm disarm)"
          : "make the configuration's hosts those of the cluster: apply adds, removes and moves no member"
      }
      return finding
    }
  }

  private func broughtCertificate() throws(RunFailure) -> [UInt8]? {
    guard let path = settings.spec.authority.certificateFile else { return nil }
    let files = OperatorFiles()
    // With the key kept by the operator, the first run makes both files.
    if settings.spec.authority.keyAt == .operator, !files.exists(path) { return nil }
    return try files.read(path)
  }

  private func hostInput(
    _ host: HostSpec, _ observed: ObservedHost, identity: ClusterIdentity, authority: AuthorityResolution, now: Instant
  ) async throws -> HostInput {
    let context = context(of: host, token: identity.token, phase: identity.phase)
    let service = try await settings.plugins.serviceManager.service(for: context, answers: observed.answers)
    var founding = context
    founding.phase = .founding
    var existing = context
    existing.phase = .existing
    let manifests = (
      try await settings.plugins.manifestWriter.manifest(for: founding, answers: observed.answers),
      try await settings.plugins.manifestWriter.manifest(for: existing, answers: observed.answers)
    )
    try check(service.files, are: observed, by: settings.spec.serviceManager.plugin)
    for reply in [manifests.0, manifests.1] {
      try check(reply.configuration + reply.manifest, are: observed, by: settings.spec.manifestWriter.plugin)
    }
    return HostInput(
      host: host, observed: observed, service: service, founding: manifests.0, existing: manifests.1,
      pairs: pairs(context, observed, owner: service.owner, authority: authority, now: now),
      isHealthy: EtcdSurvey.observation(of: host, answers: observed.answers).health.isHealthy)
  }

  /// A plugin must have asked what is at each path that it wants written; else nothing could be compared.
  private func check(_ files: [DesiredFile], are observed: ObservedHost, by plugin: String) throws(PluginError) {
    for file in files where observed.answers.byKey[file.path] == nil {
      throw PluginError(
        plugin: plugin, why: "it wants to write \(file.path) and did not ask what is there",
        fix: "report this to the plugin's author: probes(for:) must name the file")
    }
  }

  /// Judges the certificates that a host should hold.
  private func pairs(
    _ context: MemberContext, _ observed: ObservedHost, owner: FileOwner, authority: AuthorityResolution, now: Instant
  ) -> [PairState] {
    guard let release = KubernetesRelease(context.kubernetesVersion) else { return [] }
    let profiles = context.certificateProfiles(for: release)
    let layout = context.host.layout
    let roles = CertificateRole.held(isFirst: context.isFirst, apiserverClient: settings.spec.apiserverClient)
    return roles.compactMap { role in
      guard let profile = profiles[role] else { return nil }
      let (certificate, key) = (layout.certificate(role), layout.key(role))
      let file = observed.answers.file(certificate)
      let observation = CertificateObservation(
        certificateFile: file, keyFile: observed.answers.file(key),
        certificate: file.content.flatMap { try? settings.toolkit.parse(certificate: $0) },
        keyFingerprint: observed.keyFingerprints[key] ?? nil,
        isIssuedByAuthority: file.content.map { content in
          authority.plan.certificate.map { settings.toolkit.isIssued(content, by: $0) } ?? false
        } ?? false)
      let judgement = CertificateJudgement(
        of: observation,
        by: CertificateJudgement.Terms(
          profile: profile, owner: owner, now: now,
          renewalWindowSeconds: CertificateJudgement.renewalWindow(
            validitySeconds: settings.spec.certificates.validitySeconds),
          authorityNotAfter: authority.parsed?.notAfter))
      let isFaulty = { (file: ObservedFile, mode: UInt16) in file.mode != mode || file.owner != owner }
      var attributes: [String: [String]] = [:]
      if !judgement.attributeReasons.isEmpty {
        if isFaulty(observation.keyFile, CertificateRole.keyMode) { attributes[key] = judgement.attributeReasons }
        if isFaulty(file, CertificateRole.certificateMode) { attributes[certificate] = judgement.attributeReasons }
      }
      return PairState(role: role, profile: profile, renewal: judgement.replacementReasons, attributes: attributes)
    }
  }

  // MARK: execution

  /// Checks, on all hosts at once and before anything is changed, that what a plan replaces is as it was seen.
  ///
  /// - Returns: A failure for each host that has changed.
  public func check(_ plan: Plan) async -> [RunFailure] {
    await forEachHost(plan.spec.hosts) { [sessions] host -> Result<Void, RunFailure> in
      guard let session = sessions[host.name] else { return .failure(RunFailure.notConnected(host)) }
      let expected = plan.steps(for: host.name).flatMap { $0.steps.expectations }
      guard !expected.isEmpty else { return .success(()) }
      do {
        _ = try await session.perform([.expect(expected)], timeoutSeconds: 60)
        return .success(())
      } catch {
        var failure = RunFailure(error, doing: "carry out the plan on", host: host)
        if failure.code == "host.expect" {
          failure.code = "host.changed"
          failure.fix = "make a new plan: quorate plan"
        }
        return .failure(failure)
      }
    }.failures()
  }

  /// Carries out a plan, under the locks of all hosts.
  ///
  /// - Parameters:
  ///   - plan: The plan; without an error among its findings.
  ///   - stop: Asked between steps whether the user wants to stop.
  public func execute(_ plan: Plan, stop: StopSignal) async -> RunReport {
    await PlanExecution(plan: plan, settings: settings, sessions: sessions, stop: stop).run()
  }
}

/// Carries out a call for every host at once; the results are in the hosts' order.
func forEachHost<Value: Sendable>(
  _ hosts: [HostSpec], _ call: @escaping @Sendable (HostSpec) async -> Result<Value, RunFailure>
) async -> [Result<Value, RunFailure>] {
  await withTaskGroup(of: (Int, Result<Value, RunFailure>).self) { group in
    for (index, host) in hosts.enumerated() { group.addTask { (index, await call(host)) } }
    var results: [(Int, Result<Value, RunFailure>)] = []
    for await result in group { results.append(result) }
    return results.sorted { $0.0 < $1.0 }.map(\.1)
  }
}

extension Sequence {
  /// The failures among results.
  func failures<Value>() -> [RunFailure] where Element == Result<Value, RunFailure> {
    compactMap { if case .failure(let failure) = $0 { failure } else { nil } }
  }
}

extension RunFailure {
  /// A failure from what a connection or the program on a host threw.
  init(_ error: any Error, doing action: String, host: HostSpec, stage: Stage.ID? = nil) {
    switch error {
    case let error as TransportError:
      let place = "\(host.name) (\(host.endpoint.host):\(host.endpoint.port))"
      self.init(
        host: host.name, stage: stage, code: "transport.\(error.code.rawValue)", what: "cannot \(action) \(place)",
        why: error.why, fix: error.fix)
    case let error as HostProgramError:
      self.init(
        host: host.name, stage: stage, code: "host.\(error.operation)", what: "cannot \(action) \(host.name)",
        why: error.why)
    case let error as RunFailure: self = error
    default:
      self.init(
        host: host.name, stage: stage, code: "run.internal", what: "cannot \(action) \(host.name)", why: "\(error)")
    }
  }

  static func notConnected(_ host: HostSpec) -> RunFailure {
    RunFailure(
      host: host.name, code: "transport.unreachable", what: "\(host.name) is not connected",
      why: "an earlier attempt failed")
  }
}
