/// What a server offers at the start: its version line and its SSH_MSG_KEXINIT (RFC 4253 sections 4.2 and 7.1).
///
/// libssh2 only says that nothing fits; this says what does not.
struct KeyExchangeOffer: Sendable, Hashable {
  /// The server's version line (`SSH-2.0-OpenSSH_9.2p1 Debian-2`).
  var version: String
  /// Key exchange methods.
  var keyExchange: [String]
  /// Host key algorithms.
  var hostKeys: [String]
  /// Ciphers from the client to the server.
  var ciphers: [String]
  /// MACs from the client to the server.
  var macs: [String]

  /// Reads the beginning of what a server sent; nil when it is not complete or not SSH.
  init?(_ bytes: [UInt8]) {
    guard let (version, end) = Self.versionLine(bytes) else { return nil }
    var reader = SSHReader(bytes[end...])
    guard let length = reader.number(), (12...35_000).contains(length), let padding = reader.byte(),
      let payload = reader.take(Int(length) - 1), Int(padding) < payload.count
    else { return nil }
    var lists = SSHReader(payload.dropLast(Int(padding)))
    guard lists.byte() == 20, lists.take(16) != nil, let keyExchange = lists.nameList(),
      let hostKeys = lists.nameList(), let ciphers = lists.nameList(), lists.nameList() != nil,
      let macs = lists.nameList()
    else { return nil }
    self.version = version
    self.keyExchange = keyExchange
    self.hostKeys = hostKeys
    self.ciphers = ciphers
    self.macs = macs
  }

  /// The version line and the position behind it; other lines may come before it.
  static func versionLine(_ bytes: [UInt8]) -> (text: String, end: Int)? {
    var start = 0
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = bytes[start..<end]
      if line.starts(with: Array("SSH-".utf8)) {
        let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        return (String(decoding: text, as: UTF8.self), end + 1)
      }
      start = end + 1
    }
    return nil
  }
}
