internal import FoundationEssentials
internal import QuorateCore

// The JSON texts that the gateway takes. Numbers of 64 bits are text, bytes are base64.

struct MemberRequest: Encodable {
  var id: EtcdID

  enum CodingKeys: String, CodingKey { case id = "ID" }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(String(id.value), forKey: .id)
  }
}

struct MemberListRequest: Encodable { var linearizable: Bool }

struct MemberAddRequest: Encodable {
  var peerURLs: [String]
  var isLearner: Bool
}

struct MoveLeaderRequest: Encodable { var targetID: String }

struct AlarmRequest: Encodable {
  var action: String
  var memberID: String?
  var alarm: String?
}

struct HashRequest: Encodable { var revision: String }

struct CompactionRequest: Encodable {
  var revision: String
  var physical: Bool
}

struct PutRequest: Encodable {
  var key: Data
  var value: Data
}

struct RangeRequest: Encodable {
  var key: Data
  var rangeEnd: Data?
  var limit: String?
  var serializable: Bool?

  enum CodingKeys: String, CodingKey {
    case key
    case rangeEnd = "range_end"
    case limit
    case serializable
  }
}

struct DeleteRequest: Encodable {
  var key: Data
  var rangeEnd: Data?

  enum CodingKeys: String, CodingKey {
    case key
    case rangeEnd = "range_end"
  }
}

extension Encodable {
  /// The request's JSON text. These types hold nothing that cannot be written.
  var json: [UInt8] { (try? JSONEncoder().encode(self)).map { Array($0) } ?? [] }
}
