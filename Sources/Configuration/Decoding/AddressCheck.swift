internal import QuorateCore

/// IP addresses, host names, SANs and URLs.
enum AddressCheck {
  static func address(_ text: String) -> TextFault? {
    if let address = IPAddress(text) { return unusable(address) }
    if text.hasPrefix("["), text.hasSuffix("]"), let inner = IPAddress(String(text.dropFirst().dropLast())) {
      return TextFault(
        "address", "which has brackets", why: "brackets belong to URLs; Quorate adds them there",
        fix: "write `\(inner)`")
    }
    if let slash = text.firstIndex(of: "/"), let address = IPAddress(String(text[..<slash])) {
      return TextFault("address", "which has a prefix length", fix: "write the host's own address: `\(address)`")
    }
    if let percent = text.firstIndex(of: "%"), IPAddress(String(text[..<percent])) != nil {
      return TextFault(
        "address", "which has a zone", why: "etcd cannot advertise an address that holds on one link only",
        fix: "write an address that all members reach")
    }
    if let (host, port) = split(text), let address = IPAddress(host) {
      return TextFault(
        "address", "which has a port", why: "ports have a key of their own",
        fix: "write `\(address)`, and `ports: {client: \(port)}` if it is the client port")
    }
    if let address = withoutLeadingZeros(text) {
      return TextFault(
        "address", "which has leading zeros", why: "some programs read them as octal", fix: "write `\(address)`")
    }
    if text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) || looksLikeAddress(text) {
      return TextFault("address", "which is no IP address", fix: "write four numbers from 0 to 255: `10.0.0.6`")
    }
    if isDNSName(text) {
      return TextFault(
        "address", "which is a name, not an IP address", why: "etcd advertises and listens on IP addresses only",
        fix: "write the host's IP address here, and the name under `sans`")
    }
    return TextFault("address", "which is no IP address", fix: "write one: `10.0.0.6` or `fd00::1`")
  }

  /// An address that no other member can reach, or that is not what it looks like.
  private static func unusable(_ address: IPAddress) -> TextFault? {
    let bytes = address.bytes
    if address.isUnspecified {
      return TextFault(
        "address", "which is the unspecified address",
        why: "it means every address of the host when listening, and nothing to another member",
        fix: "write the address that the other members reach")
    }
    if address.isV6, bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF,
      let inner = IPAddress(bytes: Array(bytes.suffix(4)))
    {
      return TextFault("address", "which is an IPv4 address in IPv6 form", fix: "write `\(inner)`")
    }
    if address.isV6 ? bytes[0] == 0xFF : bytes[0] >= 224 {
      return TextFault(
        "address", bytes == [255, 255, 255, 255] ? "which is the broadcast address" : "which is no host's address",
        fix: "write the host's own address")
    }
    if address.isV6, bytes[0] == 0xFE, bytes[1] & 0xC0 == 0x80 {
      return TextFault(
        "address", "which is a link-local address",
        why: "it needs a zone (`%eth0`), which etcd cannot advertise", fix: "write an address that all members reach")
    }
    return nil
  }

  static func hostName(_ text: String) -> TextFault? {
    if IPAddress(text) != nil { return nil }
    if text.hasPrefix("-") { return TextFault("host-name", "which could be read as an option", fix: "write the host") }
    if text.contains("://") {
      return TextFault("host-name", "which is a URL", fix: "write the host in it: an IP address or a DNS name")
    }
    if let at = text.lastIndex(of: "@") {
      return TextFault(
        "host-name", "which has a user in it", fix: "write the host alone, and `user: \(text[..<at])` beside it")
    }
    if text.hasPrefix("["), let end = text.firstIndex(of: "]"),
      let address = IPAddress(String(text[text.index(after: text.startIndex)..<end]))
    {
      return TextFault("host-name", "which has brackets", fix: "write `\(address)`; a port goes under `port`")
    }
    if let (host, port) = split(text), isHostName(host) || IPAddress(host) != nil {
      return TextFault("host-name", "which has a port in it", fix: "write `\(host)`, and `port: \(port)` beside it")
    }
    if looksLikeAddress(text) {
      return TextFault("host-name", "which looks like an IP address and is none", fix: "correct it")
    }
    return isHostName(text)
      ? nil : TextFault("host-name", "which is neither an IP address nor a DNS name", fix: "write one of the two")
  }

  static func subjectAlternativeName(_ text: String) -> TextFault? {
    if IPAddress(text) != nil { return nil }
    if !looksLikeAddress(text), DNSName.isSubdomain(text) || DNSName.isWildcard(text) { return nil }
    let why = "kubeadm drops such a SAN with a warning, and clients are then refused"
    if text.contains("://") {
      return TextFault("san", "which is a URL", why: why, fix: "write the host in it: an IP address or a DNS name")
    }
    if text.hasPrefix("["), text.hasSuffix("]"), let inner = IPAddress(String(text.dropFirst().dropLast())) {
      return TextFault("san", "which has brackets", why: why, fix: "write `\(inner)`")
    }
    if let (host, _) = split(text) {
      return TextFault("san", "which has a port", why: why, fix: "write `\(host)`")
    }
    let lower = text.lowercased()
    if lower != text, DNSName.isSubdomain(lower) || DNSName.isWildcard(lower) {
      return TextFault("san", "which has capitals in it", why: why, fix: "write `\(lower)`")
    }
    if looksLikeAddress(text) {
      return TextFault("san", "which looks like an IP address and is none", why: why, fix: "correct it")
    }
    return TextFault(
      "san", "which is neither an IP address nor a DNS name", why: why,
      fix: "write an IP address, a DNS name, or `*.` and a DNS name")
  }

  static func url(_ text: String) -> TextFault? {
    let fix = "write it as `https://HOST:PORT`"
    guard let colon = text.firstRange(of: "://") else {
      return TextFault("url", "which is a URL without scheme", fix: "write `https://\(text)`, or `http://` if it is")
    }
    let scheme = text[..<colon.lowerBound]
    guard let first = scheme.first, first.isASCII, first.isLetter,
      scheme.allSatisfy({ $0.isASCIIAlphanumeric || "+-.".contains($0) })
    else { return TextFault("url", "which is no URL", fix: fix) }
    let authority = text[colon.upperBound...].prefix { !"/?#".contains($0) }
    guard !authority.isEmpty, !text.contains(" ") else {
      return TextFault("url", "which is a URL without host", fix: fix)
    }
    return nil
  }

  /// `HOST:PORT` in two, where there is one colon and digits behind it (or brackets before it).
  private static func split(_ text: String) -> (host: String, port: String)? {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    var host = String(text[..<colon])
    let port = String(text[text.index(after: colon)...])
    guard !port.isEmpty, port.count <= 5, port.allSatisfy({ $0.isASCII && $0.isNumber }), !host.isEmpty else {
      return nil
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      return nil
    }
    return (host, port)
  }

  private static func withoutLeadingZeros(_ text: String) -> IPAddress? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    let numbers = parts.compactMap { part in part.allSatisfy { $0.isASCII && $0.isNumber } ? Int(part) : nil }
    return numbers.count == 4 ? IPAddress(numbers.map(String.init).joined(separator: ".")) : nil
  }

  /// Whether it is made of digits and dots, or ends in a label of digits, as no DNS name of a host does (RFC 3696).
  private static func looksLikeAddress(_ text: String) -> Bool {
    guard text.allSatisfy({ $0.isASCIIAlphanumeric || $0 == "." || $0 == "-" }) else { return false }
    guard let last = text.split(separator: ".", omittingEmptySubsequences: false).last else { return false }
    return text.contains(".") && !last.isEmpty && last.allSatisfy { $0.isASCII && $0.isNumber }
  }

  private static func isDNSName(_ text: String) -> Bool { DNSName.isSubdomain(text.lowercased()) || isHostName(text) }

  /// A name that a resolver may know: labels of letters, digits, `-` and `_` in either case.
  private static func isHostName(_ text: String) -> Bool {
    guard text.utf8.count <= 253 else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.allSatisfy { $0.isASCIIAlphanumeric || $0 == "-" || $0 == "_" }
    }
  }
}
