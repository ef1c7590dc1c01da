internal import QuorateCore

/// Reads hosts from the configuration of OpenSSH's client (ssh_config(5)).
public enum SSHConfigInventory {
  /// Reads the entries whose names match a pattern.
  ///
  /// - Parameters:
  ///   - file: The file as the user named it.
  ///   - bytes: Its content.
  ///   - patterns: Patterns of `Host`, with blanks or commas in between: `etcd*`, `infra?`, `!infra9`.
  ///   - surroundings: Where included files and names are looked up.
  public static func read(
    file: String, bytes: [UInt8], patterns: String, surroundings: InventorySurroundings
  ) -> Inventory {
    var builder = InventoryBuilder(source: "the SSH configuration \(file)", surroundings: surroundings)
    var reader = SSHConfigReader(surroundings: surroundings)
    reader.read(file: file, bytes: bytes, &builder)
    let pattern = SSHHostPattern(patterns.split { $0 == " " || $0 == "," }.map(String.init))
    var seen: Set<String> = []
    let all = reader.blocks.flatMap { block in
      block.pattern.names.filter { seen.insert($0).inserted }.map { (name: $0, position: block.position) }
    }
    let chosen = all.filter { pattern.matches($0.name) }
    guard chosen.count <= Self.hostLimit else {
      builder.error(
        "ssh-config.many", at: SourcePosition(file: file, line: 1, column: 1),
        "\(chosen.count) entries match \(shown(patterns))", why: "at most \(Self.hostLimit) are taken",
        fix: "give a pattern that matches the members alone")
      return builder.finished
    }
    for entry in chosen { host(entry.name, entry.position, reader, &builder) }
    if chosen.isEmpty, !builder.findings.hasErrors {
      let names = all.map(\.name)
      let near = NearestName.find(patterns, among: names).map { "did you mean \(shown($0))? " } ?? ""
      builder.error(
        "ssh-config.none", at: SourcePosition(file: file, line: 1, column: 1), "no entry matches \(shown(patterns))",
        fix: near
          + (names.isEmpty
            ? "it has no `Host` with a name of its own"
            : "its hosts are \(names.prefix(20).map { shown($0) }.joined(separator: ", "))\(names.count > 20 ? ", …" : "")")
      )
    }
    return builder.finished
  }

  private static let hostLimit = 100

  private static func host(
    _ name: String, _ position: SourcePosition, _ reader: SSHConfigReader, _ builder: inout InventoryBuilder
  ) {
    let options = reader.options(of: name)
    let hostName = options["hostname"].map { $0.value.replacing("%h", with: name).replacing("%%", with: "%") }
    var host = Inventory.Host(
      name: name, address: hostName ?? name, position: options["hostname"]?.position ?? position)
    host.user = options["user"]?.value
    if let port = options["port"] {
      host.port = UInt16(port.value).flatMap { $0 > 0 ? $0 : nil }
      if host.port == nil {
        builder.error(
          "ssh-config.port", at: port.position, "the port of \(shown(name)) is \(shown(port.value)), which is none",
          fix: "write a number from 1 to 65535")
      }
      if host.port == 22 { host.port = nil }
    }
    if let key = options["identityfile"], key.value != "none" {
      if key.value.contains("%") {
        builder.warning(
          "ssh-config.left-out", at: key.position, "`IdentityFile` is \(shown(key.value)), which is left out",
          why: "it has a token in it", fix: "set `identityFile` in the transport's settings")
      } else {
        host.identityFile = key.value
      }
    }
    if let jump = options["proxyjump"], jump.value.lowercased() != "none" {
      host.jump = jump.value.split(separator: ",").map { hop(String($0), reader) }
    }
    for (keyword, written) in Self.notTaken {
      guard let option = options[keyword], option.value.lowercased() != "none" else { continue }
      builder.warning(
        "ssh-config.left-out", at: option.position,
        "`\(written)` of \(shown(name)) is left out: \(shown(option.value))",
        why: "the starter file's transport does not read the SSH client's configuration",
        fix: "look in docs/configuration.md for what the transports can do")
    }
    builder.add(host)
  }

  /// A hop of `ProxyJump` with what the configuration says of it, for those who do not read it.
  private static func hop(_ text: String, _ reader: SSHConfigReader) -> String {
    let (user, rest) =
      text.lastIndex(of: "@").map {
        (String(text[..<$0]), String(text[text.index(after: $0)...]))
      } ?? (nil, text)
    let colon = rest.lastIndex(of: ":")
    let hasPort = colon.map { rest[rest.index(after: $0)...].allSatisfy { $0.isASCII && $0.isNumber } } ?? false
    let isAddress = IPAddress(rest) != nil
    let name = hasPort && !isAddress ? String(rest[..<(colon ?? rest.endIndex)]) : rest
    let options = reader.options(of: name)
    let host = options["hostname"]?.value.replacing("%h", with: name) ?? name
    let port =
      hasPort && !isAddress ? colon.map { String(rest[rest.index(after: $0)...]) } : options["port"]?.value
    return ((user ?? options["user"]?.value).map { $0 + "@" } ?? "") + (IPAddress(host)?.urlText ?? host)
      + (port.map { $0 == "22" ? "" : ":" + $0 } ?? "")
  }

  /// Keywords that decide whether a host is reached at all.
  private static let notTaken = [
    ("proxycommand", "ProxyCommand"), ("certificatefile", "CertificateFile"),
    ("hostkeyalias", "HostKeyAlias"), ("userknownhostsfile", "UserKnownHostsFile"), ("addressfamily", "AddressFamily"),
    ("bindaddress", "BindAddress"), ("pkcs11provider", "PKCS11Provider"),
    ("securitykeyprovider", "SecurityKeyProvider"),
  ]
}
