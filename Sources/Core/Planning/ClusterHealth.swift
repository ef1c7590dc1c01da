/// The judgement of an observation: is the cluster healthy, and how much may still fail?
public struct ClusterHealth: Sendable, Codable, Hashable {
  /// Every cluster id that was answered. One: all members are in one cluster.
  public var clusterIDs: [EtcdID]
  /// The members, as most of them list them; empty where no list was answered.
  public var members: [EtcdMember]
  /// The leader that all members follow which can serve; nil where they know none or disagree.
  public var leaderID: EtcdID?
  /// The number of members with a vote.
  public var voters: Int
  /// The number of them that can serve.
  public var healthyVoters: Int
  /// The number of voters that is needed: more than half.
  public var quorum: Int
  /// The alarms that stand.
  public var alarms: [EtcdAlarm]
  /// The members without a vote.
  public var learners: [EtcdMember]
  /// Whether the members' hashes are equal.
  public var hashes: HashComparison
  /// What is wrong, or worth knowing, the worst first.
  public var findings: [Finding]

  /// How many more members may fail before the cluster stops; negative: how many must come back.
  public var margin: Int { healthyVoters - quorum }

  /// Whether enough members serve for the cluster to take writes.
  public var hasQuorum: Bool { voters > 0 && margin >= 0 }

  /// Whether nothing is wrong.
  public var isHealthy: Bool { !findings.contains { $0.severity == .error } }

  /// Judges an observation.
  public init(_ observation: ClusterObservation) {
    let facts = ClusterFacts(observation)
    let serving = facts.voters.filter { facts.serves($0) }
    let leaders = facts.leaders(among: serving)
    clusterIDs = facts.clusterIDs
    members = facts.list ?? []
    leaderID = leaders.count == 1 ? leaders.first : nil
    voters = facts.voters.count
    healthyVoters = serving.count
    quorum = ClusterFacts.quorum(of: facts.voters.count)
    alarms = facts.alarms
    learners = facts.learners
    hashes = HashComparison(observation)
    findings = []
    findings = (aboutCluster(facts, leaders) + aboutMembers(facts) + aboutConfiguration(facts)).sorted {
      Self.rank($0.severity) < Self.rank($1.severity)
    }
  }

  private static func rank(_ severity: Finding.Severity) -> Int {
    switch severity {
    case .error: 0
    case .warning: 1
    case .note: 2
    }
  }

  private func aboutCluster(_ facts: ClusterFacts, _ leaders: [EtcdID]) -> [Finding] {
    var findings: [Finding] = []
    if clusterIDs.count > 1 {
      let each = facts.observation.members.compactMap { member in member.clusterID.map { "\(member.host) \($0)" } }
      findings.append(
        Finding(
          .error, code: "etcd.cluster-split", what: "the members are in \(clusterIDs.count) different clusters",
          why: each.joined(separator: ", ")))
    }
    if facts.list == nil {
      findings.append(
        Finding(.error, code: "etcd.members-unknown", what: "no member answers the list of members"))
      return findings
    }
    if !facts.listsAgree, clusterIDs.count <= 1 {
      findings.append(
        Finding(.error, code: "etcd.lists-differ", what: "the members do not agree on who the members are"))
    }
    if !hasQuorum {
      findings.append(
        Finding(
          .error, code: "etcd.quorum-lost",
          what: "the cluster has lost its quorum: \(healthyVoters) of \(voters) voters serve, \(quorum) are needed"))
    } else if leaders.count > 1 {
      findings.append(
        Finding(
          .error, code: "etcd.leaders-differ", what: "the members follow different leaders",
          why: leaders.map { facts.name(of: $0) }.joined(separator: ", ")))
    } else if leaders.isEmpty {
      findings.append(Finding(.error, code: "etcd.no-leader", what: "no member names a leader"))
    }
    for alarm in alarms {
      findings.append(Finding(.error, code: "etcd.alarm", what: "an alarm stands: \(facts.text(of: alarm))"))
    }
    if case .different(let revision, let hashes) = hashes {
      let each = hashes.sorted { $0.key < $1.key }.map { "\($0.key) \(String($0.value, radix: 16))" }
      findings.append(
        Finding(
          .error, code: "etcd.hashes-differ", what: "the members' hashes differ at revision \(revision)",
          why: each.joined(separator: ", ")))
    }
    let versions = Set(facts.observation.members.compactMap(\.version))
    if versions.count > 1 {
      findings.append(
        Finding(
          .warning, code: "etcd.versions-differ",
          what: "the members run different versions of etcd: \(versions.sorted().joined(separator: ", "))"))
    }
    return findings
  }

  private func aboutMembers(_ facts: ClusterFacts) -> [Finding] {
    var findings: [Finding] = []
    for member in facts.observation.members {
      switch member.health {
      case .healthy:
        guard facts.list != nil, member.memberID == nil else { break }
        findings.append(
          Finding(
            .error, code: "etcd.member-silent", host: member.host,
            what: "the member says that it is healthy, and does not answer on \(member.clientURL)"))
      // A learner may not answer reads that need a quorum (etcd's learner design); being one is its finding.
      case .unhealthy where facts.member(on: member.host)?.isLearner == true: break
      case .unhealthy(let why):
        findings.append(
          Finding(.error, code: "etcd.member-unhealthy", host: member.host, what: "the member is not healthy", why: why)
        )
      case .unreachable(let why):
        findings.append(
          Finding(
            .error, code: "etcd.member-unreachable", host: member.host, what: "the member does not answer", why: why))
      }
    }
    for learner in learners {
      let behind = facts.isCaughtUp(learner) ? "it has caught up and can be promoted" : "it has not caught up yet"
      findings.append(
        Finding(
          .warning, code: "etcd.learner", host: facts.host(of: learner)?.host,
          what: "\(learner.label) is a learner and has no vote", why: behind))
    }
    return findings
  }

  private func aboutConfiguration(_ facts: ClusterFacts) -> [Finding] {
    guard let list = facts.list else { return [] }
    var findings: [Finding] = []
    for member in list {
      guard let host = facts.host(of: member) else {
        findings.append(
          Finding(
            .error, code: "etcd.member-not-configured",
            what: "\(member.label) is a member and no host of the configuration",
            why: member.peerURLs.joined(separator: ", ")))
        continue
      }
      if !member.hasStarted {
        findings.append(
          Finding(
            .error, code: "etcd.member-not-started", host: host.host, what: "the member was added and has never started"
          ))
      } else if member.name != host.host {
        findings.append(
          Finding(
            .error, code: "etcd.member-name", host: host.host,
            what: "the member calls itself \(member.name), the configuration \(host.host)"))
      }
      if !member.peerURLs.map(ClusterFacts.plain).contains(ClusterFacts.plain(host.peerURL)) {
        findings.append(
          Finding(
            .error, code: "etcd.member-peer-url", host: host.host,
            what: "other members reach it at \(member.peerURLs.joined(separator: ", ")), not at \(host.peerURL)"))
      }
      if member.hasStarted, !member.clientURLs.map(ClusterFacts.plain).contains(ClusterFacts.plain(host.clientURL)) {
        findings.append(
          Finding(
            .warning, code: "etcd.member-client-url", host: host.host,
            what: "it tells clients \(member.clientURLs.joined(separator: ", ")), not \(host.clientURL)"))
      }
    }
    for host in facts.observation.members where facts.member(on: host.host) == nil {
      findings.append(
        Finding(
          .error, code: "etcd.member-missing", host: host.host, what: "the host is configured and no member"))
    }
    return findings
  }
}
