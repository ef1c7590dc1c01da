/// What a member's metrics say of it: everything that can be learned without a client certificate. Each value is nil
/// where the series is absent, as some are in some etcd versions.
public struct EtcdMetrics: Sendable, Codable, Hashable {
  /// `etcd_server_id`: the member's id.
  public var memberID: EtcdID?
  /// `etcd_server_version`: its etcd's version.
  public var version: String?
  /// `etcd_cluster_version`: the version that all members agreed on, major and minor.
  public var clusterVersion: String?
  /// `etcd_server_has_leader`.
  public var hasLeader: Bool?
  /// `etcd_server_is_leader`.
  public var isLeader: Bool?
  /// `etcd_server_is_learner`.
  public var isLearner: Bool?
  /// `etcd_mvcc_db_total_size_in_bytes`: bytes of the database file.
  public var databaseSize: Int64?
  /// `etcd_mvcc_db_total_size_in_use_in_bytes`: bytes of it that are in use.
  public var databaseSizeInUse: Int64?
  /// `etcd_server_quota_backend_bytes`: the file's quota.
  public var databaseQuota: Int64?
  /// `etcd_debugging_mvcc_current_revision`.
  public var revision: Int64?
  /// `etcd_debugging_mvcc_compact_revision`; -1 where history was never compacted.
  public var compactRevision: Int64?
  /// `etcd_server_leader_changes_seen_total`, since the member's start.
  public var leaderChanges: Int64?
  /// `etcd_server_proposals_pending`.
  public var proposalsPending: Int64?

  /// Makes a value without any.
  public init() {}
}
