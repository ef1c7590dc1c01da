internal import COpenSSL
internal import QuorateCore

/// The name of a certificate's subject, as far as kubeadm's certificates use one.
struct SubjectName: Equatable {
  /// The last common name, which is the one that Go's `crypto/x509` goes by; nil where there is none.
  var commonName: String?
  /// The organizations, in order.
  var organizations: [String]
  /// Every attribute with its value, in order (`O=system:masters`, `CN=infra0`).
  var attributes: [String]

  /// The name of a certificate that is asked for: the organization, then the common name.
  init(commonName: String, organization: String?) {
    self.commonName = commonName
    organizations = organization.map { [$0] } ?? []
    attributes = organizations.map { "O=\($0)" } + ["CN=\(commonName)"]
  }

  /// Reads a name (X509_NAME).
  init(_ name: OpaquePointer?) throws(PluginError) {
    organizations = []
    attributes = []
    guard let name else { return }
    for index in 0..<max(0, X509_NAME_entry_count(name)) {
      guard let entry = X509_NAME_get_entry(name, index) else { continue }
      let type = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))
      let value = try readableText(X509_NAME_ENTRY_get_data(entry), "the name")
      switch type {
      case NID_commonName: commonName = value
      case NID_organizationName: organizations.append(value)
      default: break
      }
      let label = OBJ_nid2sn(type).map { String(cString: $0) } ?? "?"
      attributes.append("\(label)=\(value)")
    }
  }

  /// One line: `O=system:masters, CN=kube-apiserver-etcd-client`.
  var text: String { attributes.joined(separator: ", ") }

  /// The name for OpenSSL (X509_NAME), encoded as Go does it: PrintableString where the text allows it, else
  /// UTF8String. The caller frees it.
  func make() throws(PluginError) -> OpaquePointer {
    let name = try OpenSSLLibrary.allocated(X509_NAME_new())
    let entries = organizations.map { (NID_organizationName, $0) } + (commonName.map { [(NID_commonName, $0)] } ?? [])
    for (type, value) in entries {
      let bytes = Array(value.utf8)
      let encoding = bytes.allSatisfy(Self.isPrintable) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING
      guard X509_NAME_add_entry_by_NID(name, type, encoding, bytes, Int32(bytes.count), -1, 0) == 1 else {
        X509_NAME_free(name)
        throw OpenSSLLibrary.failure("the name cannot be written")
      }
    }
    return name
  }

  /// Whether a byte may stand in a PrintableString (X.680).
  private static func isPrintable(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: " '()+,-./:=?".utf8.contains(byte)
    }
  }
}

/// The text of one of ASN.1's string types. What could disturb a terminal or be taken for the end of the text stands
/// as `\xNN`.
///
/// - Parameter what: Whose text it is, for the error.
func readableText(_ string: UnsafePointer<ASN1_STRING>?, _ what: String) throws(PluginError) -> String {
  var bytes: UnsafeMutablePointer<UInt8>?
  let count = ASN1_STRING_to_UTF8(&bytes, string)
  guard count >= 0 else { throw OpenSSLLibrary.refusal("\(what) cannot be read") }
  defer { quorate_OPENSSL_free(bytes) }
  return readableText(UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(count)))
}

/// Bytes as text; control characters, the backslash and what is no UTF-8 are made visible.
func readableText(_ bytes: some Sequence<UInt8>) -> String {
  var text = ""
  for scalar in String(decoding: Array(bytes), as: UTF8.self).unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      text +=
        scalar.value < 256
        ? "\\x" + OpenSSLLibrary.hexadecimal([UInt8(scalar.value)]) : "\\u{\(String(scalar.value, radix: 16))}"
    default: text += scalar == "\\" ? "\\\\" : String(scalar)
    }
  }
  return text
}
