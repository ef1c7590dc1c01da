@testable import QuoratePKI

/// What is missing in a fixture.
struct Missing: Error { let what: String }

/// The value, or an error that names it.
func present<Value>(_ value: Value?, _ what: String) throws -> Value {
  guard let value else { throw Missing(what: what) }
  return value
}

/// A few pieces of DER, written by hand so that the tests do not lean on what they test.
enum DERText {
  static let sha256WithRSA: [UInt8] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0]
  static let rsaEncryption: [UInt8] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0]

  static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    switch content.count {
    case 0..<128: [tag, UInt8(content.count)] + content
    case 128..<256: [tag, 0x81, UInt8(content.count)] + content
    default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }
  }

  static func sequence(_ content: [UInt8]) -> [UInt8] { element(0x30, content) }

  static func bitString(_ content: [UInt8]) -> [UInt8] { element(3, [0] + content) }

  /// The SubjectPublicKeyInfo of an RSA key with the exponent 65537.
  static func publicKey(rsaModulus modulus: [UInt8]) -> [UInt8] {
    sequence(rsaEncryption + bitString(sequence(element(2, modulus) + element(2, [1, 0, 1]))))
  }

  /// The first element within an element.
  static func firstElement(of outer: [UInt8]) -> [UInt8]? {
    guard let header = headerLength(outer[...]), let inner = headerLength(outer.dropFirst(header.header)) else {
      return nil
    }
    return Array(outer.dropFirst(header.header).prefix(inner.header + inner.content))
  }

  private static func headerLength(_ bytes: ArraySlice<UInt8>) -> (header: Int, content: Int)? {
    let bytes = Array(bytes.prefix(4))
    guard bytes.count >= 2 else { return nil }
    if bytes[1] < 128 { return (2, Int(bytes[1])) }
    if bytes[1] == 0x81, bytes.count >= 3 { return (3, Int(bytes[2])) }
    if bytes[1] == 0x82, bytes.count == 4 { return (4, Int(bytes[2]) << 8 | Int(bytes[3])) }
    return nil
  }
}

extension SigningRequest {
  /// A request that serves only to hold a public key: unsigned, without a name.
  static func holdingOnly(rsaModulus modulus: [UInt8]) throws -> SigningRequest {
    let information = DERText.sequence(
      [2, 1, 0] + DERText.sequence([]) + DERText.publicKey(rsaModulus: modulus) + DERText.element(0xa0, []))
    return try SigningRequest(der: DERText.sequence(information + DERText.sha256WithRSA + DERText.bitString([0])))
  }
}
