internal import COpenSSL
internal import QuorateCore

/// A private key in OpenSSL's hands, which clears it when the last reference goes.
final class PrivateKey {
  /// The key (EVP_PKEY), owned.
  let pointer: OpaquePointer

  private init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { EVP_PKEY_free(pointer) }

  /// The most bytes that are looked at when a key is read: ten times what RSA with 16384 bits needs.
  private static let limit = 128 << 10

  /// Makes a key.
  init(_ algorithm: KeyAlgorithm) throws(PluginError) {
    let made: OpaquePointer? =
      switch algorithm {
      case .ecdsaP256: quorate_EVP_EC_gen("P-256")
      case .ecdsaP384: quorate_EVP_EC_gen("P-384")
      case .rsa2048: quorate_EVP_RSA_gen(2048)
      case .rsa3072: quorate_EVP_RSA_gen(3072)
      case .rsa4096: quorate_EVP_RSA_gen(4096)
      }
    guard let made else { throw OpenSSLLibrary.failure("no \(algorithm.rawValue) key could be made") }
    pointer = made
  }

  /// Reads a key from PEM: PKCS #1 (`RSA PRIVATE KEY`), SEC 1 (`EC PRIVATE KEY`) or PKCS #8 (`PRIVATE KEY`), as
  /// kubeadm does (client-go `keyutil.ParsePrivateKeyPEM`): the first block that is a key counts, and only RSA and
  /// ECDSA keys are taken.
  convenience init(pem: SecretBytes) throws(PluginError) {
    let key = try pem.withBytes { (text) throws(PluginError) in try PrivateKey.read(text) }
    self.init(owning: key)
  }

  private static func read(_ text: UnsafeRawBufferPointer) throws(PluginError) -> OpaquePointer {
    guard text.count <= limit else { throw OpenSSLLibrary.refusal("the private key is larger than \(limit) bytes") }
    for block in PEM.blocks(in: text, limit: 8) {
      let type: Int32
      switch block.label {
      case "RSA PRIVATE KEY": type = EVP_PKEY_RSA
      case "EC PRIVATE KEY": type = EVP_PKEY_EC
      case "PRIVATE KEY": type = EVP_PKEY_NONE
      case "ENCRYPTED PRIVATE KEY": throw encrypted()
      case "OPENSSH PRIVATE KEY":
        throw OpenSSLLibrary.refusal(
          "the private key is in OpenSSH's format", fix: "convert it: ssh-keygen -p -m PEM -f FILE")
      default: continue
      }
      guard !block.hasHeaders else { throw encrypted() }
      let key = block.content.withBytes { bytes in
        decode(bytes, free: EVP_PKEY_free) { next, count in
          type == EVP_PKEY_NONE ? d2i_AutoPrivateKey(nil, next, count) : d2i_PrivateKey(type, nil, next, count)
        }
      }
      guard let key else { throw OpenSSLLibrary.refusal("the private key (\(block.label)) cannot be read") }
      let kind = EVP_PKEY_get_base_id(key)
      guard kind == EVP_PKEY_RSA || kind == EVP_PKEY_EC else {
        EVP_PKEY_free(key)
        throw OpenSSLLibrary.refusal("the private key is neither RSA nor ECDSA")
      }
      // Beyond that OpenSSL takes no public key either, and computing with one takes minutes.
      guard EVP_PKEY_get_bits(key) <= OPENSSL_RSA_MAX_MODULUS_BITS else {
        EVP_PKEY_free(key)
        throw OpenSSLLibrary.refusal("the private key has more than \(OPENSSL_RSA_MAX_MODULUS_BITS) bits")
      }
      return key
    }
    throw OpenSSLLibrary.refusal(
      "there is no private key in the file", fix: "it should be PEM, PKCS #1, SEC 1 or PKCS #8")
  }

  private static func encrypted() -> PluginError {
    OpenSSLLibrary.refusal(
      "the private key is encrypted", fix: "decrypt it: openssl pkey -in FILE -out NEWFILE (umask 077 first)")
  }

  /// The key as kubeadm writes it: PEM, `RSA PRIVATE KEY` (PKCS #1) or `EC PRIVATE KEY` (SEC 1).
  func pem() throws(PluginError) -> SecretBytes {
    let output = try OpenSSLLibrary.allocated(BIO_new(BIO_s_mem()))
    defer { BIO_free(output) }
    guard PEM_write_bio_PrivateKey_traditional(output, pointer, nil, nil, 0, nil, nil) == 1 else {
      throw OpenSSLLibrary.failure("the private key cannot be encoded")
    }
    return PEM.withContent(of: output) { SecretBytes($0) }
  }

  /// The key where its public half is wanted. It is the same object of OpenSSL's, so both end together.
  var publicKey: PublicKey {
    EVP_PKEY_up_ref(pointer)
    return PublicKey(owning: pointer)
  }

  /// SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.
  func publicKeyFingerprint() throws(PluginError) -> String {
    try der("the public key") { i2d_PUBKEY(pointer, $0) }.withUnsafeBytes { OpenSSLLibrary.sha256($0) }
  }

  /// Whether the private half belongs to the public half: a signature made with one is taken by the other.
  var isConsistent: Bool {
    defer { ERR_clear_error() }
    guard let context = EVP_MD_CTX_new() else { return false }
    defer { EVP_MD_CTX_free(context) }
    let message: [UInt8] = Array("quorate".utf8)
    var signature = [UInt8](repeating: 0, count: Int(max(0, EVP_PKEY_get_size(pointer))))
    var count = signature.count
    guard EVP_DigestSignInit(context, nil, signatureDigest, nil, pointer) == 1,
      EVP_DigestSign(context, &signature, &count, message, message.count) == 1, EVP_MD_CTX_reset(context) == 1,
      EVP_DigestVerifyInit(context, nil, signatureDigest, nil, pointer) == 1
    else { return false }
    return EVP_DigestVerify(context, signature, count, message, message.count) == 1
  }

  /// The digest that kubeadm's signatures use with this kind of key (Go's `crypto/x509` default): SHA-256 for RSA and
  /// P-256, SHA-384 for P-384, SHA-512 for P-521.
  var signatureDigest: OpaquePointer? {
    guard EVP_PKEY_get_base_id(pointer) == EVP_PKEY_EC else { return EVP_sha256() }
    let bits = EVP_PKEY_get_bits(pointer)
    return bits <= 256 ? EVP_sha256() : bits <= 384 ? EVP_sha384() : EVP_sha512()
  }
}
