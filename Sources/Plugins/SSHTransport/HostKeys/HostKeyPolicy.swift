internal import QuorateCore

/// Which host keys are taken: those of the known hosts files, or those pinned in the configuration. Never another.
struct HostKeyPolicy: Sendable {
  /// A key that is known for the host, and where that stands.
  struct Known: Sendable, Hashable {
    var key: PublicKey
    var file: String
    var line: Int

    var place: String { "\(file):\(line)" }
  }

  /// The host's name in the configuration.
  let name: String
  /// Where it listens.
  let endpoint: HostEndpoint
  /// What runs a command on the last jump host, with a space behind it (`ssh bastion `); empty: the host is reached
  /// without one.
  let through: String
  /// The files that exist, for messages.
  let files: [String]
  /// The file that a new key belongs in.
  let firstFile: String
  /// Pinned fingerprints; when there are any, the files do not count.
  let pinned: [String]
  /// The host's keys.
  let known: [Known]
  /// Keys of the same name on port 22, where the host listens on another port and is not known there. As with
  /// OpenSSH, the same key is taken; a different one is not a changed key.
  let kin: [Known]
  /// Revoked keys.
  let revoked: [Known]
  /// Lines that know the host only by a CA.
  let authorities: [Known]

  /// Collects what is known of a host.
  init(
    name: String, endpoint: HostEndpoint, through: String = "", knownHosts: [KnownHosts], firstFile: String,
    pinned: [String]
  ) {
    self.name = name
    self.endpoint = endpoint
    self.through = through
    self.pinned = pinned
    files = knownHosts.map(\.file)
    self.firstFile = firstFile
    let names = endpoint.port == 22 ? [endpoint.host] : ["[\(endpoint.host)]:\(endpoint.port)", endpoint.host]
    func entries(_ marker: KnownHosts.Entry.Marker, of host: String) -> [Known] {
      knownHosts.flatMap { file in
        file.entries.filter { $0.marker == marker && $0.hosts.matches(host) }
          .map { Known(key: $0.key, file: file.file, line: $0.line) }
      }
    }
    known = entries(.none, of: names[0])
    kin = known.isEmpty ? names.dropFirst().flatMap { entries(.none, of: $0) } : []
    revoked = names.flatMap { entries(.revoked, of: $0) }
    authorities = names.flatMap { entries(.authority, of: $0) }
  }

  /// The host key algorithms to offer, best first; empty when no known key is of a type that the library checks.
  ///
  /// A server proves one key only. Where the files know the host, only their types are asked for: a file with an
  /// ed25519 line alone is then no false alarm on a server that has an ECDSA key too.
  func algorithms(supported: [String]) -> [String] {
    let all = [
      "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512",
      "rsa-sha2-256", "ssh-rsa",
    ].filter(supported.contains)
    guard pinned.isEmpty else { return all }
    let types = Set((known + kin).map(\.key.type))
    func isKnown(_ algorithm: String) -> Bool { types.contains(algorithm.hasPrefix("rsa-") ? "ssh-rsa" : algorithm) }
    return all.filter(isKnown) + (known.isEmpty ? all.filter { !isKnown($0) } : [])
  }

  /// Checks the key that the host proved to have.
  ///
  /// - Returns: Nil when it is the right one.
  func rejection(of offered: PublicKey) -> TransportError? {
    let shown = "\(offered.shortType) \(offered.fingerprint)"
    if let line = revoked.first(where: { $0.key == offered }) {
      return error(
        why: "the host key of \(address) is revoked: \(shown), marked @revoked in \(line.place)",
        fix: "do not connect; make a new host key on that host and make it known")
    }
    if !pinned.isEmpty {
      if pinned.contains(offered.fingerprint) { return nil }
      return error(
        why: "the host key of \(address) is not the one in the configuration: it offers \(shown), and `hostKeys` has "
          + pinned.joined(separator: ", "),
        fix: "find out why it differs; \(console(offered.type)), and correct `hostKeys` only if they are equal")
    }
    if (known + kin).contains(where: { $0.key == offered }) { return nil }
    if let expected = known.first(where: { $0.key.type == offered.type }) ?? known.first {
      return error(
        why: "the host key of \(address) has changed: it offers \(shown), but \(expected.place) knows "
          + "\(expected.key.shortType) \(expected.key.fingerprint)",
        fix: "somebody may stand in between. If the host was installed anew, \(console(offered.type)), and then: "
          + "ssh-keygen -R '\(knownName)' -f \(expected.file) && \(addCommand(offered.type))")
    }
    return unknown(shown, type: offered.type)
  }

  /// The error when the library can check none of the known types.
  func unusableTypes(offered: [String]?) -> TransportError {
    let places = known.map { "\($0.key.shortType) in \($0.place)" }.joined(separator: ", ")
    let better = ["ssh-ed25519", "ecdsa-sha2-nistp256"].first { offered?.contains($0) ?? true } ?? "ssh-ed25519"
    let why =
      known.allSatisfy { $0.key.type == "ssh-rsa" }
      ? "the only host key that is known for \(address) is \(places), and \(Self.rsaReason)"
      : "\(SSHLibrary.name) cannot check the host keys that are known for \(address): \(places)"
    return TransportError(
      .unsupported, host: name, why: why,
      fix:
        "make the host's \(PublicKey.shortType(better)) key known too: \(addCommand(better)); \(console(better)); or use "
        + Self.wayOut)
  }

  /// The error when the server and the library have no host key algorithm in common.
  func noCommonAlgorithm(offered: [String], asked: [String]) -> TransportError {
    let rsaOnly = !offered.isEmpty && offered.allSatisfy { PublicKey.shortType($0) == "RSA" }
    if rsaOnly, !SSHLibrary.hasRSAWithSHA2 {
      return TransportError(
        .unsupported, host: name,
        why: "the host \(address) has an RSA host key only, and \(Self.rsaReason)",
        fix:
          "give it an ED25519 host key (`ssh-keygen -A` there, and a `HostKey` line if sshd_config lists them), or use "
          + Self.wayOut)
    }
    if !known.isEmpty, pinned.isEmpty {
      let places = known.map { "\($0.key.shortType) \($0.key.fingerprint) in \($0.place)" }.joined(separator: ", ")
      return error(
        why: "the host \(address) does not offer the host key that is known for it (\(places)); it offers "
          + offered.joined(separator: ", "),
        fix: "find out why; if the host was installed anew, compare its fingerprint on its console, and then: "
          + "ssh-keygen -R '\(knownName)' && \(addCommand(offered.first ?? "ssh-ed25519"))")
    }
    return TransportError(
      .unsupported, host: name,
      why: "\(SSHLibrary.name) knows none of the host key algorithms that \(address) offers: "
        + offered.joined(separator: ", "),
      fix: "give the host an ED25519 host key (`ssh-keygen -A` there), or use " + Self.wayOut)
  }

  /// The transport that can do what libssh2 cannot.
  static let wayOut = "`transport: {plugin: openssh}`, which goes by the system's own ssh"

  static var rsaReason: String {
    "\(SSHLibrary.name) signs and checks RSA with SHA-1 only, which OpenSSH 8.8 and later refuse"
  }

  private func unknown(_ shown: String, type: String) -> TransportError {
    let places =
      files.isEmpty
      ? "there is no \(firstFile)"
      : "\(files.joined(separator: " and ")) \(files.count == 1 ? "does" : "do") not know it"
    let ca =
      authorities.first.map { "; \($0.place) names a CA for it, but \(SSHLibrary.name) cannot check host certificates" }
      ?? ""
    return error(
      why: "the host key of \(address) is unknown: it offers \(shown), and \(places)\(ca)",
      fix: "\(console(type)); if they are equal: \(addCommand(type))"
        + (authorities.isEmpty ? "" : "; or use \(Self.wayOut)"))
  }

  private func error(why: String, fix: String) -> TransportError {
    TransportError(.hostKeyRejected, host: name, why: why, fix: fix)
  }

  private var address: String { endpoint.port == 22 ? endpoint.host : "\(endpoint.host) port \(endpoint.port)" }

  /// The host as a known hosts file names it.
  private var knownName: String {
    endpoint.port == 22 ? endpoint.host : "[\(endpoint.host)]:\(endpoint.port)"
  }

  private func console(_ type: String) -> String {
    "compare the fingerprint on the host's own console: "
      + "ssh-keygen -lf /etc/ssh/ssh_host_\(PublicKey.toolType(type))_key.pub"
  }

  private func addCommand(_ type: String) -> String {
    let port = endpoint.port == 22 ? "" : "-p \(endpoint.port) "
    return "\(through)ssh-keyscan \(port)-t \(PublicKey.toolType(type)) \(endpoint.host) >> \(firstFile)"
  }
}
