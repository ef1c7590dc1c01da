import Glibc
import QuorateCore

/// What stands under `with:` of the transport `openssh`.
struct OpenSSHSettings: Sendable {
  /// The login name where a host names none; nil: what ssh_config says.
  var user: String?
  /// The port where a host names none but 22; nil: what ssh_config says.
  var port: UInt16?
  /// The private key; nil: what ssh_config says.
  var identityFile: String?
  /// The file that is read instead of `~/.ssh/config` and `/etc/ssh/ssh_config`; `none`: none at all.
  var configFile: String?
  /// The known hosts file; nil: what ssh_config says.
  var knownHosts: String?
  /// Further options of ssh_config(5), as `Keyword=value`.
  var options: [String] = []
  /// Whether commands run as root by sudo.
  var becomesRoot = false
  /// The time for connecting and logging in, in seconds; nil: what the caller says.
  var connectTimeout: Double?
  /// Seconds of silence after which the host is asked for a sign of life; 0: never.
  var keepAlive = 15

  /// The keys, for the reference page.
  static let schema = SchemaObject([
    SchemaKey(
      "user", .string(form: "login name"), default: "what ssh_config says",
      "The user to log in as, where a host's `ssh.user` does not say."),
    SchemaKey(
      "port", .integer(minimum: 1, maximum: 65_535), default: "what ssh_config says",
      "The port of hosts whose `ssh.port` is 22 or unset."),
    SchemaKey(
      "identityFile", .string(form: "path"), default: "what ssh_config says",
      "The private key, of any kind that ssh takes. When given, no other key is offered; an agent may hold it."),
    SchemaKey(
      "configFile", .string(form: "path"), default: "~/.ssh/config and /etc/ssh/ssh_config",
      "The ssh_config file that is read instead of the usual ones; `none` reads none. All of it counts: ProxyJump, "
        + "certificates, Match."),
    SchemaKey(
      "knownHosts", .string(form: "path"), default: "what ssh_config says",
      "The file of known host keys, for jump hosts too; no other is read then."),
    SchemaKey(
      "options", .list(of: .string(form: "Keyword=value")),
      example: "[ProxyJump=bastion, Ciphers=aes256-gcm@openssh.com]",
      "Options of ssh_config(5), for those without a key here. Options that run a command or loosen the check of host keys "
        + "are refused; the former may stand in your own ssh_config."),
    SchemaKey(
      "become", .oneOf(["none", "sudo"]), default: "none",
      "How commands get root's rights. `sudo` asks for a password only where the host's sudo does; it is never part of "
        + "the configuration (--ask-become-pass, --become-pass-fd)."),
    SchemaKey(
      "connectTimeout", .duration, default: "10s", "How long connecting and logging in may take, a host."),
    SchemaKey(
      "keepalive", .duration, default: "15s",
      "After this long without a word the host is asked for a sign of life; after three times as long the connection "
        + "counts as lost. 0 switches it off."),
  ])

  /// Options that may stand under `options`: none of them runs a program, loads a library, opens a forwarding, or changes
  /// what this transport rests on (host keys are checked, one master connection, no prompts).
  static let allowedOptions: Set<String> = Set(
    [
      "AddressFamily", "BindAddress", "BindInterface", "CanonicalDomains", "CanonicalizeFallbackLocal",
      "CanonicalizeHostname", "CanonicalizeMaxDots", "CanonicalizePermittedCNAMEs", "CASignatureAlgorithms",
      "CertificateFile", "Ciphers", "Compression", "ConnectionAttempts", "FingerprintHash", "GlobalKnownHostsFile",
      "GSSAPIAuthentication", "HostKeyAlgorithms", "HostKeyAlias", "HostName",
      "IdentitiesOnly",
      "IdentityAgent", "IPQoS", "KexAlgorithms", "MACs", "PreferredAuthentications", "ProxyJump",
      "PubkeyAcceptedAlgorithms", "PubkeyAcceptedKeyTypes", "PubkeyAuthentication", "RekeyLimit", "RequiredRSASize",
      "RevokedHostKeys", "TCPKeepAlive", "UserKnownHostsFile",
    ].map { $0.lowercased() })

  /// Reads settings that were checked against ``schema``.
  ///
  /// - Parameter baseFolder: Where relative paths start from.
  init(_ value: SettingsValue, baseFolder: String) throws(PluginError) {
    user = value["user"].string
    port = value["port"].integer.flatMap { UInt16(exactly: $0) }
    identityFile = value["identityFile"].string.map { OperatorPath.resolved($0, from: baseFolder) }
    configFile = value["configFile"].string.map { $0 == "none" ? $0 : OperatorPath.resolved($0, from: baseFolder) }
    knownHosts = value["knownHosts"].string.map { OperatorPath.resolved($0, from: baseFolder) }
    options = (value["options"].list ?? []).compactMap(\.string)
    becomesRoot = value["become"].string == "sudo"
    connectTimeout = value["connectTimeout"].integer.map(Double.init)
    keepAlive = value["keepalive"].integer ?? 15
    if let user, user.isEmpty || user.hasPrefix("-") || user.unicodeScalars.contains(where: { $0.value <= 32 }) {
      throw PluginError(plugin: "openssh", why: "`\(user)` is no login name", setting: "user")
    }
    if let timeout = connectTimeout, timeout < 1 {
      throw PluginError(
        plugin: "openssh", why: "connecting takes more than no time", fix: "write a time such as 15s",
        setting: "connectTimeout")
    }
    if keepAlive < 0 || keepAlive > 86_400 {
      throw PluginError(plugin: "openssh", why: "keepalive is a time from 0s to 24h", setting: "keepalive")
    }
    for (name, path) in [
      ("identityFile", identityFile), ("configFile", configFile), ("knownHosts", knownHosts),
    ] {
      if let path, path.unicodeScalars.contains(where: { $0.value < 32 || $0 == "\"" || $0 == "\\" }) {
        throw PluginError(plugin: "openssh", why: "ssh cannot be given the path `\(path)`", setting: name)
      }
    }
    for (index, option) in options.enumerated() { try Self.check(option, at: "options[\(index)]") }
  }

  private static func check(_ option: String, at setting: String) throws(PluginError) {
    let keyword = option.prefix { $0 != "=" }
    guard keyword.utf8.count < option.utf8.count, !keyword.isEmpty,
      keyword.utf8.allSatisfy({ (65...90).contains($0) || (97...122).contains($0) || (48...57).contains($0) }),
      !option.unicodeScalars.contains(where: { $0.value < 32 })
    else {
      throw PluginError(
        plugin: "openssh", why: "`\(HostWords.printable(option))` is no option", fix: "write it as Keyword=value",
        setting: setting)
    }
    guard allowedOptions.contains(keyword.lowercased()) else {
      throw PluginError(
        plugin: "openssh", why: "the option \(keyword) cannot be set here",
        fix: "see whether there is a key for it beside `options`; what runs a command belongs in your own ssh_config "
          + "(`configFile`); host keys are always checked", setting: setting)
    }
  }
}
