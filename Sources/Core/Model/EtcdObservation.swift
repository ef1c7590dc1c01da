/// Whether a member can serve, as it says itself when it is asked alone.
public enum MemberHealth: Sendable, Codable, Hashable {
  /// It answered a read that needs a quorum, and no alarm stands.
  case healthy
  /// It answered, and it cannot serve; the reason in words.
  case unhealthy(String)
  /// It did not answer; the reason in words.
  case unreachable(String)

  /// Whether it can serve.
  public var isHealthy: Bool { self == .healthy }

  /// The reason why it cannot serve; nil where it can.
  public var reason: String? {
    switch self {
    case .healthy: nil
    case .unhealthy(let why), .unreachable(let why): why
    }
  }
}

/// What one configured host's member answered when it was asked alone.
public struct MemberObservation: Sendable, Codable, Hashable {
  /// The host's name in the configuration, which is the member's name.
  public var host: String
  /// The peer URL that the configuration gives the member.
  public var peerURL: String
  /// The client URL that the configuration gives the member.
  public var clientURL: String
  /// Whether it can serve.
  public var health: MemberHealth
  /// Its member list; nil where it was not answered.
  public var memberList: EtcdMemberList?
  /// Its status; nil where it was not answered.
  public var status: EtcdMemberStatus?
  /// The alarms it knows of; nil where they were not answered.
  public var alarms: [EtcdAlarm]?
  /// What its metrics say; nil where they were not read.
  public var metrics: EtcdMetrics?
  /// Its hash, where it was asked for.
  public var hash: EtcdHash?

  /// Makes an observation.
  public init(
    host: String, peerURL: String, clientURL: String, health: MemberHealth, memberList: EtcdMemberList? = nil,
    status: EtcdMemberStatus? = nil, alarms: [EtcdAlarm]? = nil, metrics: EtcdMetrics? = nil, hash: EtcdHash? = nil
  ) {
    self.host = host
    self.peerURL = peerURL
    self.clientURL = clientURL
    self.health = health
    self.memberList = memberList
    self.status = status
    self.alarms = alarms
    self.metrics = metrics
    self.hash = hash
  }

  /// Makes an observation of a configured host.
  public init(
    of host: HostSpec, health: MemberHealth, memberList: EtcdMemberList? = nil, status: EtcdMemberStatus? = nil,
    alarms: [EtcdAlarm]? = nil, metrics: EtcdMetrics? = nil, hash: EtcdHash? = nil
  ) {
    self.init(
      host: host.name, peerURL: host.peerURL, clientURL: host.clientURL, health: health, memberList: memberList,
      status: status, alarms: alarms, metrics: metrics, hash: hash)
  }

  /// The id of the member that answered there; nil where none did.
  public var memberID: EtcdID? { status?.memberID ?? memberList?.header.memberID ?? metrics?.memberID }

  /// The cluster that it is in; nil where it did not say.
  public var clusterID: EtcdID? { status?.clusterID ?? memberList?.header.clusterID }

  /// Its etcd's version; nil where it did not say.
  public var version: String? { status?.version ?? metrics?.version }
}

/// What every configured host's member answered, each asked alone, at about one time.
public struct ClusterObservation: Sendable, Codable, Hashable {
  /// One observation a host, in the configuration's order.
  public var members: [MemberObservation]

  /// Makes an observation.
  public init(members: [MemberObservation]) { self.members = members }

  /// The observation of a host.
  public subscript(host: String) -> MemberObservation? { members.first { $0.host == host } }
}
