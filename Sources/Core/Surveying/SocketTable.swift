/// Linux's tables of TCP sockets, `/proc/net/tcp` and `tcp6` (proc(5)).
enum SocketTable {
  /// The local addresses and ports of the sockets that listen (state 0A). Lines that do not fit are skipped.
  static func listeners(in text: String) -> [NetworkEndpoint] {
    text.split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      guard fields.count > 3, fields[3] == "0A" else { return nil }
      let parts = fields[1].split(separator: ":")
      guard parts.count == 2, let port = UInt16(parts[1], radix: 16), let address = address(parts[0]) else {
        return nil
      }
      return NetworkEndpoint(address: address, port: port)
    }
  }

  /// Words of four bytes, each in the host's byte order; every host here is little-endian or shows itself so.
  private static func address(_ hex: Substring) -> IPAddress? {
    let digits = Array(hex.utf8)
    guard digits.count == 8 || digits.count == 32 else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count, by: 8) {
      guard let word = UInt32(String(decoding: digits[start..<(start + 8)], as: UTF8.self), radix: 16) else {
        return nil
      }
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(shift))) }
    }
    // ::ffff:a.b.c.d is a listener on an IPv4 address.
    if bytes.count == 16, bytes[0..<10].allSatisfy({ $0 == 0 }), bytes[10] == 255, bytes[11] == 255 {
      bytes = Array(bytes[12...])
    }
    return IPAddress(bytes: bytes)
  }
}
