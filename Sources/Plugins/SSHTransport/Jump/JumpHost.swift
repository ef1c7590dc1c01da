internal import QuorateCore

/// A host on the way to others: where it listens, and what is special about logging in there.
struct JumpHost: Sendable, Hashable {
  /// Where it listens; the login name where one is given.
  var endpoint: HostEndpoint
  /// Its own private key; nil: the transport's.
  var identityFile: String?
  /// Fingerprints that are taken instead of known hosts files.
  var hostKeys: [String] = []

  /// What the short form looks like.
  static let form = "[user@]host[:port]"

  /// The keys of the long form.
  static let schema = SchemaObject([
    SchemaKey("host", .string(form: "address or name"), required: true, "Where it listens."),
    SchemaKey("port", .integer(minimum: 1, maximum: 65_535), default: "22", "Its TCP port."),
    SchemaKey("user", .string(form: "login name"), default: "the transport's `user`", "The user to log in as."),
    SchemaKey(
      "identityFile", .string(form: "path"), default: "the transport's `identityFile`",
      "The private key for this jump host."),
    SchemaKey(
      "hostKeys", .list(of: .string(form: "SHA256 fingerprint")),
      "Fingerprints of this jump host, instead of known hosts files."),
  ])

  /// Reads one entry of `jump`.
  ///
  /// - Parameters:
  ///   - value: The short or the long form.
  ///   - setting: Where it stands, for errors.
  ///   - path: Resolves a path of the configuration.
  init(_ value: SettingsValue, at setting: String, path: (String) -> String) throws(PluginError) {
    if let text = value.string {
      guard let endpoint = Self.endpoint(text) else {
        throw PluginError(
          plugin: "ssh", why: "`\(text)` is no jump host", fix: "write it as \(Self.form), an IPv6 address in brackets",
          setting: setting)
      }
      self.endpoint = endpoint
      return
    }
    let host = value["host"].string ?? ""
    endpoint = HostEndpoint(
      host: host, port: UInt16(exactly: value["port"].integer ?? 22) ?? 0, user: value["user"].string)
    identityFile = value["identityFile"].string.map(path)
    hostKeys = (value["hostKeys"].list ?? []).compactMap(\.string)
    if !Self.isHost(host) {
      throw PluginError(plugin: "ssh", why: "`\(host)` is no address or name", setting: setting + ".host")
    }
    if endpoint.port == 0 {
      throw PluginError(plugin: "ssh", why: "a port is a number from 1 to 65535", setting: setting + ".port")
    }
    if let user = endpoint.user, !SSHSettings.isLoginName(user) {
      throw PluginError(plugin: "ssh", why: "`\(user)` is no login name", setting: setting + ".user")
    }
    for (index, text) in hostKeys.enumerated() where !SSHSettings.isFingerprint(text) {
      throw PluginError(
        plugin: "ssh", why: "`\(text)` is no SHA-256 fingerprint",
        fix: "write it as `ssh-keygen -lf FILE` prints it: SHA256: and 43 characters",
        setting: "\(setting).hostKeys[\(index)]")
    }
  }

  /// Reads the short form; nil when it is none.
  static func endpoint(_ text: String) -> HostEndpoint? {
    var rest = text[...]
    var user: String?
    if let at = rest.lastIndex(of: "@") {
      user = String(rest[..<at])
      rest = rest[rest.index(after: at)...]
    }
    var host = rest
    var port = "22"[...]
    if rest.first == "[" {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      host = rest[rest.index(after: rest.startIndex)..<end]
      let behind = rest[rest.index(after: end)...]
      if !behind.isEmpty {
        guard behind.first == ":" else { return nil }
        port = behind.dropFirst()
      }
    } else if rest.count(where: { $0 == ":" }) == 1, let colon = rest.firstIndex(of: ":") {
      host = rest[..<colon]
      port = rest[rest.index(after: colon)...]
    }
    guard isHost(String(host)), port.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(port), number > 0
    else { return nil }
    if let user, !SSHSettings.isLoginName(user) { return nil }
    return HostEndpoint(host: String(host), port: number, user: user)
  }

  private static func isHost(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 255 && text.first != "-"
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789.:-_%".unicodeScalars.contains($0))
      }
  }
}
