import Glibc
internal import QuorateCore

/// What stands under `with:` of the transport `ssh`.
struct SSHSettings: Sendable {
  /// The login name where a host names none; nil: the name of the user who runs this program.
  var user: String?
  /// The private key; nil: the usual ones.
  var identityFile: String?
  /// Whether an agent is asked; nil: when `SSH_AUTH_SOCK` is set.
  var agent: Bool?
  /// Whether commands run as root by sudo.
  var becomesRoot = false
  /// The time for connecting and logging in, in seconds; nil: what the caller says.
  var connectTimeout: Double?
  /// Seconds without a word from the host after which it is asked for a sign of life; 0: never.
  var keepAlive = 15
  /// The known hosts file; nil: the usual two.
  var knownHosts: String?
  /// Fingerprints that are taken instead of known hosts files.
  var hostKeys: [String] = []
  /// The way to every host, the nearest first.
  var jump: [JumpHost] = []

  /// The keys, for the reference page.
  static let schema = SchemaObject([
    SchemaKey(
      "user", .string(form: "login name"), default: "your own name",
      "The user to log in as, where a host's `ssh.user` does not say."),
    SchemaKey(
      "identityFile", .string(form: "path"), default: "~/.ssh/id_ed25519, ~/.ssh/id_ecdsa",
      "The private key, in the format of OpenSSH or PEM. A passphrase is asked for once, and only when an agent does not "
        + "hold the key."),
    SchemaKey(
      "agent", .boolean, default: "true where SSH_AUTH_SOCK is set", "Whether keys of an ssh-agent are used."),
    SchemaKey(
      "become", .oneOf(["none", "sudo"]), default: "none",
      "How commands get root's rights. `sudo` asks for a password only where the host's sudo does; it is never part of "
        + "the configuration (--ask-become-pass, --become-pass-fd)."),
    SchemaKey(
      "connectTimeout", .duration, default: "10s",
      "How long connecting and logging in may take, a host."),
    SchemaKey(
      "keepalive", .duration, default: "15s",
      "After this long without a word the host is asked for a sign of life; after three times as long the connection "
        + "counts as lost. 0 switches it off."),
    SchemaKey(
      "knownHosts", .string(form: "path"), default: "~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts",
      "The file of known host keys."),
    SchemaKey(
      "hostKeys", .list(of: .string(form: "SHA256 fingerprint")),
      "Fingerprints as `ssh-keygen -lf` prints them (SHA256:…). When given, a host must prove one of these keys, and "
        + "known hosts files do not count."),
    SchemaKey(
      "jump", .list(of: .anyOf([.string(form: JumpHost.form), .object(JumpHost.schema)])),
      example: "[ops@bastion.example.com, 10.1.0.1:2222]",
      "Jump hosts on the way to every host, the nearest first. Each is logged in to once in a run, its key is checked like a "
        + "host's, and it must forward connections (`AllowTcpForwarding local`) or have socat, nc, ncat or bash, which "
        + "then relays."),
  ])

  /// Reads settings that were checked against ``schema``.
  ///
  /// - Parameter baseFolder: Where relative paths start from.
  init(_ value: SettingsValue, baseFolder: String) throws(PluginError) {
    user = value["user"].string
    identityFile = value["identityFile"].string.map { OperatorPath.resolved($0, from: baseFolder) }
    agent = value["agent"].boolean
    becomesRoot = value["become"].string == "sudo"
    connectTimeout = value["connectTimeout"].integer.map(Double.init)
    keepAlive = value["keepalive"].integer ?? 15
    knownHosts = value["knownHosts"].string.map { OperatorPath.resolved($0, from: baseFolder) }
    hostKeys = (value["hostKeys"].list ?? []).compactMap(\.string)
    if let user, !Self.isLoginName(user) {
      throw PluginError(plugin: "ssh", why: "`\(user)` is no login name", setting: "user")
    }
    for (index, entry) in (value["jump"].list ?? []).enumerated() {
      jump.append(try JumpHost(entry, at: "jump[\(index)]") { OperatorPath.resolved($0, from: baseFolder) })
    }
    if let timeout = connectTimeout, timeout < 1 {
      throw PluginError(
        plugin: "ssh", why: "connecting takes more than no time", fix: "write a time such as 15s",
        setting: "connectTimeout")
    }
    if keepAlive < 0 || keepAlive > 86_400 {
      throw PluginError(plugin: "ssh", why: "keepalive is a time from 0s to 24h", setting: "keepalive")
    }
    for (index, text) in hostKeys.enumerated() where !Self.isFingerprint(text) {
      throw PluginError(
        plugin: "ssh", why: "`\(text)` is no SHA-256 fingerprint",
        fix: "write it as `ssh-keygen -lf FILE` prints it: SHA256: and 43 characters", setting: "hostKeys[\(index)]")
    }
  }

  /// The known hosts files to read, in order.
  var knownHostsFiles: [String] {
    knownHosts.map { [$0] } ?? [OperatorPath.resolved("~/.ssh/known_hosts", from: "/"), "/etc/ssh/ssh_known_hosts"]
  }

  /// The private keys that are tried when none is named.
  static var usualIdentityFiles: [String] {
    ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"].map { OperatorPath.resolved($0, from: "/") }
  }

  /// The socket of an agent to ask, if one is to be asked.
  var agentSocket: String? {
    guard agent != false, let socket = getenv("SSH_AUTH_SOCK").map({ String(cString: $0) }), !socket.isEmpty
    else { return nil }
    return socket
  }

  /// The name of the user who runs this program.
  static var ownName: String {
    guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name else { return "root" }
    return String(cString: name)
  }

  /// Whether a text can be a login name.
  static func isLoginName(_ text: String) -> Bool {
    !text.isEmpty && !text.hasPrefix("-") && !text.unicodeScalars.contains { $0.value <= 32 || $0 == "@" }
  }

  /// Whether a text is a SHA-256 fingerprint as OpenSSH prints it.
  static func isFingerprint(_ text: String) -> Bool {
    text.hasPrefix("SHA256:") && text.utf8.count == 50 && Base64.decode(Array(text.utf8.dropFirst(7)) + [61]) != nil
  }
}
