import Glibc

/// An IPv4 or IPv6 address, without a zone.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
  /// The address's 4 or 16 bytes, in network order.
  public let bytes: [UInt8]

  /// Reads an address as RFC 4291 and dotted decimal write it (`10.0.0.6`, `fd00::1`); nil for anything else:
  /// brackets, zones, leading zeros, names.
  public init?(_ text: String) {
    guard !text.utf8.contains(0) else { return nil }
    var v4 = in_addr()
    var v6 = in6_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      bytes = withUnsafeBytes(of: &v4) { Array($0) }
    } else if inet_pton(AF_INET6, text, &v6) == 1 {
      bytes = withUnsafeBytes(of: &v6) { Array($0) }
    } else {
      return nil
    }
  }

  /// Makes an address from 4 or 16 bytes in network order; nil for any other number.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// 127.0.0.1.
  public static let loopbackV4 = IPAddress(unchecked: [127, 0, 0, 1])
  /// ::1.
  public static let loopbackV6 = IPAddress(unchecked: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])

  private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

  /// Whether it is an IPv6 address.
  public var isV6: Bool { bytes.count == 16 }

  /// The loopback address of the same family.
  public var loopback: IPAddress { isV6 ? .loopbackV6 : .loopbackV4 }

  /// Whether it is a loopback address (127.0.0.0/8 or ::1).
  public var isLoopback: Bool { isV6 ? self == .loopbackV6 : bytes[0] == 127 }

  /// Whether it is the unspecified address (0.0.0.0 or ::).
  public var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

  /// The address in its canonical form (RFC 5952), without brackets.
  public var description: String {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    bytes.withUnsafeBytes {
      _ = inet_ntop(isV6 ? AF_INET6 : AF_INET, $0.baseAddress, &buffer, socklen_t(buffer.count))
    }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The address as it stands in a URL: an IPv6 address in brackets (RFC 3986 section 3.2.2).
  public var urlText: String { isV6 ? "[\(description)]" : description }
}

extension IPAddress: Codable {
  /// Reads an address from its text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let address = IPAddress(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no IP address")
    }
    self = address
  }

  /// Writes the address as its text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// An IP address and a TCP port.
public struct NetworkEndpoint: Sendable, Codable, Hashable, CustomStringConvertible {
  /// The address.
  public var address: IPAddress
  /// The port, 1 to 65535.
  public var port: UInt16

  /// Makes an endpoint.
  public init(address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// `10.0.0.6:2379`, `[fd00::1]:2379`.
  public var description: String { "\(address.urlText):\(port)" }

  /// The endpoint as a URL: `https://[fd00::1]:2379`.
  public func url(scheme: String = "https") -> String { "\(scheme)://\(self)" }
}
