internal import FoundationEssentials
public import QuorateCore

extension EtcdClient: EtcdAccess {
  /// The members, as this member knows them (`/v3/cluster/member/list`).
  ///
  /// - Parameter linearizable: Whether the list must be at least as new as the call. etcd asks a quorum for that since
  ///   3.5; below, a read that needs one is made first, after which the member has applied all that came before.
  public func memberList(linearizable: Bool = false) async throws(EtcdError) -> EtcdMemberList {
    let call = "member list"
    if linearizable { try await health() }
    let body = try await ask(call, "/v3/cluster/member/list", MemberListRequest(linearizable: linearizable).json)
    do { return try EtcdGateway.memberList(body) } catch { throw notUnderstood(error, call) }
  }

  /// The member's account of itself (`/v3/maintenance/status`).
  public func status() async throws(EtcdError) -> EtcdMemberStatus {
    let call = "endpoint status"
    let body = try await ask(call, "/v3/maintenance/status")
    do { return try EtcdGateway.status(body) } catch { throw notUnderstood(error, call) }
  }

  /// Whether the member serves a read that needs a quorum: a range over the key `health`, which need not exist.
  public func health() async throws(EtcdError) {
    do {
      _ = try await range(key: Array("health".utf8), call: "endpoint health")
    } catch  where error.refusal?.code == 7 {
      // Permission denied comes after consensus (etcdctl `ep_command.go` counts it as healthy too).
    }
  }

  /// The alarms that stand (`/v3/maintenance/alarm`).
  public func alarms() async throws(EtcdError) -> [EtcdAlarm] {
    let call = "alarm list"
    let body = try await ask(call, "/v3/maintenance/alarm", AlarmRequest(action: "GET").json)
    do { return try EtcdGateway.alarms(body) } catch { throw notUnderstood(error, call) }
  }

  /// Ends an alarm. It is raised again where its reason still stands.
  public func disarm(_ alarm: EtcdAlarm) async throws(EtcdError) {
    let member = alarm.memberID.map { String($0.value) }
    let request = AlarmRequest(action: "DEACTIVATE", memberID: member, alarm: alarm.kind.rawValue)
    _ = try await ask("alarm disarm", "/v3/maintenance/alarm", request.json)
  }

  /// Makes another member the leader (`/v3/maintenance/transfer-leadership`); to be asked of the leader.
  public func moveLeader(to member: EtcdID) async throws(EtcdError) {
    let request = MoveLeaderRequest(targetID: String(member.value))
    _ = try await ask(
      "move-leader", "/v3/maintenance/transfer-leadership", request.json, repeatable: false,
      timeoutSeconds: max(timeoutSeconds, 10))
  }

  /// Adds a member (`/v3/cluster/member/add`), which has no vote where it is a learner.
  ///
  /// - Returns: The new member and the list with it.
  public func addMember(
    peerURLs: [String], asLearner: Bool
  ) async throws(EtcdError) -> (EtcdMember, EtcdMemberList) {
    let call = "member add"
    let request = MemberAddRequest(peerURLs: peerURLs, isLearner: asLearner)
    let body = try await change(call, "/v3/cluster/member/add", request.json)
    do {
      let (member, list) = try EtcdGateway.addedMember(body)
      return (member, list)
    } catch { throw notUnderstood(error, call, mayHaveHappened: true) }
  }

  /// Gives a learner a vote (`/v3/cluster/member/promote`); refused while it has not caught up.
  public func promote(_ member: EtcdID) async throws(EtcdError) {
    _ = try await change("member promote", "/v3/cluster/member/promote", MemberRequest(id: member).json)
  }

  /// Removes a member (`/v3/cluster/member/remove`).
  public func remove(_ member: EtcdID) async throws(EtcdError) {
    _ = try await change("member remove", "/v3/cluster/member/remove", MemberRequest(id: member).json)
  }

  /// Gives back unused space of the member's database file (`/v3/maintenance/defragment`), within ten minutes. The
  /// member serves nothing meanwhile.
  public func defragment() async throws(EtcdError) {
    _ = try await ask(
      "defrag", "/v3/maintenance/defragment", repeatable: false, timeoutSeconds: max(timeoutSeconds, 600))
  }

  /// Drops all history before a revision (`/v3/kv/compaction`), and returns when the space is free.
  public func compact(revision: Int64) async throws(EtcdError) {
    _ = try await ask(
      "compaction", "/v3/kv/compaction", CompactionRequest(revision: String(revision), physical: true).json,
      repeatable: false, timeoutSeconds: max(timeoutSeconds, 300))
  }

  /// A change of membership: never sent twice, and given the time that etcd itself takes for it.
  private func change(_ call: String, _ path: String, _ body: [UInt8]) async throws(EtcdError) -> [UInt8] {
    try await ask(call, path, body, repeatable: false, timeoutSeconds: max(timeoutSeconds, 10))
  }
}
