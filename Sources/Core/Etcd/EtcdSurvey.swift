/// The questions that a survey asks of a member on its own host, and what their answers amount to.
///
/// Health and metrics come from the metrics listener (loopback, plain HTTP) and need nothing; members, status and
/// alarms come from the client endpoint and need a program on the host that speaks TLS. Where there is none, the
/// observation rests on the metrics alone.
public enum EtcdSurvey {
  /// The probes for a host's member, asked alone.
  ///
  /// - Parameters:
  ///   - host: The host.
  ///   - withClientEndpoint: Whether the client endpoint is asked too, with the host's own `healthcheck-client` pair.
  ///   - withMetrics: Whether the metrics are asked for too: 60 to 160 KB, which a survey without a client endpoint
  ///     needs and another one does not.
  public static func probes(
    for host: HostSpec, withClientEndpoint: Bool = true, withMetrics: Bool = false
  ) -> [Probe] {
    let plain = (withMetrics ? ["/health", "/metrics"] : ["/health"]).map { path in
      Probe.http(
        id: id(path), host: host.metricsEndpoint.address.description, port: host.metricsEndpoint.port, path: path)
    }
    guard withClientEndpoint else { return plain }
    return plain
      + calls.map { path, body in
        Probe.etcd(
          id: id(path),
          EtcdProbe(
            endpoint: host.clientEndpoint, path: path, body: body,
            certificate: host.layout.certificate(.healthcheckClient), key: host.layout.key(.healthcheckClient),
            authority: host.layout.authorityCertificate))
      }
  }

  /// The probes for the hash of a member's key-value store up to a revision; 0: its newest. They read the whole
  /// store, so only what compares hashes asks. Below 3.5 there is no `hashkv` (404), and `hash` is the database file's.
  public static func hashProbes(for host: HostSpec, revision: Int64 = 0) -> [Probe] {
    [(hashKV, #"{"revision":"\#(revision)"}"#), (hash, "{}")].map { path, body in
      Probe.etcd(
        id: id(path),
        EtcdProbe(
          endpoint: host.clientEndpoint, path: path, body: body,
          certificate: host.layout.certificate(.healthcheckClient), key: host.layout.key(.healthcheckClient),
          authority: host.layout.authorityCertificate))
    }
  }

  /// The hash among answers to ``hashProbes(for:revision:)``; nil where the member gave none.
  public static func hash(in answers: ProbeAnswers, revision: Int64 = 0) -> EtcdHash? {
    if let body = body(id(hashKV), in: answers), let hash = try? EtcdGateway.hash(body, asked: revision) { return hash }
    return body(id(hash), in: answers).flatMap { try? EtcdGateway.hash($0) }
  }

  private static let hashKV = "/v3/maintenance/hashkv"
  private static let hash = "/v3/maintenance/hash"
  private static let list = "/v3/cluster/member/list"
  private static let status = "/v3/maintenance/status"
  private static let alarm = "/v3/maintenance/alarm"
  private static let calls = [(list, "{}"), (status, "{}"), (alarm, #"{"action":"GET"}"#)]

  /// The request that tells a started member's own ids.
  static func identityProbe(for host: HostSpec) -> EtcdProbe? {
    for case .etcd(id(list), let probe) in probes(for: host) { return probe }
    return nil
  }

  /// Whether the host runs a member and has no program to ask its client endpoint with.
  static func isUnanswerable(_ answers: ProbeAnswers) -> Bool {
    guard case .unavailable? = answers.byKey[id(list)], case .http(let status, _)? = answers.byKey[id("/health")] else {
      return false
    }
    return status != 0
  }

  /// The key of the probe that reads the metrics.
  public static let metricsKey = id("/metrics")

  private static func id(_ path: String) -> String { "etcd:\(path)" }

  /// What the answers to ``probes(for:withClientEndpoint:)`` amount to.
  ///
  /// An answer that cannot be read counts as not given; where that is the health answer, the member is unhealthy.
  public static func observation(of host: HostSpec, answers: ProbeAnswers) -> MemberObservation {
    var observation = MemberObservation(of: host, health: health(of: host, answers: answers))
    if let body = body(id("/metrics"), in: answers) { observation.metrics = EtcdMetricsText.read(body) }
    if let body = body(id(list), in: answers) { observation.memberList = try? EtcdGateway.memberList(body) }
    if let body = body(id(status), in: answers) { observation.status = try? EtcdGateway.status(body) }
    if let body = body(id(alarm), in: answers) { observation.alarms = try? EtcdGateway.alarms(body) }
    observation.hash = hash(in: answers)
    return observation
  }

  private static func body(_ id: String, in answers: ProbeAnswers) -> [UInt8]? {
    guard case .http(200, let body)? = answers.byKey[id] else { return nil }
    return body
  }

  private static func health(of host: HostSpec, answers: ProbeAnswers) -> MemberHealth {
    let endpoint = host.metricsEndpoint
    switch answers.byKey[id("/health")] {
    case .http(0, _)?: return .unreachable("nothing answers on \(endpoint), etcd's metrics listener")
    case .http(let status, let body)?:
      // etcd answers 503 with the same body while it is not healthy.
      if let health = try? EtcdGateway.health(body), status == 200 || !health.isHealthy { return health }
      return .unhealthy("what answers on \(endpoint) is not etcd's health page (HTTP status \(status))")
    case .unavailable(let why)?: return .unreachable(why)
    default: return .unreachable("its health was not asked for")
    }
  }
}
