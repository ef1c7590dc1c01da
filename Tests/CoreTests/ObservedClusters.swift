import QuorateCore

/// Clusters as the gate and the health judgement may see them, made from few choices.
struct ObservedClusters {
  enum State: CaseIterable {
    case healthy
    case unhealthy
    case unreachable
  }

  enum Learner: CaseIterable {
    case none
    case caughtUp
    case behind
    case silent
  }

  var states: [State]
  var learner = Learner.none
  var alarm = false
  var split = false
  var version = "3.4.23"
  var hashes: [UInt32?] = []

  static let cluster = id(99)

  static func id(_ number: UInt64) -> EtcdID {
    guard let id = EtcdID(number) else { preconditionFailure("an id is not 0") }
    return id
  }

  static func name(_ index: Int) -> String { "infra\(index)" }

  private static func member(_ index: Int, isLearner: Bool = false) -> EtcdMember {
    EtcdMember(
      id: id(UInt64(index + 1)), name: name(index), peerURLs: ["https://10.0.0.\(index + 1):2380"],
      clientURLs: ["https://10.0.0.\(index + 1):2379"], isLearner: isLearner)
  }

  var members: [EtcdMember] {
    let voters = states.indices.map { Self.member($0) }
    return learner == .none ? voters : voters + [Self.member(states.count, isLearner: true)]
  }

  /// The leader: the first healthy voter, which has a log of 100 entries.
  private var leader: EtcdID? { states.firstIndex(of: .healthy).map { Self.id(UInt64($0 + 1)) } }

  var observation: ClusterObservation {
    var observations = states.enumerated().map { index, state in observe(index, state) }
    if learner != .none { observations.append(observeLearner()) }
    return ClusterObservation(members: observations)
  }

  private func observe(_ index: Int, _ state: State) -> MemberObservation {
    var observation = MemberObservation(
      host: Self.name(index), peerURL: "https://10.0.0.\(index + 1):2380",
      clientURL: "https://10.0.0.\(index + 1):2379", health: .unreachable("connection refused"))
    guard state != .unreachable else { return observation }
    observation.health = state == .healthy ? .healthy : .unhealthy("it knows no leader")
    // In a split cluster the last voter is in one of its own.
    let isApart = split && index == states.count - 1
    let cluster = isApart ? Self.id(7) : Self.cluster
    let id = Self.id(UInt64(index + 1))
    observation.memberList = EtcdMemberList(
      header: EtcdAnswerHeader(clusterID: cluster, memberID: id), members: isApart ? [Self.member(index)] : members)
    observation.status = EtcdMemberStatus(
      memberID: id, clusterID: cluster, leaderID: state == .healthy ? (isApart ? id : leader) : nil, version: version,
      raftIndex: 100, raftAppliedIndex: 100)
    observation.alarms = alarm ? [EtcdAlarm(.noSpace, memberID: Self.id(1))] : []
    if hashes.indices.contains(index), let hash = hashes[index] {
      observation.hash = EtcdHash(memberID: id, hash: hash, revision: 10, compactRevision: -1)
    }
    return observation
  }

  private func observeLearner() -> MemberObservation {
    let index = states.count
    var observation = MemberObservation(
      host: Self.name(index), peerURL: "https://10.0.0.\(index + 1):2380",
      clientURL: "https://10.0.0.\(index + 1):2379", health: .unreachable("connection refused"))
    guard learner != .silent else { return observation }
    observation.health = .unhealthy("a learner answers no read that needs a quorum")
    observation.status = EtcdMemberStatus(
      memberID: Self.id(UInt64(index + 1)), clusterID: Self.cluster, leaderID: leader, version: version,
      raftIndex: 100, raftAppliedIndex: learner == .caughtUp ? 90 : 89, isLearner: true)
    return observation
  }

  /// Every choice of states for so many voters.
  static func allStates(_ count: Int) -> [[State]] {
    guard count > 0 else { return [[]] }
    return allStates(count - 1).flatMap { states in State.allCases.map { states + [$0] } }
  }
}
