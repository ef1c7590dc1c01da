/// The rules of Kubernetes for names (apimachinery `validation.go`), used by kubeadm for SANs and node names.
public enum DNSName {
  /// Whether a text is an RFC 1123 label: 1 to 63 of a-z, 0-9 and `-`, beginning and ending with a letter or digit.
  public static func isLabel(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (1...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
  }

  /// Whether a text is an RFC 1123 subdomain: labels joined by dots, at most 253 characters.
  public static func isSubdomain(_ text: String) -> Bool {
    guard text.utf8.count <= 253 else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabel(String($0)) }
  }

  /// Whether a text is `*.` and a subdomain.
  public static func isWildcard(_ text: String) -> Bool {
    text.hasPrefix("*.") && isSubdomain(String(text.dropFirst(2)))
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
