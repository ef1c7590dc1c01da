extension ClusterRun {
  /// What all hosts answered, and what the plugins will make of it.
  public struct SurveyResult: Sendable {
    /// What was seen, by host name; a host that could not be surveyed is missing.
    public var observed: [String: ObservedHost]
    /// The hosts that could not be surveyed.
    public var failures: [RunFailure]
    /// What the hosts' kubeadm said of the version, where the configuration names none; with an error among it the version
    /// is not known, and nothing can be said of what hosts should hold.
    public var versionFindings: [Finding] = []
    /// What was asked from this side, where the host itself could not ask.
    var askedFromHere: [String: MemberObservation] = [:]

    /// The members of a founded cluster that have lost their data.
    public func lostData(_ spec: ClusterSpec) -> [Finding] {
      spec.hosts.compactMap { host in observed[host.name].flatMap { Preflight.lostData(host, $0) } }
    }

    /// That there is no cluster yet: every host was seen, none has the record of a founded member, and no member answers.
    public func notFounded(_ spec: ClusterSpec) -> Finding? {
      guard failures.isEmpty, !spec.hosts.contains(where: { observed[$0.name]?.record($0.layout)?.isFounded == true }),
        cluster(spec).members.allSatisfy({ !$0.health.isHealthy && $0.memberList == nil })
      else { return nil }
      return Finding(
        .error, code: "cluster.not-founded", what: "the cluster is not founded yet",
        why: "no host has a member's record, and no member answers", fix: "run quorate plan, then quorate apply")
    }

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
  /// Where the configuration names no Kubernetes version, the hosts' kubeadm are asked first, in a command of its own.
  ///
  /// - Throws: ``PluginError`` when a plugin cannot say what it must know.
  public func survey(comparingHashes: Bool = false) async throws(PluginError) -> SurveyResult {
    let versionFindings = settings.spec.kubernetesVersion == nil ? await askVersion() : []
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
    var result = SurveyResult(
      observed: observed, failures: results.failures(), versionFindings: versionFindings)
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
    // Where it is not known there is no plan; whoever only looks asks for the newest.
    let version = spec.kubernetesVersion ?? Version(1, KubernetesRelease.knownMinors.upperBound)
    let release = KubernetesRelease(version)
    let etcd = spec.etcdVersion ?? release?.etcdVersion ?? Version(3, 5)
    let repository = spec.imageRepository ?? release?.imageRepository ?? "registry.k8s.io"
    let tag = spec.imageTag ?? KubernetesRelease.imageTag(etcd: etcd)
    var arguments = spec.extraArguments.filter { own in !host.extraArguments.contains { $0.name == own.name } }
    arguments += host.extraArguments
    return MemberContext(
      clusterName: spec.name, token: token, host: host, isFirst: host == spec.hosts.first, members: spec.hosts,
      phase: phase, kubernetesVersion: version, etcdVersion: etcd, image: "\(repository)/etcd:\(tag)",
      imageRepository: spec.imageRepository, imageTag: spec.imageTag, extraArguments: arguments,
      keyAlgorithm: spec.certificates.keyAlgorithm)
  }
}
