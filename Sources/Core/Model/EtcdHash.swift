/// A member's hash of its key-value store up to a revision (etcd `rpc.proto`, `HashKVResponse`).
public struct EtcdHash: Sendable, Codable, Hashable {
  /// The member that answered.
  public var memberID: EtcdID
  /// The hash.
  public var hash: UInt32
  /// The revision that the hash goes up to.
  public var revision: Int64
  /// The revision up to which history was compacted; -1 where it never was. Nil: the answer was a hash of the whole
  /// database file (`Hash`), which differs between members in order and after a restart (etcd#7359).
  public var compactRevision: Int64?

  /// Makes a hash.
  public init(memberID: EtcdID, hash: UInt32, revision: Int64, compactRevision: Int64?) {
    self.memberID = memberID
    self.hash = hash
    self.revision = revision
    self.compactRevision = compactRevision
  }
}
