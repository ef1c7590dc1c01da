/// What must hold before a member is disturbed (restarted, replaced, defragmented): the cluster must be able to do
/// without it, now.
///
/// The gate is data and judging is a pure function; who observes the cluster, and how often, is the runner's matter.
/// Where a verdict's reasons are all of the kind that may pass, the runner observes again until its time is up.
public struct HealthGate: Sendable, Codable, Hashable {
  /// The host whose member is disturbed; nil: none is, the cluster is changed as a whole.
  public var target: String?
  /// Whether the user accepts that a cluster of one or two voters stops while its member is disturbed.
  public var acceptsDowntime: Bool
  /// Whether what comes behind the gate clears an alarm (compact, defragment, disarm): an alarm closes it to
  /// everything else.
  public var clearsAlarms: Bool

  /// Makes a gate.
  public init(target: String?, acceptsDowntime: Bool = false, clearsAlarms: Bool = false) {
    self.target = target
    self.acceptsDowntime = acceptsDowntime
    self.clearsAlarms = clearsAlarms
  }

  /// Judges an observation.
  ///
  /// Open when all of this holds:
  /// - the voters other than the target that serve are a quorum of all voters; in a cluster of one or two voters,
  ///   where that cannot be, the user accepts downtime and the other voter serves;
  /// - every member that answered is in one cluster, and they list the same members;
  /// - the voters that serve follow one leader;
  /// - no learner other than the target is behind the leader;
  /// - no alarm stands.
  public func judge(_ observation: ClusterObservation) -> GateVerdict {
    let facts = ClusterFacts(observation)
    guard facts.list != nil else { return .closed([.membersUnknown]) }
    var reasons: [GateReason] = []
    if facts.clusterIDs.count > 1 {
      reasons.append(.clusterSplit(facts.clusterIDs))
    } else if !facts.listsAgree {
      reasons.append(.listsDiffer)
    }
    let member = target.flatMap { facts.member(on: $0) }
    let others = facts.voters.filter { $0.id != member?.id }
    let serving = others.filter { facts.serves($0, apartFromAlarms: clearsAlarms) }
    reasons += judgeQuorum(facts, disturbed: member, others: others, serving: serving)
    let followers = facts.voters.filter { facts.serves($0, apartFromAlarms: clearsAlarms) }
    let leaders = facts.leaders(among: followers)
    if leaders.count > 1 {
      reasons.append(.leadersDiffer(leaders.map { facts.name(of: $0) }))
    } else if leaders.isEmpty, !serving.isEmpty {
      reasons.append(.noLeader)
    }
    for learner in facts.learners where learner.id != member?.id && !facts.isCaughtUp(learner) {
      reasons.append(.learnerBehind(learner.label))
    }
    if !clearsAlarms {
      reasons += facts.alarms.map { .alarm(facts.text(of: $0)) }
    }
    return reasons.isEmpty ? .open : .closed(reasons)
  }

  private func judgeQuorum(
    _ facts: ClusterFacts, disturbed: EtcdMember?, others: [EtcdMember], serving: [EtcdMember]
  ) -> [GateReason] {
    let needed = ClusterFacts.quorum(of: facts.voters.count)
    guard serving.count < needed else { return [] }
    let silent = others.filter { other in !serving.contains { $0.id == other.id } }.map { other in
      let why = facts.host(of: other).map { $0.health.reason ?? "it answers as another member" }
      return "\(other.label): \(why ?? "it is on no host of the configuration")"
    }
    // With one or two voters the others can never be a quorum, however healthy they are.
    guard let disturbed, !disturbed.isLearner, others.count < needed else {
      return [.noQuorum(without: disturbed?.label, serving: serving.count, needed: needed, silent: silent)]
    }
    guard acceptsDowntime else { return [.downtime(voters: facts.voters.count)] }
    return silent.isEmpty
      ? [] : [.noQuorum(without: disturbed.label, serving: serving.count, needed: others.count, silent: silent)]
  }
}

/// Whether a gate is open.
public enum GateVerdict: Sendable, Codable, Hashable {
  /// What comes behind it may be done now.
  case open
  /// It may not; every reason.
  case closed([GateReason])

  /// Whether it is open.
  public var isOpen: Bool { self == .open }

  /// The reasons; empty where it is open.
  public var reasons: [GateReason] { if case .closed(let reasons) = self { reasons } else { [] } }

  /// Whether waiting alone may open it.
  public var mayOpenByItself: Bool { reasons.allSatisfy(\.mayPass) }
}

/// Why a gate is closed.
public enum GateReason: Sendable, Codable, Hashable, CustomStringConvertible {
  /// No member answered the list of members.
  case membersUnknown
  /// The members are in several clusters.
  case clusterSplit([EtcdID])
  /// The members list different members.
  case listsDiffer
  /// Too few voters serve besides the one to be disturbed; `silent` says of each other one why it does not.
  case noQuorum(without: String?, serving: Int, needed: Int, silent: [String])
  /// A cluster of one or two voters stops while one is disturbed, and nobody accepted that.
  case downtime(voters: Int)
  /// Voters follow different leaders, by name.
  case leadersDiffer([String])
  /// No voter names a leader.
  case noLeader
  /// A learner has not caught up.
  case learnerBehind(String)
  /// An alarm stands: `NOSPACE on infra0`.
  case alarm(String)

  /// Whether it may pass without anybody doing anything.
  public var mayPass: Bool {
    switch self {
    case .membersUnknown, .listsDiffer, .noQuorum, .leadersDiffer, .noLeader, .learnerBehind: true
    case .clusterSplit, .downtime, .alarm: false
    }
  }

  /// The reason for a reader, in a sentence without a full stop.
  public var description: String {
    switch self {
    case .membersUnknown:
      return "no member answers the list of members, so it is not known what the cluster can do without"
    case .clusterSplit(let ids):
      let each = ids.map(\.description).joined(separator: ", ")
      return "the members are in different clusters (\(each)): this is not one cluster"
    case .listsDiffer:
      return "the members do not agree on who the members are"
    case .noQuorum(let target, let serving, let needed, let silent):
      let without = target.map { "without \($0) " } ?? ""
      let voters = serving == 1 ? "1 voter serves" : "\(serving) voters serve"
      let each = silent.isEmpty ? "" : " (\(silent.joined(separator: "; ")))"
      return "\(without)\(voters), and \(needed) must\(each)"
    case .downtime(let voters):
      return voters == 1
        ? "the cluster has one voter: it stops while this member is disturbed, unless downtime is accepted"
        : "the cluster has \(voters) voters: it stops while one is disturbed, unless downtime is accepted"
    case .leadersDiffer(let names):
      return "the members follow different leaders: \(names.joined(separator: ", "))"
    case .noLeader:
      return "no member names a leader"
    case .learnerBehind(let name):
      return "the learner \(name) has not caught up with the leader"
    case .alarm(let text):
      return "an alarm stands (\(text)) and must be cleared first"
    }
  }
}
