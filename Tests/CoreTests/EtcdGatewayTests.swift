import QuorateCore
import Testing

@Suite struct EtcdGatewayTests {
  /// What etcd 3.4.23 and 3.5.16 answered, shortened.
  static let list = #"""
    {"header":{"cluster_id":"548853080575244926","member_id":"5894895405749231597","raft_term":"2"},"members":[
    {"ID":"5894895405749231597","name":"infra0","peerURLs":["https://10.0.0.6:2380"],
    "clientURLs":["https://10.0.0.6:2379"]},
    {"ID":"3903322883811231293","peerURLs":["https://10.0.0.7:2380"],"isLearner":true}]}
    """#
  static let status = #"""
    {"header":{"cluster_id":"548853080575244926","member_id":"5894895405749231597","revision":"7","raft_term":"2"},
    "version":"3.4.23","dbSize":"20480","leader":"5894895405749231597","raftIndex":"14","raftTerm":"2",
    "raftAppliedIndex":"13","dbSizeInUse":"16384"}
    """#
  static let hash = #"""
    {"header":{"cluster_id":"548853080575244926","member_id":"5894895405749231597","revision":"7","raft_term":"2"},
    "hash":1084519789,"compact_revision":"-1"}
    """#
  static let alarms = #"""
    {"header":{"cluster_id":"548853080575244926","member_id":"5894895405749231597"},
    "alarms":[{"memberID":"5894895405749231597","alarm":"NOSPACE"},{"memberID":"3903322883811231293","alarm":2}]}
    """#
  static let range = #"""
    {"header":{"cluster_id":"548853080575244926","member_id":"5894895405749231597","revision":"2"},
    "kvs":[{"key":"YQ==","create_revision":"2","mod_revision":"2","version":"1","value":"YmM="}],"count":"1"}
    """#

  let infra0 = EtcdID(5_894_895_405_749_231_597)
  let infra1 = EtcdID(3_903_322_883_811_231_293)

  @Test func `Members are listed by id, and an id is written as etcdctl writes it`() throws {
    let list = try EtcdGateway.memberList(Array(Self.list.utf8))
    #expect(list.members.map(\.id.description) == ["362b637b6d38c63d", "51cee02397c3dfed"])
    #expect(list.header.memberID == infra0)
    #expect(list.members[0].isLearner && !list.members[0].hasStarted)
    #expect(list.members[0].label == "362b637b6d38c63d")
    #expect(list.members[1].peerURLs == ["https://10.0.0.6:2380"])
  }

  @Test func `A status is read, and what is absent is 0 or false`() throws {
    let status = try EtcdGateway.status(Array(Self.status.utf8))
    #expect(status.isLeader && !status.isLearner)
    #expect(status.databaseSize == 20480 && status.databaseQuota == nil)
    #expect(status.raftIndex == 14 && status.raftAppliedIndex == 13 && status.revision == 7)
  }

  @Test func `Both spellings of a key and both forms of a number mean the same`() throws {
    let other = #"""
      {"header":{"clusterId":548853080575244926,"memberId":"5894895405749231597","revision":7},"version":"3.4.23",
      "db_size":20480,"leader":5894895405749231597,"raft_index":"14","raft_term":2,"raft_applied_index":13,
      "db_size_in_use":"16384","is_learner":null,"errors":null}
      """#
    #expect(try EtcdGateway.status(Array(other.utf8)) == EtcdGateway.status(Array(Self.status.utf8)))
  }

  @Test func `A leader of 0 is no leader`() throws {
    let body = #"{"header":{"cluster_id":"1","member_id":"2"},"version":"3.4.23","errors":["etcdserver: no leader"]}"#
    let status = try EtcdGateway.status(Array(body.utf8))
    #expect(status.leaderID == nil && !status.isLeader)
    #expect(status.errors == ["etcdserver: no leader"])
  }

  @Test func `Alarms are read by name and by number, and an empty object holds none`() throws {
    let alarms = try EtcdGateway.alarms(Array(Self.alarms.utf8))
    #expect(alarms == [EtcdAlarm(.noSpace, memberID: infra0), EtcdAlarm(.corrupt, memberID: infra1)])
    #expect(try EtcdGateway.alarms(Array("{}".utf8)).isEmpty)
  }

  @Test func `A hash of the key-value store has a compact revision, one of the file has none`() throws {
    let hash = try EtcdGateway.hash(Array(Self.hash.utf8))
    #expect(hash.hash == 1_084_519_789 && hash.compactRevision == -1 && hash.revision == 7)
    #expect(try EtcdGateway.hash(Array(Self.hash.utf8), asked: 5).revision == 5)
    let whole = #"{"header":{"cluster_id":"1","member_id":"2","revision":"1"},"hash":1260944108}"#
    #expect(try EtcdGateway.hash(Array(whole.utf8)).compactRevision == nil)
  }

  @Test func `Health is read with and without a reason`() throws {
    #expect(try EtcdGateway.health(Array(#"{"health":"true"}"#.utf8)) == .healthy)
    #expect(try EtcdGateway.health(Array(#"{"health":"true","reason":""}"#.utf8)) == .healthy)
    #expect(
      try EtcdGateway.health(Array(#"{"health":"false","reason":"ALARM NOSPACE"}"#.utf8))
        == .unhealthy("etcd says: ALARM NOSPACE"))
    #expect(throws: EtcdFormatError.self) { try EtcdGateway.health(Array("{}".utf8)) }
  }

  @Test func `A refusal is read in the words of either gateway`() {
    let old = #"{"error":"etcdserver: member not found","message":"etcdserver: member not found","code":5}"#
    let new = #"{"code":5, "message":"etcdserver: member not found"}"#
    let refusal = EtcdRefusal(code: 5, message: "etcdserver: member not found")
    #expect(EtcdGateway.refusal(Array(old.utf8)) == refusal)
    #expect(EtcdGateway.refusal(Array(new.utf8)) == refusal)
    #expect(EtcdGateway.refusal(Array("Not Found".utf8)) == nil)
  }

  @Test func `A version is read`() throws {
    let version = try EtcdGateway.version(Array(#"{"etcdserver":"3.4.23","etcdcluster":"3.4.0"}"#.utf8))
    #expect(version == ("3.4.23", "3.4.0"))
  }

  @Test func `A range is read`() throws {
    let range = try EtcdGateway.range(Array(Self.range.utf8))
    #expect(range.pairs == [EtcdRange.Pair(key: [97], value: [98, 99], modRevision: 2)])
    #expect(range.count == 1)
  }

  @Test(arguments: [
    ("", "it is no JSON object"), ("{}", "it names no member"), ("[]", "it is no JSON object"),
    ("<html>", "it is no JSON object"),
    (#"{"header":{"cluster_id":"1","member_id":"2"}}"#, "it has no members"),
    (#"{"header":{"cluster_id":"1","member_id":"2"},"members":[{}]}"#, "members.[0] has no id"),
    (#"{"header":{"cluster_id":"-1","member_id":"2"}}"#, "header.cluster_id is no unsigned 64-bit number"),
    (#"{"header":{"cluster_id":"1e3","member_id":"2"}}"#, "header.cluster_id is no unsigned 64-bit number"),
    (#"{"header":7}"#, "header is of another type"),
  ])
  func `What is no member list is refused, and the error says why`(body: String, why: String) {
    #expect(throws: EtcdFormatError("a member list", why)) { try EtcdGateway.memberList(Array(body.utf8)) }
  }

  @Test func `A text from a host cannot move the cursor of who reads it`() throws {
    let body = #"{"code":5,"message":"a\u001b[2Jb\u202ec\n"}"#
    #expect(EtcdGateway.refusal(Array(body.utf8))?.message == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}")
  }

  @Test func `Deep nesting is refused`() {
    let deep = Array(repeating: UInt8(ascii: "["), count: 200_000)
    #expect(throws: EtcdFormatError.self) { try EtcdGateway.memberList(deep) }
    #expect(throws: EtcdFormatError.self) { try EtcdGateway.status(Array(#"{"a":"#.utf8) + deep) }
  }

  @Test func `Damaged answers are read or refused, and never stop the program`() {
    var mutations = EtcdMutations(seed: 1)
    var refused = 0
    for text in [Self.list, Self.status, Self.hash, Self.alarms, Self.range, #"{"health":"false","reason":"x"}"#] {
      for _ in 0..<1500 {
        let body = mutations.damaged(Array(text.utf8))
        if (try? EtcdGateway.memberList(body)) == nil { refused += 1 }
        _ = try? EtcdGateway.addedMember(body)
        _ = try? EtcdGateway.status(body)
        _ = try? EtcdGateway.hash(body)
        _ = try? EtcdGateway.alarms(body)
        _ = try? EtcdGateway.range(body)
        _ = try? EtcdGateway.health(body)
        _ = try? EtcdGateway.version(body)
        _ = EtcdGateway.refusal(body)
      }
    }
    #expect(refused > 5000)
  }

  @Test func `An id is 1 to 16 hexadecimal digits and not 0`() {
    #expect(EtcdID(hexadecimal: "8e9e05c52164694d")?.description == "8e9e05c52164694d")
    #expect(EtcdID(hexadecimal: "00ff")?.description == "ff")
    for text in ["", "0", "x", "+1", "-1", "0x1", "18e9e05c52164694d"] { #expect(EtcdID(hexadecimal: text) == nil) }
  }
}
