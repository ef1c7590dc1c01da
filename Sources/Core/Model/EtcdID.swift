/// The id of a cluster or a member: 64 bits, written as etcdctl writes it, in lower-case hexadecimal without leading
/// zeros (`8e9e05c52164694d`). etcd's JSON gateway writes the same number in decimal.
public struct EtcdID: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The number; 0 is no id.
  public let value: UInt64

  /// Makes an id from its number; nil for 0, by which etcd says "none".
  public init?(_ value: UInt64) {
    guard value != 0 else { return nil }
    self.value = value
  }

  /// Reads an id as etcdctl and etcd's metrics write it, without a sign or prefix; nil for anything else and for 0.
  public init?(hexadecimal text: String) {
    guard (1...16).contains(text.utf8.count), text.utf8.allSatisfy(Self.isHexadecimal),
      let value = UInt64(text, radix: 16)
    else { return nil }
    self.init(value)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }

  /// The smaller number is less: the order of etcd's own member list.
  public static func < (left: EtcdID, right: EtcdID) -> Bool { left.value < right.value }

  /// `8e9e05c52164694d`.
  public var description: String { String(value, radix: 16) }
}

extension EtcdID: Codable {
  /// Reads an id from its hexadecimal text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = EtcdID(hexadecimal: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no etcd id")
    }
    self = id
  }

  /// Writes the id as hexadecimal text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
