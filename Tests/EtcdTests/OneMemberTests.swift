import Foundation
import Glibc
import QuorateCore
import QuorateEtcd
import Synchronization
import Testing

@Suite(.enabled(if: EtcdCluster.isInstalled, EtcdCluster.missing), .cluster(1), .timeLimit(.minutes(3)))
struct OneMemberTests {
  @Test func `A member answers who it is, how it is and what it holds`() async throws {
    let cluster = try EtcdCluster.current
    let client = try cluster.client()
    let list = try await client.memberList()
    let status = try await client.status()
    #expect(list.members.map(\.name) == ["infra0"])
    #expect(list.members.first?.peerURLs == [cluster.hosts[0].peerURL])
    #expect(status.isLeader && status.memberID == list.header.memberID && status.clusterID == list.header.clusterID)
    #expect(status.databaseSize > 0 && Version(status.version) != nil)
    #expect(try await client.alarms().isEmpty)
    try await client.health()
    await client.close()
  }

  @Test func `A value that was put is got, by range too, and is gone when it was deleted`() async throws {
    let client = try EtcdCluster.current.client()
    let key = Array("canary/a".utf8)
    let first = try await client.put([0, 1, 255], at: key)
    let second = try await client.put([7], at: Array("canary/b".utf8))
    #expect(second > first)
    #expect(try await client.get(key) == [0, 1, 255])
    #expect(try await client.get(key, serializable: true) == [0, 1, 255])
    let range = try await client.range(key: Array("canary/".utf8), end: Array("canary0".utf8), limit: 1)
    #expect(range.count == 2 && range.pairs.count == 1)
    try await client.delete(Array("canary/".utf8), end: Array("canary0".utf8))
    #expect(try await client.get(key) == nil)
    await client.close()
  }

  @Test
  func `The hash of the key-value store comes from every etcd, at a revision of one's choice that is not compacted`()
    async throws
  {
    let client = try EtcdCluster.current.client()
    let revision = try await client.put([1], at: Array("hash".utf8))
    let hash = try await client.hashKV(revision: revision)
    let status = try await client.status()
    #expect(hash.revision == revision && hash.compactRevision != nil && hash.memberID == status.memberID)
    try await client.put([2], at: Array("hash".utf8))
    #expect(try await client.hashKV(revision: revision).hash == hash.hash)
    #expect(try await client.hashKV().hash != hash.hash)
    let future = await #expect(throws: EtcdError.self) { try await client.hashKV(revision: 1 << 40) }
    #expect(future?.code == .refused && future?.refusal?.message.contains("future revision") == true)
    try await client.compact(revision: revision + 1)
    let past = await #expect(throws: EtcdError.self) { try await client.hashKV(revision: revision) }
    #expect(past?.refusal?.message.contains("has been compacted") == true)
    #expect(try await client.hashKV().compactRevision ?? 0 >= revision + 1)
    await client.close()
  }

  @Test func `A refusal carries etcd's own words and is not repeated`() async throws {
    let client = try EtcdCluster.current.client()
    let nobody = try #require(EtcdID(1))
    let error = await #expect(throws: EtcdError.self) { try await client.promote(nobody) }
    #expect(error?.code == .refused && error?.refusal?.code == 5)
    #expect(error?.why == "etcdserver: member not found")
    #expect(error?.mayHaveHappened == false && error?.isRetryable == false)
    let leader = await #expect(throws: EtcdError.self) { try await client.moveLeader(to: nobody) }
    #expect(leader?.refusal?.message == "etcdserver: bad leader transferee")
    await client.close()
  }

  @Test func `A member is defragmented, and an alarm can be disarmed that does not stand`() async throws {
    let client = try EtcdCluster.current.client()
    try await client.defragment()
    try await client.disarm(EtcdAlarm(.noSpace, memberID: client.status().memberID))
    #expect(try await client.alarms().isEmpty)
    await client.close()
  }

  @Test func `All calls go over one stream while the member keeps it`() async throws {
    let host = try EtcdCluster.current.hosts[0]
    let streams = Counter()
    let client = EtcdClient(
      endpoint: host.clientEndpoint, credentials: try EtcdCluster.current.authority.credentials("client")
    ) { () throws(TransportError) in
      streams.add()
      return try Sockets.connect(to: host.ports.client)
    }
    for _ in 0..<20 { _ = try await client.status() }
    try await client.put([1], at: Array("stream".utf8))
    #expect(streams.value == 1)
    await client.close()
  }

  @Test func `A connection that ended while it was idle is replaced, before a read and before a change`() async throws {
    let host = try EtcdCluster.current.hosts[0]
    let streams = Counter()
    let last = Mutex(Int32(-1))
    let client = EtcdClient.factory(host, try EtcdCluster.current.authority.credentials("client")) {
      () throws(TransportError) in
      streams.add()
      let stream = try Sockets.connect(to: host.ports.client)
      last.withLock { $0 = dup(stream) }
      return stream
    }
    /// Ends the connection as a network would, under the client's hands.
    func cut() {
      last.withLock { descriptor in
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
      }
    }
    let member = try await client.status().memberID
    cut()
    _ = try await client.status()
    #expect(streams.value == 2)
    cut()
    try await client.disarm(EtcdAlarm(.noSpace, memberID: member))
    #expect(streams.value == 3)
    cut()
    await client.close()
  }

  @Test func `A stream may be one end of a socket pair`() async throws {
    let host = try EtcdCluster.current.hosts[0]
    let client = EtcdClient(
      endpoint: host.clientEndpoint, credentials: try EtcdCluster.current.authority.credentials("client")
    ) { () throws(TransportError) in try Sockets.connectThroughPair(to: host.ports.client) }
    #expect(try await client.status().isLeader)
    #expect(try await client.hashKV().revision > 0)
    #expect(try await client.servedCertificate().chain.count == 1)
    await client.close()
  }

  @Test func `Many calls at once are answered one after the other`() async throws {
    let client = try EtcdCluster.current.client()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<50 { group.addTask { try await client.status().isLeader } }
      for try await isLeader in group { #expect(isLeader) }
    }
    await client.close()
  }

  @Test func `A closed client says so, however often it is closed`() async throws {
    let client = try EtcdCluster.current.client()
    _ = try await client.status()
    await client.close()
    await client.close()
    let error = await #expect(throws: EtcdError.self) { try await client.status() }
    #expect(error?.code == .cancelled)
    let unused = try EtcdCluster.current.client()
    await unused.close()
  }

  @Test func `What a member serves is what its file holds`() async throws {
    let authority = try EtcdCluster.current.authority
    let client = try EtcdCluster.current.client()
    let served = try await client.servedCertificate()
    let pem = String(decoding: try TestAuthority.bytes(authority.certificate("server")), as: UTF8.self)
    let lines = pem.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
    #expect(served.chain.first == Data(base64Encoded: lines).map { Array($0) })
    let openssl = ChildProcess(["openssl", "x509", "-noout", "-serial", "-in", authority.certificate("server")])
    await openssl.waitForExit()
    let serial = openssl.output.replacing("serial=", with: "").drop { $0 == "0" }
    #expect(served.serial.uppercased() == serial)
    await client.close()
  }

  @Test func `An answer beyond the limit is refused, and the client goes on`() async throws {
    let client = try EtcdCluster.current.client()
    for index in 0..<20 { try await client.put(Array(repeating: 65, count: 1 << 20), at: Array("huge/\(index)".utf8)) }
    let error = await #expect(throws: EtcdError.self) {
      try await client.range(key: Array("huge/".utf8), end: Array("huge0".utf8))
    }
    #expect(error?.code == .answerTooLarge)
    #expect(error?.why == "the answer has more than 16777216 bytes")
    #expect(try await client.status().isLeader)
    await client.close()
  }

  @Test func `A survey's plain questions are answered by the real metrics listener`() async throws {
    let host = try EtcdCluster.current.hosts[0]
    let metrics = EtcdMetricsText.read(try await PlainHTTP.get("/metrics", port: host.ports.metrics))
    let client = try EtcdCluster.current.client()
    let status = try await client.status()
    #expect(metrics.memberID == status.memberID && metrics.version == status.version)
    #expect(metrics.hasLeader == true && metrics.isLeader == true && metrics.isLearner == false)
    #expect(metrics.databaseSize ?? 0 > 0 && metrics.databaseQuota ?? 0 > 0)
    #expect(try EtcdGateway.health(try await PlainHTTP.get("/health", port: host.ports.metrics)) == .healthy)
    await client.close()
  }
}
