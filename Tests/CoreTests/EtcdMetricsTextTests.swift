import QuorateCore
import Testing

@Suite struct EtcdMetricsTextTests {
  static let text = #"""
    # HELP etcd_server_id Server or member ID in hexadecimal format. 1 for 'server_id' label with current ID.
    # TYPE etcd_server_id gauge
    etcd_server_id{server_id="51cee02397c3dfed"} 1
    etcd_cluster_version{cluster_version="3.4"} 0
    etcd_cluster_version{cluster_version="3.5"} 1
    etcd_debugging_mvcc_compact_revision -1
    etcd_debugging_mvcc_current_revision 42
    etcd_mvcc_db_total_size_in_bytes 20480
    etcd_mvcc_db_total_size_in_use_in_bytes 1.2288e+04
    etcd_server_has_leader 1
    etcd_server_is_leader 0
    etcd_server_is_learner 0
    etcd_server_leader_changes_seen_total 3
    etcd_server_proposals_pending 0
    etcd_server_quota_backend_bytes 2.147483648e+09
    etcd_server_version{server_version="3.5.16"} 1 1700000000000
    go_goroutines 90
    """#

  @Test func `The series that matter are read`() {
    let metrics = EtcdMetricsText.read(Array(Self.text.utf8))
    #expect(metrics.memberID?.description == "51cee02397c3dfed")
    #expect(metrics.version == "3.5.16")
    #expect(metrics.clusterVersion == "3.5")
    #expect(metrics.hasLeader == true && metrics.isLeader == false && metrics.isLearner == false)
    #expect(metrics.databaseSize == 20480 && metrics.databaseSizeInUse == 12288)
    #expect(metrics.databaseQuota == 2_147_483_648)
    #expect(metrics.revision == 42 && metrics.compactRevision == -1)
    #expect(metrics.leaderChanges == 3 && metrics.proposalsPending == 0)
  }

  @Test(arguments: [
    "", "etcd_server_has_leader", "etcd_server_has_leader one", "etcd_server_has_leader 1 2 3",
    "etcd_server_has_leader{ 1", #"etcd_server_has_leader{a="b 1"#, #"etcd_server_has_leader{a="b"c="d"} 1"#,
    "# etcd_server_has_leader 1", "xetcd_server_has_leader 1", "etcd_server_has_leader NaN",
    "etcd_server_has_leader +Inf", "etcd_mvcc_db_total_size_in_bytes 1e300",
  ])
  func `A line that is no sample is passed over`(_ line: String) {
    #expect(EtcdMetricsText.read(Array(line.utf8)) == EtcdMetrics())
  }

  @Test func `Escapes in a label are undone, and what would move the cursor is replaced`() {
    let line = #"etcd_server_version{x = "a\"b\\c" , server_version="3\n4",} 1"#
    #expect(EtcdMetricsText.read(Array(line.utf8)).version == "3\u{FFFD}4")
  }

  @Test func `Damaged text never stops the program`() {
    var mutations = EtcdMutations(seed: 2)
    for _ in 0..<5000 { _ = EtcdMetricsText.read(mutations.damaged(Array(Self.text.utf8))) }
  }
}
