internal import CLibSSH2
internal import QuorateCore

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
