internal import FoundationEssentials

// The gateway's messages, each read field by field into this program's values.

struct HeaderValue: Decodable {
  let value: EtcdAnswerHeader?

  init(from decoder: any Decoder) throws {
    let fields = try EtcdGatewayFields(decoder)
    let revision = try fields.signed("revision")
    let raftTerm = try fields.unsigned("raftterm")
    guard let cluster = EtcdID(try fields.unsigned("clusterid")), let member = EtcdID(try fields.unsigned("memberid"))
    else {
      value = nil
      return
    }
    value = EtcdAnswerHeader(clusterID: cluster, memberID: member, revision: revision, raftTerm: raftTerm)
  }
}

struct HeaderBody: Decodable {
  let header: HeaderValue?

  init(from decoder: any Decoder) throws {
    header = try EtcdGatewayFields(decoder).object("header", of: HeaderValue.self)
  }
}

struct MembersBody: Decodable {
  let header: HeaderValue?
  let members: [EtcdMember]
  let added: EtcdMember?

  private struct MemberValue: Decodable {
    let member: EtcdMember

    init(from decoder: any Decoder) throws {
      let fields = try EtcdGatewayFields(decoder)
      guard let id = EtcdID(try fields.unsigned("id")) else {
        throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "has no id"))
      }
      member = EtcdMember(
        id: id, name: try fields.text("name"), peerURLs: try fields.texts("peerurls"),
        clientURLs: try fields.texts("clienturls"), isLearner: try fields.truth("islearner"))
    }
  }

  init(from decoder: any Decoder) throws {
    let fields = try EtcdGatewayFields(decoder)
    header = try fields.object("header", of: HeaderValue.self)
    members = try fields.list("members", of: MemberValue.self).map(\.member)
    added = try fields.object("member", of: MemberValue.self)?.member
  }
}

struct StatusBody: Decodable {
  let status: EtcdMemberStatus?

  init(from decoder: any Decoder) throws {
    let fields = try EtcdGatewayFields(decoder)
    guard let header = try fields.object("header", of: HeaderValue.self)?.value else {
      status = nil
      return
    }
    let quota = try fields.signed("dbsizequota")
    status = EtcdMemberStatus(
      memberID: header.memberID, clusterID: header.clusterID, leaderID: EtcdID(try fields.unsigned("leader")),
      version: try fields.text("version"), databaseSize: try fields.signed("dbsize"),
      databaseSizeInUse: try fields.signed("dbsizeinuse"), databaseQuota: quota == 0 ? nil : quota,
      revision: header.revision, raftTerm: try fields.unsigned("raftterm"),
      raftIndex: try fields.unsigned("raftindex"), raftAppliedIndex: try fields.unsigned("raftappliedindex"),
      isLearner: try fields.truth("islearner"), errors: try fields.texts("errors"))
  }
}

struct AlarmsBody: Decodable {
  let alarms: [EtcdAlarm]

  private struct AlarmValue: Decodable {
    let alarm: EtcdAlarm?

    init(from decoder: any Decoder) throws {
      let fields = try EtcdGatewayFields(decoder)
      let member = EtcdID(try fields.unsigned("memberid"))
      // rpc.proto, AlarmType: NONE = 0, NOSPACE = 1, CORRUPT = 2.
      switch try fields.name("alarm") {
      case "", "0", "NONE": alarm = nil
      case "1": alarm = EtcdAlarm(.noSpace, memberID: member)
      case "2": alarm = EtcdAlarm(.corrupt, memberID: member)
      case let name: alarm = EtcdAlarm(.init(rawValue: name), memberID: member)
      }
    }
  }

  init(from decoder: any Decoder) throws {
    alarms = try EtcdGatewayFields(decoder).list("alarms", of: AlarmValue.self).compactMap(\.alarm)
  }
}

struct HashBody: Decodable {
  let header: HeaderValue?
  let hash: UInt32
  let compactRevision: Int64?
  let hashRevision: Int64

  init(from decoder: any Decoder) throws {
    let fields = try EtcdGatewayFields(decoder)
    header = try fields.object("header", of: HeaderValue.self)
    guard let hash = UInt32(exactly: try fields.unsigned("hash")) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "the hash has more than 32 bits"))
    }
    self.hash = hash
    compactRevision = try fields.has("compactrevision") ? try fields.signed("compactrevision") : nil
    hashRevision = try fields.signed("hashrevision")
  }
}

struct RangeBody: Decodable {
  let header: HeaderValue?
  let pairs: [EtcdRange.Pair]
  let count: Int64

  private struct PairValue: Decodable {
    let pair: EtcdRange.Pair

    init(from decoder: any Decoder) throws {
      let fields = try EtcdGatewayFields(decoder)
      guard let key = Data(base64Encoded: try fields.text("key")),
        let value = Data(base64Encoded: try fields.text("value"))
      else {
        throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "is not base64"))
      }
      pair = EtcdRange.Pair(key: Array(key), value: Array(value), modRevision: try fields.signed("modrevision"))
    }
  }

  init(from decoder: any Decoder) throws {
    let fields = try EtcdGatewayFields(decoder)
    header = try fields.object("header", of: HeaderValue.self)
    pairs = try fields.list("kvs", of: PairValue.self).map(\.pair)
    count = try fields.signed("count")
  }
}

struct RefusalBody: Decodable {
  let code: Int
  let message: String

  init(from decoder: any Decoder) throws {
    let fields = try EtcdGatewayFields(decoder)
    let message = try fields.text("message")
    self.message = message.isEmpty ? try fields.text("error") : message
    code = Int(exactly: try fields.signed("code")) ?? 2
  }
}

struct HealthBody: Decodable {
  let isHealthy: Bool
  let reason: String

  init(from decoder: any Decoder) throws {
    let fields = try EtcdGatewayFields(decoder)
    guard try fields.has("health") else {
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "does not say health"))
    }
    isHealthy = try fields.truth("health")
    reason = try fields.text("reason")
  }
}

struct VersionBody: Decodable {
  let server: String
  let cluster: String

  init(from decoder: any Decoder) throws {
    let fields = try EtcdGatewayFields(decoder)
    server = try fields.text("etcdserver")
    cluster = try fields.text("etcdcluster")
    guard !server.isEmpty else {
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "names no version"))
    }
  }
}
