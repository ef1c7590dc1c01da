import COpenSSL

/// SHA-256 by OpenSSL in one call, to compare with.
enum Sum {
  static func of(_ bytes: [UInt8]) -> [UInt8] {
    var sum = [UInt8](repeating: 0, count: 32)
    EVP_Digest(bytes, bytes.count, &sum, nil, EVP_sha256(), nil)
    return sum
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
