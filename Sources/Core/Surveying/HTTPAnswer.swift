/// A raw HTTP/1.x answer, as far as a probe needs it (RFC 9112 section 4).
enum HTTPAnswer {
  /// Status and body; a status of 0 when the bytes are no HTTP answer.
  static func parse(_ raw: [UInt8]) -> ProbeAnswer {
    guard raw.starts(with: "HTTP/1.".utf8), raw.count >= 12 else { return .http(status: 0, body: []) }
    let status = Int(String(decoding: raw[9..<12], as: UTF8.self)) ?? 0
    let separator = Array("\r\n\r\n".utf8)
    var index = 0
    while index + separator.count <= raw.count {
      if raw[index] == 13, raw[index..<(index + 4)].elementsEqual(separator) {
        return .http(status: status, body: Array(raw[(index + 4)...]))
      }
      index += 1
    }
    return .http(status: status, body: [])
  }
}
