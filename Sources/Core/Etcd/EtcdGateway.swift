internal import FoundationEssentials

/// Reads the answers of a member's JSON gateway (etcd `rpc.proto` through grpc-gateway; etcd 3.4 to 3.7), whoever
/// asked for them: the survey on the host, or the client on the operator's machine.
public enum EtcdGateway {
  /// Reads the answer of `/v3/cluster/member/list`.
  ///
  /// - Throws: ``EtcdFormatError`` where the bytes are no such answer.
  public static func memberList(_ body: [UInt8]) throws(EtcdFormatError) -> EtcdMemberList {
    let answer = try decode(MembersBody.self, from: body, as: "a member list")
    guard let header = answer.header?.value else { throw EtcdFormatError("a member list", "it names no member") }
    guard !answer.members.isEmpty else { throw EtcdFormatError("a member list", "it has no members") }
    return EtcdMemberList(header: header, members: answer.members)
  }

  /// Reads the answer of `/v3/cluster/member/add`: the new member, and the list with it.
  ///
  /// - Throws: ``EtcdFormatError`` where the bytes are no such answer.
  public static func addedMember(
    _ body: [UInt8]
  ) throws(EtcdFormatError) -> (member: EtcdMember, list: EtcdMemberList) {
    let answer = try decode(MembersBody.self, from: body, as: "an added member")
    guard let header = answer.header?.value, let added = answer.added else {
      throw EtcdFormatError("an added member", "it names no member")
    }
    return (added, EtcdMemberList(header: header, members: answer.members))
  }

  /// Reads the answer of `/v3/maintenance/status`.
  ///
  /// - Throws: ``EtcdFormatError`` where the bytes are no such answer.
  public static func status(_ body: [UInt8]) throws(EtcdFormatError) -> EtcdMemberStatus {
    let answer = try decode(StatusBody.self, from: body, as: "a status")
    guard let status = answer.status else { throw EtcdFormatError("a status", "it names no member") }
    return status
  }

  /// Reads the answer of `/v3/maintenance/alarm`. An answer without alarms may be an empty object.
  ///
  /// - Throws: ``EtcdFormatError`` where the bytes are no such answer.
  public static func alarms(_ body: [UInt8]) throws(EtcdFormatError) -> [EtcdAlarm] {
    try decode(AlarmsBody.self, from: body, as: "a list of alarms").alarms
  }

  /// Reads the answer of `/v3/maintenance/hash` or, since etcd 3.5, `/v3/maintenance/hashkv`. Below 3.5 both calls
  /// share one path and the gateway answers the first, so the value has no ``EtcdHash/compactRevision``.
  ///
  /// - Parameters:
  ///   - body: The answer.
  ///   - asked: The revision that was asked for; 0: the newest.
  /// - Throws: ``EtcdFormatError`` where the bytes are no such answer.
  public static func hash(_ body: [UInt8], asked: Int64 = 0) throws(EtcdFormatError) -> EtcdHash {
    let answer = try decode(HashBody.self, from: body, as: "a hash")
    guard let header = answer.header?.value else { throw EtcdFormatError("a hash", "it names no member") }
    let revision = answer.hashRevision != 0 ? answer.hashRevision : asked != 0 ? asked : header.revision
    return EtcdHash(
      memberID: header.memberID, hash: answer.hash, revision: revision, compactRevision: answer.compactRevision)
  }

  /// Reads the header of any answer; nil where it has none.
  ///
  /// - Throws: ``EtcdFormatError`` where the bytes are no JSON object.
  public static func header(_ body: [UInt8]) throws(EtcdFormatError) -> EtcdAnswerHeader? {
    try decode(HeaderBody.self, from: body, as: "an answer").header?.value
  }

  /// Reads the answer of `/v3/kv/range`.
  ///
  /// - Throws: ``EtcdFormatError`` where the bytes are no such answer.
  public static func range(_ body: [UInt8]) throws(EtcdFormatError) -> EtcdRange {
    let answer = try decode(RangeBody.self, from: body, as: "a range")
    guard let header = answer.header?.value else { throw EtcdFormatError("a range", "it names no member") }
    return EtcdRange(header: header, pairs: answer.pairs, count: answer.count)
  }

  /// Reads the body of an answer whose HTTP status is not 200: what etcd refused, in its own words. Nil where it is no
  /// such body.
  public static func refusal(_ body: [UInt8]) -> EtcdRefusal? {
    guard let answer = try? decode(RefusalBody.self, from: body, as: "a refusal") else { return nil }
    return answer.message.isEmpty ? nil : EtcdRefusal(code: answer.code, message: answer.message)
  }

  /// Reads the body of `/health`: `{"health":"true"}` in etcd 3.4, with a `reason` from 3.5 on.
  ///
  /// - Throws: ``EtcdFormatError`` where the bytes are no such answer.
  public static func health(_ body: [UInt8]) throws(EtcdFormatError) -> MemberHealth {
    let answer = try decode(HealthBody.self, from: body, as: "a health answer")
    if answer.isHealthy { return .healthy }
    return .unhealthy(answer.reason.isEmpty ? "etcd says that it is not healthy" : "etcd says: \(answer.reason)")
  }

  /// Reads the body of `/version`: the server's version, and the cluster's.
  ///
  /// - Throws: ``EtcdFormatError`` where the bytes are no such answer.
  public static func version(_ body: [UInt8]) throws(EtcdFormatError) -> (server: String, cluster: String) {
    let answer = try decode(VersionBody.self, from: body, as: "a version")
    return (answer.server, answer.cluster)
  }

  private static func decode<Body: Decodable>(
    _ type: Body.Type, from body: [UInt8], as what: String
  ) throws(EtcdFormatError) -> Body {
    do {
      return try JSONDecoder().decode(type, from: Data(body))
    } catch DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty {
      throw EtcdFormatError(what, "\(path(context.codingPath)) \(context.debugDescription)")
    } catch DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty {
      throw EtcdFormatError(what, "\(path(context.codingPath)) is of another type")
    } catch {
      throw EtcdFormatError(what, "it is no JSON object")
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue.filter { $0.isASCII }.prefix(40).description }
      .joined(separator: ".")
  }
}

/// Why bytes are no answer of etcd's.
public struct EtcdFormatError: Error, Sendable, Codable, Hashable, CustomStringConvertible {
  /// What they were read as: `a member list`.
  public var what: String
  /// What is wrong with them, in a sentence without a full stop.
  public var why: String

  /// Makes an error.
  public init(_ what: String, _ why: String) {
    self.what = what
    self.why = why
  }

  /// `the answer is not a member list: it has no members`.
  public var description: String { "the answer is not \(what): \(why)" }
}

/// What etcd refused, in its own words.
public struct EtcdRefusal: Sendable, Codable, Hashable {
  /// The gRPC status code (`google.golang.org/grpc/codes`): 5 not found, 9 failed precondition, 14 unavailable, …
  public var code: Int
  /// etcd's message: `etcdserver: member not found`.
  public var message: String

  /// Makes a value.
  public init(code: Int, message: String) {
    self.code = code
    self.message = message
  }
}

/// Keys and values, as a member answers a range.
public struct EtcdRange: Sendable, Codable, Hashable {
  /// A key and its value.
  public struct Pair: Sendable, Codable, Hashable {
    /// The key.
    public var key: [UInt8]
    /// Its value.
    public var value: [UInt8]
    /// The revision of its last change.
    public var modRevision: Int64

    /// Makes a pair.
    public init(key: [UInt8], value: [UInt8], modRevision: Int64) {
      self.key = key
      self.value = value
      self.modRevision = modRevision
    }
  }

  /// Who answered, at which revision.
  public var header: EtcdAnswerHeader
  /// The pairs.
  public var pairs: [Pair]
  /// The number of keys in the range, which is more than `pairs` has where a limit was given.
  public var count: Int64

  /// Makes a range.
  public init(header: EtcdAnswerHeader, pairs: [Pair], count: Int64) {
    self.header = header
    self.pairs = pairs
    self.count = count
  }
}
