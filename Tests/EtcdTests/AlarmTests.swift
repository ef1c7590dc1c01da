import QuorateCore
import QuorateEtcd
import Testing

/// A database that is full, and how it is cured while the alarm stands.
@Suite(
  .enabled(if: EtcdCluster.isInstalled, EtcdCluster.missing), .cluster(1, ["--quota-backend-bytes=16777216"]),
  .timeLimit(.minutes(3)))
struct AlarmTests {
  @Test func `NOSPACE closes the gate to all but its cure, and compacting, defragmenting and disarming cure it`()
    async throws
  {
    let cluster = try EtcdCluster.current
    let client = try cluster.client()
    var refusal: EtcdError?
    while refusal == nil {
      do { try await client.put(Array(repeating: 1, count: 1 << 20), at: Array("full".utf8)) } catch {
        refusal = error
      }
    }
    #expect(refusal?.refusal?.message == "etcdserver: mvcc: database space exceeded")
    #expect(refusal?.isRetryable == false)

    let member = try await client.status().memberID
    #expect(try await client.alarms() == [EtcdAlarm(.noSpace, memberID: member)])
    let observation = ClusterObservation(members: [await client.observe(cluster.hosts[0])])
    // etcd's own page is not healthy while an alarm stands; a read that needs a quorum is still served.
    #expect(observation.members[0].health == .healthy)
    let port = cluster.hosts[0].ports.metrics
    #expect(try !EtcdGateway.health(await PlainHTTP.get("/health", port: port)).isHealthy)
    #expect(ClusterHealth(observation).findings.map(\.what) == ["an alarm stands: NOSPACE on infra0"])
    let gate = HealthGate(target: "infra0", acceptsDowntime: true)
    #expect(gate.judge(observation).reasons == [.alarm("NOSPACE on infra0")])
    let cure = HealthGate(target: "infra0", acceptsDowntime: true, clearsAlarms: true)
    #expect(cure.judge(observation).isOpen)

    try await client.compact(revision: client.status().revision)
    try await client.defragment()
    for alarm in try await client.alarms() { try await client.disarm(alarm) }
    #expect(try await client.alarms().isEmpty)
    try await client.put([1], at: Array("full".utf8))
    #expect(gate.judge(ClusterObservation(members: [await client.observe(cluster.hosts[0])])).isOpen)
    await client.close()
  }
}
