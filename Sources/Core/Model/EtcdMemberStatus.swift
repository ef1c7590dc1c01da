/// A member's account of itself (etcd `rpc.proto`, `StatusResponse`).
public struct EtcdMemberStatus: Sendable, Codable, Hashable {
  /// The member that answered.
  public var memberID: EtcdID
  /// The cluster that it is in.
  public var clusterID: EtcdID
  /// The leader that it follows; nil: it knows none.
  public var leaderID: EtcdID?
  /// Its etcd's version as it writes it (`3.4.23`).
  public var version: String
  /// Bytes of its database file.
  public var databaseSize: Int64
  /// Bytes of the file that are in use; the rest is what a defragmentation gives back.
  public var databaseSizeInUse: Int64
  /// The quota of the database file in bytes; nil below etcd 3.6, which does not say.
  public var databaseQuota: Int64?
  /// The key-value store's revision.
  public var revision: Int64
  /// The raft term.
  public var raftTerm: UInt64
  /// The last raft entry that it has committed.
  public var raftIndex: UInt64
  /// The last raft entry that it has applied.
  public var raftAppliedIndex: UInt64
  /// Whether it has no vote.
  public var isLearner: Bool
  /// What it complains of (alarms, no leader), in etcd's words.
  public var errors: [String]

  /// Makes a status.
  public init(
    memberID: EtcdID, clusterID: EtcdID, leaderID: EtcdID?, version: String, databaseSize: Int64 = 0,
    databaseSizeInUse: Int64 = 0, databaseQuota: Int64? = nil, revision: Int64 = 0, raftTerm: UInt64 = 0,
    raftIndex: UInt64 = 0, raftAppliedIndex: UInt64 = 0, isLearner: Bool = false, errors: [String] = []
  ) {
    self.memberID = memberID
    self.clusterID = clusterID
    self.leaderID = leaderID
    self.version = version
    self.databaseSize = databaseSize
    self.databaseSizeInUse = databaseSizeInUse
    self.databaseQuota = databaseQuota
    self.revision = revision
    self.raftTerm = raftTerm
    self.raftIndex = raftIndex
    self.raftAppliedIndex = raftAppliedIndex
    self.isLearner = isLearner
    self.errors = errors
  }

  /// Whether it leads.
  public var isLeader: Bool { leaderID == memberID }
}
