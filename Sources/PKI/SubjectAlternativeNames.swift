internal import COpenSSL
internal import QuorateCore

/// The subject alternative names of a certificate or a signing request.
struct SubjectAlternativeNames {
  /// DNS names, in order.
  var dnsNames: [String] = []
  /// IP addresses, in order.
  var addresses: [IPAddress] = []
  /// Names of any other type, printed.
  var others: [String] = []

  /// Reads the extension's value (GENERAL_NAMES); nil: there is none.
  init(_ names: OpaquePointer?) throws(PluginError) {
    guard let names else { return }
    for index in 0..<max(0, quorate_GENERAL_NAMES_num(names)) {
      guard let name = quorate_GENERAL_NAMES_value(names, index) else { continue }
      var type: Int32 = -1
      let value = GENERAL_NAME_get0_value(name, &type)
      switch type {
      case GEN_DNS:
        let text = UnsafePointer(value?.assumingMemoryBound(to: ASN1_STRING.self))
        dnsNames.append(readableText(Self.bytes(text)))
      case GEN_IPADD:
        let bytes = Self.bytes(value?.assumingMemoryBound(to: ASN1_STRING.self))
        if let address = IPAddress(bytes: bytes) {
          addresses.append(address)
        } else {
          others.append("IP:\(OpenSSLLibrary.hexadecimal(bytes))")
        }
      default: others.append(try Self.printed(name))
      }
    }
  }

  private static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
    guard let string, let start = ASN1_STRING_get0_data(string) else { return [] }
    return Array(UnsafeBufferPointer(start: start, count: Int(max(0, ASN1_STRING_length(string)))))
  }

  private static func printed(_ name: UnsafeMutablePointer<GENERAL_NAME>) throws(PluginError) -> String {
    let output = try OpenSSLLibrary.allocated(BIO_new(BIO_s_mem()))
    defer { BIO_free(output) }
    GENERAL_NAME_print(output, name)
    ERR_clear_error()
    return PEM.withContent(of: output) { readableText($0) }
  }
}
