internal import CLibSSH2

/// Reads the data types of RFC 4251 section 5. Whatever is missing or too long is nil.
struct SSHReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: some Collection<UInt8>) {
    self.bytes = ArraySlice(Array(bytes))
    position = 0
  }

  /// What was not read yet.
  var rest: ArraySlice<UInt8> { bytes[position...] }

  mutating func byte() -> UInt8? {
    guard position < bytes.count else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func number() -> UInt32? {
    guard bytes.count - position >= 4 else { return nil }
    defer { position += 4 }
    return bytes[position..<position + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, bytes.count - position >= count else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A `string`.
  mutating func string() -> ArraySlice<UInt8>? {
    guard let count = number(), count <= 1 << 20 else { return nil }
    return take(Int(count))
  }

  /// A `string` of printable ASCII.
  mutating func name() -> String? {
    guard let bytes = string(), bytes.allSatisfy({ (33...126).contains($0) }) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A `name-list`.
  mutating func nameList() -> [String]? {
    guard let bytes = string(), bytes.allSatisfy({ (33...126).contains($0) }) else { return nil }
    return String(decoding: bytes, as: UTF8.self).split(separator: ",").map(String.init)
  }
}

/// Writes the data types of RFC 4251 section 5.
struct SSHWriter {
  private(set) var bytes: [UInt8] = []

  mutating func byte(_ value: UInt8) { bytes.append(value) }

  mutating func number(_ value: UInt32) {
    for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }

  mutating func string(_ value: some Collection<UInt8>) {
    number(UInt32(value.count))
    bytes.append(contentsOf: value)
  }
}

/// A public key as it goes over the wire (RFC 4253 section 6.6).
struct PublicKey: Sendable, Hashable {
  /// Its bytes.
  var blob: [UInt8]
  /// Its type (`ssh-ed25519`).
  var type: String

  /// Reads a key; nil when it does not begin with a type.
  init?(_ blob: some Collection<UInt8>) {
    var reader = SSHReader(blob)
    guard let type = reader.name(), !type.isEmpty else { return nil }
    self.blob = Array(blob)
    self.type = type
  }

  /// The fingerprint as OpenSSH prints it: `SHA256:…`.
  var fingerprint: String {
    var digest = [UInt8](repeating: 0, count: 32)
    quorate_ssh_sha256(blob, blob.count, &digest)
    return "SHA256:" + Base64.encode(digest).filter { $0 != "=" }
  }

  /// The type as people write it: `ED25519`.
  var shortType: String { Self.shortType(type) }

  /// A type as people write it.
  static func shortType(_ type: String) -> String {
    switch type {
    case "ssh-ed25519": "ED25519"
    case "ssh-rsa", "rsa-sha2-256", "rsa-sha2-512": "RSA"
    case "ssh-dss": "DSA"
    case _ where type.hasPrefix("ecdsa-sha2-"): "ECDSA"
    default: type
    }
  }

  /// A type as `ssh-keyscan -t` and `ssh-keygen -t` take it.
  static func toolType(_ type: String) -> String { shortType(type).lowercased() }
}

/// Base 64 (RFC 4648 section 4).
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The text of bytes.
  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for index in 0..<4 {
        text.append(index <= group.count ? alphabet[value >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of a text; nil when it is no base 64.
  static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var value: UInt32 = 0
    var digits = 0
    var padding = 0
    for character in text {
      if character == UInt8(ascii: "=") {
        padding += 1
        guard padding <= 2 else { return nil }
        value <<= 6
      } else {
        guard padding == 0, let digit = digit(character) else { return nil }
        value = value << 6 | digit
      }
      digits += 1
      if digits == 4 {
        for index in 0..<(3 - padding) { bytes.append(UInt8(value >> UInt32(16 - 8 * index) & 255)) }
        value = 0
        digits = 0
      }
    }
    return bytes
  }

  private static func digit(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character) + 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
