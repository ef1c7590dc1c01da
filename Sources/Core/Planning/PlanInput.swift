/// Everything a plan is made from. Equal inputs make equal plans.
struct PlanInput: Sendable {
  var spec: ClusterSpec
  var identity: ClusterIdentity
  var authority: AuthorityPlan
  var hosts: [HostInput]
  var findings: [Finding]
  var now: Instant
  var acceptsDowntime: Bool
}

/// One host's part of what a plan is made from.
struct HostInput: Sendable {
  var host: HostSpec
  var observed: ObservedHost
  var service: ServiceReply
  /// The files that describe the member while the cluster is founded.
  var founding: ManifestReply
  /// And once it exists.
  var existing: ManifestReply
  /// The certificates it should hold, and how those it holds are.
  var pairs: [PairState]
  /// Whether its member answers that it is healthy.
  var isHealthy: Bool

  func seen(_ path: String) -> ObservedFile { observed.answers.file(path) }
}

/// A certificate and its key on a host, as they should be and as they are.
struct PairState: Sendable, Hashable {
  var role: CertificateRole
  var profile: CertificateProfile
  /// Why both must be made anew; empty: they need not.
  var renewal: [String]
  /// What was asked for already and still is what is wanted; nil: nothing.
  var pending: PendingRequest?
  /// Why only mode or owner must be corrected, by path.
  var attributes: [String: [String]]
}
