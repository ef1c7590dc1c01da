/// The flags of etcd that Quorate decides, and what an extra argument may still say about them.
///
/// A user's extra argument wins over a flag of kubeadm's (`snapshot-count`), but not over one that members, their
/// certificates or Quorate's own way to a member depend on.
public enum ManagedFlags {
  /// The flags that are decided, sorted.
  public static let names = [
    "advertise-client-urls", "cert-file", "client-cert-auth", "data-dir", "initial-advertise-peer-urls",
    "initial-cluster", "initial-cluster-state", "initial-cluster-token", "key-file", "listen-client-urls",
    "listen-metrics-urls", "listen-peer-urls", "name", "peer-cert-file", "peer-client-cert-auth", "peer-key-file",
    "peer-trusted-ca-file", "trusted-ca-file",
  ]

  /// Flags that would make etcd find its members or its settings somewhere else, or make a member speak without
  /// certificates: each contradicts a flag that is decided.
  static let rivals = [
    "auto-tls": "cert-file", "config-file": "name", "discovery": "initial-cluster",
    "discovery-srv": "initial-cluster", "force-new-cluster": "initial-cluster-state", "peer-auto-tls": "peer-cert-file",
    "wal-dir": "data-dir",
  ]

  /// The managed flag that an extra argument contradicts; nil where it contradicts none.
  ///
  /// Listeners may be added: `listen-client-urls` and `listen-metrics-urls` are fine as long as what Quorate
  /// listens on is among them.
  ///
  /// - Parameters:
  ///   - argument: The extra argument.
  ///   - member: The member it is for.
  ///   - release: The Kubernetes version whose kubeadm's behaviour is followed.
  /// - Returns: The managed flag with the value Quorate gives it; the value is empty for a rival flag.
  public static func contradicted(
    by argument: EtcdArgument, member: MemberContext, release: KubernetesRelease
  ) -> EtcdArgument? {
    if let managed = rivals[argument.name] {
      // A write-ahead log of its own place hides the data from whoever looks for it; `false` switches nothing on.
      return argument.value == "false" ? nil : EtcdArgument(name: managed, value: "")
    }
    guard names.contains(argument.name) else { return nil }
    var plain = member
    plain.extraArguments = []
    let flags = EtcdFlags(of: plain, release: release, etcd: member.etcdVersion)
    guard let managed = flags.arguments.first(where: { $0.name == argument.name }) else { return nil }
    if argument.name == "listen-client-urls" || argument.name == "listen-metrics-urls" {
      let given = Set(argument.value.split(separator: ",").map(String.init))
      let needed = argument.name == "listen-client-urls" ? [member.host.clientURL] : [managed.value]
      return given.isSuperset(of: needed) ? nil : managed
    }
    return argument.value == managed.value ? nil : managed
  }

  /// Whether a text is a URL that etcd can listen on or advertise: `http` or `https`, an IP address or a name, a port,
  /// and nothing else.
  public static func isURL(_ text: some StringProtocol) -> Bool {
    guard let mark = text.firstRange(of: "://"), ["http", "https"].contains(String(text[..<mark.lowerBound])),
      let colon = text.lastIndex(of: ":"), colon >= mark.upperBound,
      let port = UInt16(text[text.index(after: colon)...]), port > 0,
      text[text.index(after: colon)...].utf8.allSatisfy({ (48...57).contains($0) })
    else { return false }
    let host = String(text[mark.upperBound..<colon])
    if host.hasPrefix("[") && host.hasSuffix("]") {
      return IPAddress(String(host.dropFirst().dropLast()))?.isV6 == true
    }
    return IPAddress(host)?.isV6 == false || DNSName.isSubdomain(host)
  }

  /// Whether a flag's name can be one: letters, digits and `-`, not beginning with `-`.
  public static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 128 && text.utf8.first != UInt8(ascii: "-")
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// Whether a value can stand in a manifest, a unit file and a command line: no control character and no line
  /// separator.
  public static func isValue(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar.value != 0x2028 && scalar.value != 0x2029
    }
  }

  /// What is wrong with a member's extra arguments, as errors; empty where nothing is.
  public static func findings(for member: MemberContext, release: KubernetesRelease) -> [Finding] {
    var findings: [Finding] = []
    for argument in member.extraArguments {
      if !isName(argument.name) {
        findings.append(
          Finding(
            .error, code: "etcd.flag-name", host: member.host.name,
            what: "\(shown(argument.name)) is no name of a flag of etcd",
            fix: "write the name without dashes in front, letters, digits and `-` only"))
      } else if !isValue(argument.value) {
        findings.append(
          Finding(
            .error, code: "etcd.flag-value", host: member.host.name,
            what: "the value of the extra argument \(argument.name) has a control character or a line break",
            fix: "write the value on one line"))
      } else if argument.name.hasSuffix("-urls"),
        let wrong = argument.value.split(separator: ",", omittingEmptySubsequences: false).first(where: { !isURL($0) })
      {
        findings.append(
          Finding(
            .error, code: "etcd.flag-url", host: member.host.name,
            what: "\(shown(String(wrong))) in the extra argument \(argument.name) is no URL that etcd can listen on",
            fix: "write it as https://10.0.0.6:2379"))
      } else if let managed = contradicted(by: argument, member: member, release: release) {
        let value = managed.value.isEmpty ? "" : "=\(managed.value)"
        findings.append(
          Finding(
            .error, code: "etcd.flag-managed", host: member.host.name,
            what: "the extra argument --\(argument.name)=\(argument.value) contradicts --\(managed.name)\(value)",
            why: "Quorate sets --\(managed.name) itself: members, certificates and health checks depend on it",
            fix: "remove the extra argument, or change the host's address, ports or data folder instead"))
      }
    }
    return findings
  }

  private static func shown(_ text: String) -> String {
    "\"" + String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })) + "\""
  }
}
