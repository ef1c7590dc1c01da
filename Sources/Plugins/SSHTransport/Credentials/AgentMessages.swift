/// What is said to an ssh-agent (draft-miller-ssh-agent).
enum AgentMessages {
  /// A key that an agent holds.
  struct Identity: Sendable, Hashable {
    var key: PublicKey
    var comment: String
  }

  /// The longest answer that is taken.
  static let longest = 256 << 10

  /// Asks for the keys.
  static let listRequest: [UInt8] = [0, 0, 0, 1, 11]

  /// The keys in an answer to ``listRequest``; nil when it is not understood. Keys without a type are left out.
  static func identities(_ answer: some Collection<UInt8>) -> [Identity]? {
    var reader = SSHReader(answer)
    guard reader.byte() == 12, let count = reader.number(), count <= 4096 else { return nil }
    var identities: [Identity] = []
    for _ in 0..<count {
      guard let blob = reader.string(), let comment = reader.string() else { return nil }
      if let key = PublicKey(blob) {
        identities.append(Identity(key: key, comment: String(decoding: comment, as: UTF8.self)))
      }
    }
    return identities
  }

  /// Asks for a signature.
  static func signRequest(key: PublicKey, data: [UInt8], flags: UInt32) -> [UInt8] {
    var body = SSHWriter()
    body.byte(13)
    body.string(key.blob)
    body.string(data)
    body.number(flags)
    var message = SSHWriter()
    message.string(body.bytes)
    return message.bytes
  }

  /// The signature in an answer to a sign request, without its type, as libssh2 wants it; nil: refused.
  static func signature(_ answer: some Collection<UInt8>) -> [UInt8]? {
    var reader = SSHReader(answer)
    guard reader.byte() == 14, let blob = reader.string() else { return nil }
    var signature = SSHReader(blob)
    guard signature.name() != nil, let bytes = signature.string() else { return nil }
    return Array(bytes)
  }

  /// The flags for a signature that libssh2 asks for: which hash an RSA key signs with (RFC 8332). The algorithm
  /// stands in what is to be signed (RFC 4252 section 7).
  static func flags(toSign data: [UInt8]) -> UInt32 {
    var reader = SSHReader(data)
    guard reader.string() != nil, reader.byte() == 50, reader.string() != nil, reader.string() != nil,
      reader.string() != nil, reader.byte() != nil, let algorithm = reader.name()
    else { return 0 }
    switch algorithm {
    case "rsa-sha2-256": return 2
    case "rsa-sha2-512": return 4
    default: return 0
    }
  }
}
