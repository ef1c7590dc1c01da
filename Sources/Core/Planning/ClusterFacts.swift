/// What an observation amounts to, before any judgement: whose list counts, who is who, who can serve.
struct ClusterFacts {
  let observation: ClusterObservation
  /// Every cluster id that was answered, sorted.
  let clusterIDs: [EtcdID]
  /// The member list that most members answer (of equally many: the longest one); nil where none was answered.
  let list: [EtcdMember]?
  /// Whether the members that answered a list answered the same one.
  let listsAgree: Bool
  /// The cluster that the list is from.
  let clusterID: EtcdID?

  init(_ observation: ClusterObservation) {
    self.observation = observation
    clusterIDs = Set(observation.members.compactMap(\.clusterID)).sorted()
    let lists = observation.members.compactMap(\.memberList)
    var votes: [[EtcdMember]: Int] = [:]
    for list in lists { votes[list.members, default: 0] += 1 }
    let best = lists.max { left, right in
      (votes[left.members] ?? 0, left.members.count) < (votes[right.members] ?? 0, right.members.count)
    }
    list = best?.members
    clusterID = best?.header.clusterID
    listsAgree = votes.count <= 1
  }

  var voters: [EtcdMember] { list?.filter { !$0.isLearner } ?? [] }
  var learners: [EtcdMember] { list?.filter(\.isLearner) ?? [] }

  /// The smallest number of voters that is more than half of them (etcd's FAQ).
  static func quorum(of voters: Int) -> Int { voters / 2 + 1 }

  /// The observation of the host that a member runs on: the one that answered with its id, else the one whose peer URL
  /// it has, else the one of its name.
  func host(of member: EtcdMember) -> MemberObservation? {
    let hosts = observation.members
    if let host = hosts.first(where: { $0.memberID == member.id }) { return host }
    let urls = Set(member.peerURLs.map(Self.plain))
    return hosts.first { $0.memberID == nil && urls.contains(Self.plain($0.peerURL)) }
      ?? hosts.first { $0.memberID == nil && member.hasStarted && $0.host == member.name }
  }

  /// The member that runs on a host, by the same rule.
  func member(on host: String) -> EtcdMember? { list?.first { self.host(of: $0)?.host == host } }

  /// The status of a member; nil where it did not answer it, or answers for another cluster.
  func status(of member: EtcdMember) -> EtcdMemberStatus? {
    guard let status = host(of: member)?.status, status.memberID == member.id, status.clusterID == clusterID else {
      return nil
    }
    return status
  }

  /// Whether a member is known to serve: its host says so, and answers with its id and in this cluster.
  ///
  /// - Parameter apartFromAlarms: Whether one that serves no writes because of an alarm counts too. etcd's `/health`
  ///   is false on every member while an alarm stands; one that answers its status and follows a leader then counts.
  func serves(_ member: EtcdMember, apartFromAlarms: Bool = false) -> Bool {
    guard let host = host(of: member), host.memberID == member.id, host.clusterID == clusterID else { return false }
    switch host.health {
    case .healthy: return true
    case .unhealthy: return apartFromAlarms && !alarms.isEmpty && host.status?.leaderID != nil
    case .unreachable: return false
    }
  }

  /// The alarms that any member knows of.
  var alarms: [EtcdAlarm] {
    Set(observation.members.flatMap { $0.alarms ?? [] }).sorted {
      ($0.kind.rawValue, $0.memberID?.value ?? 0) < ($1.kind.rawValue, $1.memberID?.value ?? 0)
    }
  }

  /// The leaders that members which serve follow; empty where none of them said.
  func leaders(among members: [EtcdMember]) -> [EtcdID] {
    Set(members.compactMap { status(of: $0)?.leaderID }).sorted()
  }

  /// A member's name for messages.
  func name(of id: EtcdID) -> String { list?.first { $0.id == id }?.label ?? id.description }

  /// An alarm for messages: `NOSPACE on infra0`.
  func text(of alarm: EtcdAlarm) -> String {
    alarm.memberID.map { "\(alarm.kind.rawValue) on \(name(of: $0))" } ?? alarm.kind.rawValue
  }

  /// Whether a learner has come up with the leader, by etcd's own rule for its promotion: it has at least nine tenths
  /// of the leader's log (etcd `server.go`, `readyPercent`). False where that is not known.
  func isCaughtUp(_ learner: EtcdMember) -> Bool {
    guard let status = status(of: learner),
      let leader = voters.compactMap({ self.status(of: $0) }).first(where: \.isLeader)
    else { return false }
    return Double(status.raftAppliedIndex) >= 0.9 * Double(leader.raftIndex)
  }

  /// A URL in one spelling: lower case, an address as ``IPAddress`` writes it, no slash at the end.
  static func plain(_ url: String) -> String {
    var text = Substring(url.lowercased())
    if text.hasSuffix("/") { text = text.dropLast() }
    guard let colon = text.lastIndex(of: ":"), let start = text.firstIndex(of: "["), let end = text.lastIndex(of: "]"),
      start < end, end < colon, let address = IPAddress(String(text[text.index(after: start)..<end]))
    else { return String(text) }
    return text[..<start] + address.urlText + text[colon...]
  }
}
