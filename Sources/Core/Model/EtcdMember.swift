/// A member of a cluster, as a member's own list shows it (etcd `rpc.proto`, `Member`).
public struct EtcdMember: Sendable, Codable, Hashable {
  /// Its id.
  public var id: EtcdID
  /// Its name; empty while it was added and has never started.
  public var name: String
  /// Where other members reach it.
  public var peerURLs: [String]
  /// Where clients reach it; empty while it has never started.
  public var clientURLs: [String]
  /// Whether it has no vote.
  public var isLearner: Bool

  /// Makes a member.
  public init(id: EtcdID, name: String, peerURLs: [String], clientURLs: [String] = [], isLearner: Bool = false) {
    self.id = id
    self.name = name
    self.peerURLs = peerURLs
    self.clientURLs = clientURLs
    self.isLearner = isLearner
  }

  /// Whether it has ever started: a member publishes its name when it does.
  public var hasStarted: Bool { !name.isEmpty }

  /// Its name, or its id while it has none.
  public var label: String { hasStarted ? name : id.description }
}

/// What a member's answer says of the member that gave it (etcd `rpc.proto`, `ResponseHeader`).
public struct EtcdAnswerHeader: Sendable, Codable, Hashable {
  /// The cluster that the member is in.
  public var clusterID: EtcdID
  /// The member that answered.
  public var memberID: EtcdID
  /// The key-value store's revision; 0 where the call does not say.
  public var revision: Int64
  /// The raft term.
  public var raftTerm: UInt64

  /// Makes a header.
  public init(clusterID: EtcdID, memberID: EtcdID, revision: Int64 = 0, raftTerm: UInt64 = 0) {
    self.clusterID = clusterID
    self.memberID = memberID
    self.revision = revision
    self.raftTerm = raftTerm
  }
}

/// The members of a cluster, as one of them answers.
public struct EtcdMemberList: Sendable, Codable, Hashable {
  /// Who answered.
  public var header: EtcdAnswerHeader
  /// The members, by id.
  public var members: [EtcdMember]

  /// Makes a list; the members are sorted by id.
  public init(header: EtcdAnswerHeader, members: [EtcdMember]) {
    self.header = header
    self.members = members.sorted { $0.id < $1.id }
  }
}
