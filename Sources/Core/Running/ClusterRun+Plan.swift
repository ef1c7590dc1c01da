extension ClusterRun {
  /// Makes the plan for a goal from what a survey saw.
  ///
  /// - Throws: ``PluginError`` when a plugin cannot go on; ``RunFailure`` when a file on this machine cannot be read.
  public func plan(_ goal: Goal, survey: SurveyResult) async throws -> Plan {
    let spec = settings.spec
    let now = Instant(secondsSinceEpoch: Int64(settings.wallClock()))
    let identity = identity(survey)
    var findings = survey.versionFindings + identity.findings
    findings += Preflight(spec: spec, observed: survey.observed, identity: identity).findings
    let moved = Set(
      spec.hosts.filter { host in
        let other = survey.observed[host.name].flatMap { Preflight.otherServiceManager(spec, host, $0) }
        return other?.severity == .error
      }.map(\.name))
    let authority = AuthorityResolution(
      spec: spec, observed: survey.observed, brought: try broughtCertificate(), toolkit: settings.toolkit, now: now)
    findings += authority.findings
    var hosts: [HostInput] = []
    for host in spec.hosts {
      // Without a version nothing can be said of what a host should hold. What the configured service manager misses on a
      // host where another one runs the member is no news.
      guard let observed = survey.observed[host.name], spec.kubernetesVersion != nil, !moved.contains(host.name) else {
        continue
      }
      let input = try await hostInput(host, observed, identity: identity, authority: authority, now: now)
      findings += (input.service.findings + (identity.phase == .existing ? input.existing : input.founding).findings)
      hosts.append(input)
    }
    let blind = hosts.compactMap(Self.rights)
    if !blind.isEmpty {
      // What cannot be read looks as if it were not there: nothing that follows from it is worth telling.
      findings.removeAll { finding in blind.contains { $0.host == finding.host } }
      findings += blind
      hosts = []
    }
    for failure in survey.failures {
      findings.append(
        Finding(
          .error, code: failure.code, host: failure.host, what: failure.what, why: failure.why, fix: failure.fix))
    }
    if identity.phase == .existing { findings += Self.membership(spec, survey) }
    // A plan for some of the hosts would be a plan for another cluster.
    if !survey.failures.isEmpty || !moved.isEmpty { hosts = [] }
    return Planner(
      PlanInput(
        spec: spec, identity: identity, authority: authority.plan, hosts: hosts, findings: findings, now: now,
        acceptsDowntime: settings.acceptsDowntime)
    ).bootstrap()
  }

  /// What the service manager finds about the members themselves, where hosts are looked at and nothing is planned: one
  /// that does not run, or does not stay up.
  ///
  /// - Throws: ``PluginError`` when the service manager cannot go on.
  public func memberFindings(_ survey: SurveyResult) async throws(PluginError) -> [Finding] {
    let identity = identity(survey)
    var findings: [Finding] = []
    for host in settings.spec.hosts {
      guard let observed = survey.observed[host.name] else { continue }
      if var other = Preflight.otherServiceManager(settings.spec, host, observed), other.severity == .error {
        // It is no fault of the member, only of the configuration.
        other.severity = .warning
        findings.append(other)
        continue
      }
      let context = context(of: host, token: identity.token, phase: identity.phase)
      findings += try await settings.plugins.serviceManager.service(for: context, answers: observed.answers).findings
    }
    return findings.filter { $0.code.hasPrefix("member.") && $0.severity != .note }
  }

  /// What the hosts' records say.
  private func identity(_ survey: SurveyResult) -> ClusterIdentity {
    let spec = settings.spec
    var records: [String: MemberRecord] = [:]
    for host in spec.hosts { records[host.name] = survey.observed[host.name]?.record(host.layout) }
    return ClusterIdentity(
      spec: spec, records: records, newToken: "\(spec.name)-\(HostSession.nonce().prefix(8))")
  }

  /// Who does not have the rights of the files' owner can neither write them nor see what is there.
  private static func rights(_ input: HostInput) -> Finding? {
    let owner = input.service.owner.user
    guard let user = input.observed.user, user != owner, user != "root" else { return nil }
    return Finding(
      .error, code: "host.not-\(owner == "root" ? "root" : "owner")", host: input.host.name,
      what: "on \(input.host.name) this is done as \(user), and the files belong to \(owner)",
      why: "neither can they be written so, nor can it be seen what is there",
      fix: "set `become: sudo` for the transport, or log in as \(owner)")
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
      pairs: pairs(context, observed, service: service, authority: authority, now: now),
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
    _ context: MemberContext, _ observed: ObservedHost, service: ServiceReply, authority: AuthorityResolution,
    now: Instant
  ) -> [PairState] {
    guard let release = KubernetesRelease(context.kubernetesVersion) else { return [] }
    let profiles = context.certificateProfiles(for: release)
    let layout = context.host.layout
    let roles = CertificateRole.held(isFirst: context.isFirst, apiserverClient: settings.spec.apiserverClient)
    return roles.compactMap { role in
      guard let profile = profiles[role] else { return nil }
      let (certificate, key) = (layout.certificate(role), layout.key(role))
      let owner = service.owner(of: role)
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
      let pending = observed.pending(layout)[role].flatMap { $0.profile == profile ? $0 : nil }
      return PairState(
        role: role, profile: profile, renewal: judgement.replacementReasons, pending: pending, attributes: attributes)
    }
  }
}
