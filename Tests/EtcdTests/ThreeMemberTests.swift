import Foundation
import Glibc
import QuorateCore
import QuorateEtcd
import Testing

@Suite(
  .serialized, .enabled(if: EtcdCluster.isInstalled, EtcdCluster.missing), .cluster(3), .timeLimit(.minutes(5)))
struct ThreeMemberTests {
  private func observe(timeoutSeconds: Double = 5) async throws -> ClusterObservation {
    let cluster = try EtcdCluster.current
    var members: [MemberObservation] = []
    for (index, host) in cluster.hosts.enumerated() {
      let client = try cluster.client(index, timeoutSeconds: timeoutSeconds)
      members.append(await client.observe(host))
      await client.close()
    }
    return ClusterObservation(members: members)
  }

  @Test func `1: Three members that were just founded are healthy, with equal hashes, and one may fail`() async throws {
    let client = try EtcdCluster.current.client()
    try await client.put([1], at: Array("canary".utf8))
    await client.close()
    let cluster = try EtcdCluster.current
    var clients: [String: any EtcdAccess] = [:]
    for (index, host) in cluster.hosts.enumerated() { clients[host.name] = try cluster.client(index) }
    let observation = await (try observe()).hashed(by: clients)
    for client in clients.values { await client.close() }
    let health = ClusterHealth(observation)
    #expect(health.isHealthy, "\(health.findings)")
    #expect(health.margin == 1 && health.clusterIDs.count == 1 && health.leaderID != nil)
    guard case .equal(_, let revision) = health.hashes else {
      Issue.record("\(health.hashes)")
      return
    }
    #expect(revision >= 1)
    for host in try EtcdCluster.current.hosts {
      #expect(HealthGate(target: host.name).judge(try await observe()) == .open)
    }
  }

  @Test func `2: The leader gives its place to another member`() async throws {
    let cluster = try EtcdCluster.current
    let observation = try await observe()
    let leader = try #require(ClusterHealth(observation).leaderID)
    let other = try #require(observation.members.compactMap(\.memberID).first { $0 != leader })
    let index = try #require(observation.members.firstIndex { $0.memberID == leader })
    let client = try cluster.client(index)
    try await client.moveLeader(to: other)
    #expect(try await client.status().leaderID == other)
    let error = await #expect(throws: EtcdError.self) { try await client.moveLeader(to: leader) }
    #expect(error?.code == .refused)
    await client.close()
  }

  @Test func `3: A learner is added, closes the gate until it runs, is promoted and is removed`() async throws {
    let cluster = try EtcdCluster.current
    let client = try cluster.client()
    let host = try EtcdCluster.furtherHost(3)
    let (added, list) = try await client.addMember(peerURLs: [host.peerURL], asLearner: true)
    #expect(added.isLearner && !added.hasStarted && list.members.count == 4)
    let twice = await #expect(throws: EtcdError.self) {
      try await client.addMember(peerURLs: [host.peerURL], asLearner: true)
    }
    #expect(twice?.code == .refused && twice?.mayHaveHappened == false, "\(String(describing: twice))")
    let verdict = HealthGate(target: "infra1").judge(try await observe())
    #expect(verdict.reasons == [.learnerBehind(added.label)], "\(verdict)")

    let early = await #expect(throws: EtcdError.self) { try await client.promote(added.id) }
    #expect(early?.refusal?.isPassing == true && early?.isRetryable == true)
    let member = try await cluster.startFurther(3, host: host)
    // The leader learns of the learner's progress from its answers; until then it refuses the promotion.
    while try await !isPromoted(added.id, by: client) { await Task.yield() }
    let members = try await client.memberList(linearizable: true).members
    #expect(members.count == 4 && members.allSatisfy { !$0.isLearner && $0.hasStarted })
    try await client.remove(added.id)
    #expect(try await client.memberList(linearizable: true).members.count == 3)
    let gone = await #expect(throws: EtcdError.self) { try await client.remove(added.id) }
    #expect(gone?.refusal?.code == 5)
    await member.stop(SIGKILL)
    await client.close()
  }

  /// Whether a learner got its vote; false while it has not caught up.
  private func isPromoted(_ learner: EtcdID, by client: EtcdClient) async throws -> Bool {
    do {
      try await client.promote(learner)
      return true
    } catch {
      guard error.isRetryable else { throw error }
      return false
    }
  }

  @Test func `4: Where one member is down the others serve, and the gate is open to that one alone`() async throws {
    let cluster = try EtcdCluster.current
    let kept = try cluster.client(2)
    _ = try await kept.status()
    await cluster.members[2].stop(SIGKILL)
    let lost = await #expect(throws: EtcdError.self) { try await kept.status() }
    #expect(lost?.isRetryable == true)
    await kept.close()
    let client = try cluster.client(0)
    try await client.put([2], at: Array("canary".utf8))
    #expect(try await client.get(Array("canary".utf8)) == [2])
    await client.close()
    let observation = try await observe()
    let health = ClusterHealth(observation)
    #expect(health.findings.map(\.code) == ["etcd.member-unreachable"] && health.findings[0].host == "infra2")
    #expect(health.margin == 0 && health.hasQuorum)
    #expect(HealthGate(target: "infra2").judge(observation).isOpen)
    let verdict = HealthGate(target: "infra0").judge(observation)
    #expect(
      verdict.reasons.map(\.description) == [
        "without infra0 1 voter serves, and 2 must (infra2: connection refused)"
      ])
    #expect(verdict.mayOpenByItself)
  }

  @Test func `5: Where the quorum is lost a member answers its status and no read`() async throws {
    let cluster = try EtcdCluster.current
    await cluster.members[1].stop(SIGKILL)
    let client = try cluster.client(0, timeoutSeconds: 0.5)
    let observation = await client.observe(cluster.hosts[0])
    #expect(observation.status != nil && observation.memberList?.members.count == 3)
    guard case .unhealthy = observation.health else {
      Issue.record("\(observation.health)")
      return
    }
    let health = ClusterHealth(try await observe(timeoutSeconds: 0.5))
    #expect(!health.hasQuorum && health.margin < 0)
    await client.close()
  }
}
