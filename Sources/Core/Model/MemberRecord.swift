import FoundationEssentials

/// What a host keeps of the cluster's identity outside etcd's data folder (`member.json`): made before the first
/// start, completed after founding. A member with a `clusterID` here and no data has lost its data.
public struct MemberRecord: Sendable, Codable, Hashable {
  /// The cluster's name in the configuration.
  public var cluster: String
  /// The member's name.
  public var member: String
  /// etcd's `--initial-cluster-token`.
  public var token: String
  /// etcd's cluster id, 16 hexadecimal digits; nil until the cluster was founded.
  public var clusterID: String?
  /// etcd's member id, likewise.
  public var memberID: String?
  /// The service manager that the member was made for, by its name in the configuration: a member is never moved to
  /// another one silently. Nil in a record that says nothing of it.
  public var serviceManager: String?

  /// Makes a record.
  public init(
    cluster: String, member: String, token: String, clusterID: String? = nil, memberID: String? = nil,
    serviceManager: String? = nil
  ) {
    self.cluster = cluster
    self.member = member
    self.token = token
    self.clusterID = clusterID
    self.memberID = memberID
    self.serviceManager = serviceManager
  }

  /// Whether the cluster was founded when this was written.
  public var isFounded: Bool { clusterID != nil }

  /// Reads a record; nil when the bytes are none.
  public init?(json: [UInt8]) {
    guard json.count <= 16_384, let record = try? JSONDecoder().decode(MemberRecord.self, from: Data(json)) else {
      return nil
    }
    self = record
  }

  /// The record as its file holds it: JSON, keys sorted, one a line.
  public var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let data = (try? encoder.encode(self)) ?? Data()
    return Array(data) + [10]
  }
}
