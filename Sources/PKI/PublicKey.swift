internal import COpenSSL
internal import QuorateCore

/// A public key in OpenSSL's hands. It lives by itself, whatever becomes of the certificate or request it came from.
final class PublicKey {
  /// The key (EVP_PKEY), owned.
  let pointer: OpaquePointer

  /// Takes a key over.
  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { EVP_PKEY_free(pointer) }

  /// What it is.
  var kind: PublicKeyKind { PublicKeyKind(pointer) }
}

/// What a public key is, whoever holds its private half.
struct PublicKeyKind {
  /// The algorithm; nil where it is none of ``KeyAlgorithm``.
  let algorithm: KeyAlgorithm?
  /// For messages: `RSA-1024`, `ED25519`.
  let text: String
  /// How many bits of strength it has (NIST SP 800-57): 112 for RSA-2048, 128 for P-256.
  let securityBits: Int

  /// Looks at a key (EVP_PKEY).
  init(_ key: OpaquePointer) {
    let bits = EVP_PKEY_get_bits(key)
    securityBits = Int(EVP_PKEY_get_security_bits(key))
    let name: String
    switch EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_RSA: name = "RSA-\(bits)"
    case EVP_PKEY_EC:
      var curve = [CChar](repeating: 0, count: 80)
      var length = 0
      let isNamed = EVP_PKEY_get_group_name(key, &curve, curve.count, &length) == 1
      let curveName = isNamed ? String(decoding: curve.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
      switch curveName {
      case "prime256v1", "P-256": name = "ECDSA-P256"
      case "secp384r1", "P-384": name = "ECDSA-P384"
      case "": name = "ECDSA with a curve of its own"
      default: name = "ECDSA \(curveName)"
      }
    default: name = EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "of an unknown kind"
    }
    text = name
    algorithm = KeyAlgorithm(rawValue: name)
    ERR_clear_error()
  }
}
