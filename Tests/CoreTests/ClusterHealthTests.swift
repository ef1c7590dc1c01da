import QuorateCore
import Testing

@Suite struct ClusterHealthTests {
  private func codes(_ observation: ClusterObservation) -> [String] { ClusterHealth(observation).findings.map(\.code) }

  @Test func `Three healthy members of one cluster are healthy, and one may fail`() {
    let health = ClusterHealth(ObservedClusters(states: [.healthy, .healthy, .healthy]).observation)
    #expect(health.isHealthy && health.findings.isEmpty)
    #expect(health.voters == 3 && health.quorum == 2 && health.margin == 1)
    #expect(health.leaderID == ObservedClusters.id(1))
    #expect(health.clusterIDs == [ObservedClusters.cluster])
  }

  @Test func `The margin is what may still fail, and negative where members must come back`() {
    for count in 1...7 {
      for down in 0...count {
        let states = (0..<count).map { $0 < count - down ? ObservedClusters.State.healthy : .unreachable }
        let health = ClusterHealth(ObservedClusters(states: states).observation)
        guard down < count else {
          #expect(!health.hasQuorum && health.findings.contains { $0.code == "etcd.members-unknown" })
          continue
        }
        #expect(health.margin == count - down - (count / 2 + 1))
        #expect(health.hasQuorum == (health.margin >= 0))
        #expect(health.findings.contains { $0.code == "etcd.quorum-lost" } == !health.hasQuorum)
      }
    }
  }

  @Test func `A member that is down is a finding with its host and why`() throws {
    let health = ClusterHealth(ObservedClusters(states: [.healthy, .healthy, .unreachable]).observation)
    let finding = try #require(health.findings.first)
    #expect(
      finding.code == "etcd.member-unreachable" && finding.host == "infra2" && finding.why == "connection refused")
    #expect(health.findings.count == 1 && health.hasQuorum)
  }

  @Test func `Two clusters are found`() {
    let codes = codes(ObservedClusters(states: [.healthy, .healthy, .healthy], split: true).observation)
    #expect(codes.contains("etcd.cluster-split"))
  }

  @Test func `An alarm names the member it was raised for`() {
    let health = ClusterHealth(ObservedClusters(states: [.healthy, .healthy, .healthy], alarm: true).observation)
    #expect(health.findings.map(\.what) == ["an alarm stands: NOSPACE on infra0"])
  }

  @Test func `A learner is a warning, and not an unhealthy member`() {
    let health = ClusterHealth(ObservedClusters(states: [.healthy, .healthy, .healthy], learner: .behind).observation)
    #expect(health.isHealthy)
    #expect(health.findings.map(\.code) == ["etcd.learner"])
    #expect(health.findings.first?.why == "it has not caught up yet")
    #expect(health.voters == 3)
  }

  @Test func `Members unlike the configuration are found`() {
    var observation = ObservedClusters(states: [.healthy, .healthy, .healthy]).observation
    for index in observation.members.indices {
      observation.members[index].memberList?.members[0].name = "old"
      observation.members[index].memberList?.members[1].peerURLs = ["https://10.9.9.9:2380"]
      observation.members[index].memberList?.members[2].clientURLs = ["https://10.9.9.9:2379"]
    }
    #expect(codes(observation) == ["etcd.member-name", "etcd.member-peer-url", "etcd.member-client-url"])
    observation.members.removeLast()
    #expect(codes(observation).contains("etcd.member-not-configured"))
    let stranger = MemberObservation(
      host: "infra9", peerURL: "https://10.0.0.99:2380", clientURL: "https://10.0.0.99:2379",
      health: .unreachable("connection refused"))
    observation.members.append(stranger)
    #expect(codes(observation).contains("etcd.member-missing"))
  }

  @Test func `A member that is healthy by its own account and answers no client is an error`() {
    var observation = ObservedClusters(states: [.healthy, .healthy, .healthy]).observation
    observation.members[2].memberList = nil
    observation.members[2].status = nil
    observation.members[2].alarms = nil
    #expect(codes(observation) == ["etcd.member-silent"])
    #expect(ClusterHealth(observation).healthyVoters == 2)
  }

  @Test func `An IPv6 address is the same however it is written`() {
    var observation = ObservedClusters(states: [.healthy]).observation
    observation.members[0].peerURL = "https://[fd00::1]:2380"
    observation.members[0].clientURL = "https://[fd00::1]:2379"
    observation.members[0].memberList?.members[0].peerURLs = ["https://[fd00:0:0::1]:2380"]
    observation.members[0].memberList?.members[0].clientURLs = ["https://[FD00::0001]:2379/"]
    #expect(codes(observation).isEmpty)
  }

  @Test func `Different versions of etcd are a warning`() {
    var observation = ObservedClusters(states: [.healthy, .healthy, .healthy]).observation
    observation.members[1].status?.version = "3.5.16"
    #expect(codes(observation) == ["etcd.versions-differ"])
    #expect(ClusterHealth(observation).isHealthy)
  }

  @Test func `A judgement and an observation survive being written and read`() throws {
    var cluster = ObservedClusters(states: [.healthy, .unhealthy, .unreachable], learner: .behind, alarm: true)
    cluster.hashes = [1, 2, nil]
    let observation = cluster.observation
    #expect(try Coded.again(observation) == observation)
    #expect(try Coded.again(ClusterHealth(observation)) == ClusterHealth(observation))
    let gate = HealthGate(target: "infra0", acceptsDowntime: true)
    #expect(try Coded.again(gate) == gate)
    #expect(try Coded.again(gate.judge(observation)) == gate.judge(observation))
  }
}

@Suite struct HashComparisonTests {
  private func cluster(_ hashes: [UInt32?]) -> ClusterObservation {
    ObservedClusters(states: hashes.map { _ in .healthy }, hashes: hashes).observation
  }

  @Test func `Equal hashes at one revision are equal`() {
    #expect(HashComparison(cluster([5, 5, 5])) == .equal(hash: 5, revision: 10))
  }

  @Test func `Different hashes at one revision are different, by host`() {
    let observation = cluster([5, 6, 5])
    #expect(HashComparison(observation) == .different(revision: 10, hashes: ["infra0": 5, "infra1": 6, "infra2": 5]))
    let finding = ClusterHealth(observation).findings.first
    #expect(finding?.what == "the members' hashes differ at revision 10")
    #expect(finding?.why == "infra0 5, infra1 6, infra2 5")
  }

  @Test func `Hashes are not comparable where revision, compact revision or version differ`() {
    var revision = cluster([5, 6, 5])
    revision.members[1].hash?.revision = 11
    #expect(
      HashComparison(revision) == .notComparable("the members differ in revision: infra0 10, infra1 11, infra2 10"))
    var compacted = cluster([5, 6, 5])
    compacted.members[2].hash?.compactRevision = 4
    #expect(
      HashComparison(compacted)
        == .notComparable("the members differ in compact revision: infra0 -1, infra1 -1, infra2 4"))
    var version = cluster([5, 6, 5])
    version.members[0].status?.version = "3.5.16"
    #expect(
      HashComparison(version)
        == .notComparable("the members differ in etcd version: infra0 3.5.16, infra1 3.4.23, infra2 3.4.23"))
    var unknown = cluster([5, 6, 5])
    unknown.members[1].status = nil
    #expect(HashComparison(unknown) == .notComparable("infra1's etcd version is not known"))
  }

  @Test func `A hash of the database file, a missing one and a single member are not comparable`() {
    var whole = cluster([5, 6, 5])
    whole.members[0].hash?.compactRevision = nil
    #expect(
      HashComparison(whole)
        == .notComparable("infra0 gave a hash of its database file: etcd 3.4.23 offers no other by this way"))
    #expect(HashComparison(cluster([5, nil, 5])) == .notComparable("infra1 gave none"))
    #expect(HashComparison(cluster([nil, nil, 5])) == .notComparable("only infra2 gave one"))
    #expect(HashComparison(cluster([nil, nil, nil])) == .notComparable("no member gave one"))
    #expect(HashComparison(cluster([5])) == .notComparable("there is only one member"))
  }
}
