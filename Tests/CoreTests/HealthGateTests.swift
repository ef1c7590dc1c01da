import QuorateCore
import Testing

@Suite struct HealthGateTests {
  /// One cluster and one gate in front of it.
  private struct Case {
    var cluster: ObservedClusters
    var target: Int?
    var acceptsDowntime: Bool

    var gate: HealthGate {
      HealthGate(target: target.map(ObservedClusters.name), acceptsDowntime: acceptsDowntime)
    }

    /// What the design's rule 2 says, counted on the choices instead of on the observation.
    var shouldOpen: Bool {
      let voters = cluster.states.count
      let others = cluster.states.indices.filter { $0 != target }.map { cluster.states[$0] }
      let healthy = others.count { $0 == .healthy }
      let quorum = voters / 2 + 1
      let targetIsVoter = target.map { $0 < voters } ?? false
      let canDoWithout =
        healthy >= quorum || (voters <= 2 && targetIsVoter && acceptsDowntime && healthy == others.count)
      let listIsKnown = cluster.states.contains { $0 != .unreachable }
      let learnerTarget = target == voters
      // A learner's progress is known only while the leader answers: the first healthy voter.
      let learnerIsFine =
        cluster.learner == .none || learnerTarget
        || (cluster.learner == .caughtUp && cluster.states.contains(.healthy))
      let leaderIsKnown = healthy == 0 || cluster.states.contains(.healthy)
      return canDoWithout && listIsKnown && learnerIsFine && leaderIsKnown && !cluster.alarm
    }
  }

  private static func allCases(voters: ClosedRange<Int>) -> [Case] {
    var cases: [Case] = []
    for count in voters {
      for states in ObservedClusters.allStates(count) {
        for learner in ObservedClusters.Learner.allCases {
          let targets: [Int?] = [nil] + Array(0..<(learner == .none ? count : count + 1))
          for target in targets {
            for alarm in [false, true] {
              for accepts in [false, true] {
                let cluster = ObservedClusters(states: states, learner: learner, alarm: alarm)
                cases.append(Case(cluster: cluster, target: target, acceptsDowntime: accepts))
              }
            }
          }
        }
      }
    }
    return cases
  }

  @Test func `In every cluster of up to five voters the gate is open exactly when the rule says so`() {
    let cases = Self.allCases(voters: 1...5)
    for one in cases where one.gate.judge(one.cluster.observation).isOpen != one.shouldOpen {
      Issue.record("\(one): \(one.gate.judge(one.cluster.observation))")
    }
    #expect(cases.count > 20_000)
  }

  @Test func `An open gate leaves a quorum of healthy voters, unless downtime of one or two voters was accepted`() {
    for one in Self.allCases(voters: 1...5) where one.gate.judge(one.cluster.observation).isOpen {
      let others = one.cluster.states.indices.filter { $0 != one.target }
      let healthy = others.count { one.cluster.states[$0] == .healthy }
      let voters = one.cluster.states.count
      #expect(healthy > voters / 2 || (voters <= 2 && one.acceptsDowntime))
    }
  }

  @Test func `A member that recovers never closes the gate`() {
    for one in Self.allCases(voters: 1...4) where one.gate.judge(one.cluster.observation).isOpen {
      for index in one.cluster.states.indices where one.cluster.states[index] != .healthy {
        var better = one
        better.cluster.states[index] = .healthy
        #expect(better.gate.judge(better.cluster.observation).isOpen)
      }
    }
  }

  @Test func `A cluster that is two clusters keeps the gate closed, whoever is healthy`() {
    for count in 2...5 {
      for target in [nil] + (0..<count).map({ $0 as Int? }) {
        let cluster = ObservedClusters(states: Array(repeating: .healthy, count: count), split: true)
        let gate = HealthGate(target: target.map(ObservedClusters.name), acceptsDowntime: true)
        let verdict = gate.judge(cluster.observation)
        #expect(!verdict.isOpen && !verdict.mayOpenByItself)
      }
    }
  }

  @Test func `An alarm closes the gate to everything but what clears it`() {
    // etcd calls every member unhealthy while an alarm stands; its status still names the leader.
    var observation = ObservedClusters(states: [.healthy, .healthy, .healthy], alarm: true).observation
    for index in observation.members.indices { observation.members[index].health = .unhealthy("ALARM NOSPACE") }
    let ordinary = HealthGate(target: "infra1").judge(observation)
    #expect(ordinary.reasons.contains(.alarm("NOSPACE on infra0")) && !ordinary.mayOpenByItself)
    #expect(HealthGate(target: "infra1", clearsAlarms: true).judge(observation).isOpen)
    observation.members[0].health = .unreachable("timed out")
    observation.members[0].status = nil
    #expect(!HealthGate(target: "infra1", clearsAlarms: true).judge(observation).isOpen)
    #expect(HealthGate(target: "infra0", clearsAlarms: true).judge(observation).isOpen)
  }

  @Test func `Members that follow different leaders keep the gate closed`() {
    var observation = ObservedClusters(states: [.healthy, .healthy, .healthy]).observation
    observation.members[2].status?.leaderID = ObservedClusters.id(3)
    #expect(HealthGate(target: "infra0").judge(observation).reasons == [.leadersDiffer(["infra0", "infra2"])])
  }

  @Test func `Members that list different members keep the gate closed`() {
    var observation = ObservedClusters(states: [.healthy, .healthy, .healthy]).observation
    observation.members[2].memberList?.members.removeLast()
    #expect(HealthGate(target: "infra0").judge(observation).reasons == [.listsDiffer])
  }

  @Test func `A member that was added and never started counts as a voter that does not serve`() {
    var observation = ObservedClusters(states: [.healthy, .healthy, .healthy]).observation
    let added = EtcdMember(id: ObservedClusters.id(50), name: "", peerURLs: ["https://10.0.0.50:2380"])
    for index in observation.members.indices { observation.members[index].memberList?.members.append(added) }
    let verdict = HealthGate(target: "infra0").judge(observation)
    #expect(
      verdict.reasons == [
        .noQuorum(without: "infra0", serving: 2, needed: 3, silent: ["32: it is on no host of the configuration"])
      ])
  }

  @Test func `A host that answers as another member does not count for its own`() {
    var observation = ObservedClusters(states: [.healthy, .healthy, .healthy]).observation
    observation.members[1].status?.memberID = ObservedClusters.id(1)
    #expect(!HealthGate(target: "infra0").judge(observation).isOpen)
    #expect(!HealthGate(target: "infra2").judge(observation).isOpen)
  }

  @Test(arguments: [
    (
      GateReason.membersUnknown,
      "no member answers the list of members, so it is not known what the cluster can do without"
    ),
    (
      .noQuorum(without: "infra0", serving: 1, needed: 2, silent: ["infra2: connection refused"]),
      "without infra0 1 voter serves, and 2 must (infra2: connection refused)"
    ),
    (
      .noQuorum(without: nil, serving: 0, needed: 2, silent: []), "0 voters serve, and 2 must"
    ),
    (
      .downtime(voters: 1),
      "the cluster has one voter: it stops while this member is disturbed, unless downtime is accepted"
    ),
    (
      .downtime(voters: 2),
      "the cluster has 2 voters: it stops while one is disturbed, unless downtime is accepted"
    ),
    (.learnerBehind("infra3"), "the learner infra3 has not caught up with the leader"),
    (.alarm("NOSPACE on infra1"), "an alarm stands (NOSPACE on infra1) and must be cleared first"),
    (
      .clusterSplit([ObservedClusters.id(7), ObservedClusters.id(99)]),
      "the members are in different clusters (7, 63): this is not one cluster"
    ),
  ])
  func `A reason is a sentence for its reader`(reason: GateReason, sentence: String) {
    #expect(reason.description == sentence)
  }
}
