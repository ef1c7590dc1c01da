internal import QuorateCore

/// The one gRPC message that is spoken here: etcd 3.4's JSON gateway has no way to `HashKV`
/// (its path is shadowed by `Hash`, etcd#16490), and its gRPC endpoint is the same port.
///
/// Formats: gRPC over HTTP/2 (length-prefixed message), protobuf's wire format, etcd `rpc.proto`.
enum GRPCMessage {
  static let hashKVPath = "/etcdserverpb.Maintenance/HashKV"

  /// `HashKVRequest { int64 revision = 1 }`, framed.
  static func hashKVRequest(revision: Int64) -> [UInt8] {
    var message: [UInt8] = []
    if revision != 0 {
      message = [1 << 3]
      var rest = UInt64(bitPattern: revision)
      while rest >= 0x80 {
        message.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
      }
      message.append(UInt8(truncatingIfNeeded: rest))
    }
    return [0, 0, 0, 0, UInt8(message.count)] + message
  }

  /// Reads `HashKVResponse { header = 1; uint32 hash = 2; int64 compact_revision = 3; int64 hash_revision = 4 }`.
  static func hashKV(_ body: [UInt8], asked: Int64) throws(EtcdFormatError) -> EtcdHash {
    let what = "a hash"
    guard body.count >= 5, body[0] == 0 else { throw EtcdFormatError(what, "it has no gRPC message") }
    let length = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
    guard body.count == 5 + length else { throw EtcdFormatError(what, "its gRPC message is cut off") }
    guard let answer = ProtobufFields(body[5...]), let header = answer.message(1) else {
      throw EtcdFormatError(what, "it names no member")
    }
    // ResponseHeader { uint64 cluster_id = 1; uint64 member_id = 2; int64 revision = 3; uint64 raft_term = 4 }
    guard let member = EtcdID(header.number(2)), let hash = UInt32(exactly: answer.number(2)) else {
      throw EtcdFormatError(what, "it names no member")
    }
    let hashed = Int64(bitPattern: answer.number(4))
    let revision = hashed != 0 ? hashed : asked != 0 ? asked : Int64(bitPattern: header.number(3))
    return EtcdHash(
      memberID: member, hash: hash, revision: revision,
      compactRevision: Int64(bitPattern: answer.number(3)))
  }
}

/// The fields of one protobuf message; nil is no message. A field that comes twice counts the last time.
struct ProtobufFields {
  private var numbers: [UInt64: UInt64] = [:]
  private var messages: [UInt64: ArraySlice<UInt8>] = [:]

  init?(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    while !rest.isEmpty {
      guard let tag = Self.varint(&rest) else { return nil }
      switch tag & 7 {
      case 0:
        guard let number = Self.varint(&rest) else { return nil }
        numbers[tag >> 3] = number
      case 1:
        guard rest.count >= 8 else { return nil }
        rest = rest.dropFirst(8)
      case 2:
        guard let length = Self.varint(&rest), let count = Int(exactly: length), count <= rest.count else { return nil }
        messages[tag >> 3] = rest.prefix(count)
        rest = rest.dropFirst(count)
      case 5:
        guard rest.count >= 4 else { return nil }
        rest = rest.dropFirst(4)
      default: return nil
      }
    }
  }

  func number(_ field: UInt64) -> UInt64 { numbers[field] ?? 0 }

  func message(_ field: UInt64) -> ProtobufFields? { messages[field].flatMap(ProtobufFields.init) }

  private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
