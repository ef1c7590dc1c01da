/// Names of container images, as manifests and hosts have them (`k8s.gcr.io/etcd:3.4.13-0`).
public enum ImageName {
  /// Whether a text can be one: it is made of the characters that the distribution project's grammar of references has,
  /// and of nothing that a terminal or a shell would take for something else.
  public static func isName(_ text: some StringProtocol) -> Bool {
    guard let first = text.utf8.first, first != UInt8(ascii: "-"), text.utf8.count <= 512 else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "._-/:@".utf8.contains(byte)
      }
    }
  }
}
