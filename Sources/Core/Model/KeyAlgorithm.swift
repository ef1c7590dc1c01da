/// Algorithm and size of a private key, with kubeadm's names (`encryptionAlgorithm`, kubeadm v1beta4).
public enum KeyAlgorithm: String, Sendable, Codable, Hashable, CaseIterable {
  /// NIST P-256.
  case ecdsaP256 = "ECDSA-P256"
  /// NIST P-384.
  case ecdsaP384 = "ECDSA-P384"
  /// 2048 bits.
  case rsa2048 = "RSA-2048"
  /// 3072 bits.
  case rsa3072 = "RSA-3072"
  /// 4096 bits.
  case rsa4096 = "RSA-4096"
}
