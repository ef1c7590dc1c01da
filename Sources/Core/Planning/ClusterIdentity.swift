/// What the hosts' records say of the cluster: whether it was founded, its token and id.
struct ClusterIdentity: Sendable, Hashable {
  /// Founded or not. One founded record decides: the cluster's data exists somewhere.
  var phase: MemberPhase
  /// The token, read back or new.
  var token: String
  /// The cluster id, once founded.
  var clusterID: String?
  /// Records that contradict each other or the configuration.
  var findings: [Finding]

  /// Reads the hosts' records.
  ///
  /// - Parameters:
  ///   - spec: The configuration.
  ///   - records: The record of each host that has one, by host name.
  ///   - newToken: The token of a cluster that no record knows.
  init(spec: ClusterSpec, records: [String: MemberRecord], newToken: String) {
    var findings: [Finding] = []
    for host in spec.hosts {
      guard let record = records[host.name] else { continue }
      let path = host.layout.memberRecord
      if record.cluster != spec.name {
        findings.append(
          Finding(
            .error, code: "host.other-cluster", host: host.name,
            what: "the host belongs to the cluster \(record.cluster), not to \(spec.name)", why: "\(path) says so",
            fix: "correct metadata.name or the host's address"))
      } else if record.member != host.name {
        findings.append(
          Finding(
            .error, code: "host.other-member", host: host.name,
            what: "the host is the member \(record.member), not \(host.name)", why: "\(path) says so",
            fix: "correct the host's name or address"))
      }
    }
    let known = spec.hosts.compactMap { records[$0.name] }.filter { $0.cluster == spec.name }
    let tokens = Set(known.map(\.token))
    let ids = Set(known.compactMap(\.clusterID))
    if tokens.count > 1 || ids.count > 1 {
      findings.append(
        Finding(
          .error, code: "cluster.split",
          what:
            "the hosts' records name more than one cluster: \((ids.isEmpty ? tokens : ids).sorted().joined(separator: ", "))",
          why: "members of two clusters never become one",
          fix: "find out which hosts hold the data that counts, and look at member.json on each host"))
    }
    phase = ids.isEmpty ? .founding : .existing
    token = known.first?.token ?? newToken
    clusterID = ids.sorted().first
    self.findings = findings
  }
}
