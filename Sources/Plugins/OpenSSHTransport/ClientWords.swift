import QuorateCore

/// What ssh(1) said when it could not connect, told apart. The sentences are those of OpenSSH 8 and 9, which does not
/// translate them; what is not recognised is quoted.
struct ClientWords: Sendable {
  private let lines: [String]

  /// Takes standard error and log.
  init(_ text: String) {
    lines = text.split(whereSeparator: \.isNewline).map { HostWords.printable(String($0)) }.filter { !$0.isEmpty }
  }

  /// The last thing that was said.
  var lastLine: String { lines.last ?? "" }

  /// Why a channel of the master could not be opened, by what the master said last: `connect failed: Connection refused`.
  var refusal: String? { lines.last { $0.contains("open failed: ") }?.rest(after: "open failed: ") }

  /// The error for it.
  ///
  /// - Parameter identity: Who should have been logged in, and where.
  func error(host: String, identity: ClientIdentity) -> TransportError {
    hostKeyError(host, identity) ?? configurationError(host) ?? credentialError(host, identity)
      ?? forwardingError(host, identity) ?? networkError(host, identity)
      ?? TransportError(
        .unreachable, host: host,
        why: "ssh could not connect to \(identity.address)"
          + (lines.isEmpty ? "" : ": \(HostWords.printable(lines.suffix(3).joined(separator: "\n")))"),
        fix: "try it by hand: ssh -v \(identity.host)")
  }

  // MARK: Host keys

  private func hostKeyError(_ host: String, _ identity: ClientIdentity) -> TransportError? {
    func error(_ why: String, _ fix: String) -> TransportError {
      TransportError(.hostKeyRejected, host: host, why: why, fix: fix)
    }
    let shown = lines.firstIndex { $0.contains("key sent by the remote host is") }.flatMap { index in
      lines[(index + 1)...].first.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
    }
    if let line = line("has changed and you have requested strict checking") ?? line("HOST IDENTIFICATION HAS CHANGED")
    {
      let name = word(of: line, between: "Host key for ", and: " has changed") ?? identity.address
      let place =
        self.line("Offending ").flatMap { $0.split(separator: " ").last }.map { ", but \($0) knows another" } ?? ""
      return error(
        "the host key of \(name) has changed: it offers \(shown ?? "another key")\(place)",
        "somebody may stand in between. If the host was installed anew, compare the fingerprint on its own console "
          + "(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and then: ssh-keygen -R '\(name)', and make the new key known"
      )
    }
    if line("REVOKED HOST KEY") != nil || line("is revoked") != nil {
      return error(
        "the host key of \(identity.address) is marked @revoked",
        "do not connect; make a new host key on that host and make it known")
    }
    if let line = line("host key is known for") {
      let name = word(of: line, between: "host key is known for ", and: " and you have") ?? identity.address
      return error(
        "the host key of \(name) is unknown",
        "compare the fingerprint that `ssh \(identity.host)` shows with the one on the host's own console (ssh-keygen -lf "
          + "/etc/ssh/ssh_host_ed25519_key.pub), and make it known: answer yes there, or ssh-keyscan … >> ~/.ssh/known_hosts"
      )
    }
    guard line("Host key verification failed") != nil || line("Host certificate") != nil else { return nil }
    return error(
      "the host key of \(identity.address), or of a jump host, could not be verified",
      "see what ssh -v \(identity.host) says")
  }

  // MARK: This side

  private func configurationError(_ host: String) -> TransportError? {
    for sign in [
      "Bad configuration option", "bad configuration option", "Bad owner or permissions on", "extra arguments at end",
    ] {
      if let line = line(sign) {
        return TransportError(
          .unsupported, host: host, why: "ssh does not take its configuration: \(line)",
          fix: "correct ssh_config or `options`")
      }
    }
    guard let line = line("Unable to negotiate with") else { return nil }
    return TransportError(
      .unsupported, host: host, why: "ssh and the host have no common ground: \(line)",
      fix: "let the host's sshd_config or your ssh_config allow what the other side offers")
  }

  private func credentialError(_ host: String, _ identity: ClientIdentity) -> TransportError? {
    let denied = line("Permission denied (") ?? line("Too many authentication failures")
    if let line = line("UNPROTECTED PRIVATE KEY FILE") ?? line("bad permissions"), denied != nil {
      let file = self.line("Permissions 0").flatMap { word(of: $0, between: "for '", and: "'") }
      return TransportError(
        .credentialUnusable, host: host, why: file.map { "others may read the private key \($0)" } ?? line,
        fix: "chmod 600 \(file ?? "FILE")")
    }
    let unusable =
      line("no such identity") ?? line("not accessible") ?? line("Load key ") ?? line("signing failed") ?? line(
        "sign_and_send_pubkey")
      ?? line("Enter passphrase")
    guard let denied else { return nil }
    if let unusable {
      return TransportError(
        .credentialUnusable, host: host,
        why: "\(identity.user) could not log in to \(identity.address), since a key could not be used: \(unusable)",
        fix: "correct `identityFile`; a key with a passphrase or on a token is used through an agent: ssh-add FILE")
    }
    let methods = word(of: denied, between: "Permission denied (", and: ")").map { "; the host takes: \($0)" } ?? ""
    return TransportError(
      .authenticationFailed, host: host, why: "\(identity.address) does not let \(identity.user) in\(methods)",
      fix:
        "see that the login name is right, that ~\(identity.user)/.ssh/authorized_keys on the host has your key, and which "
        + "keys `ssh -v \(identity.host)` offers; a key with a passphrase must be in an agent (ssh-add)")
  }

  // MARK: The way

  private func forwardingError(_ host: String, _ identity: ClientIdentity) -> TransportError? {
    guard line("stdio forwarding failed") != nil || line("Stdio forwarding request failed") != nil else { return nil }
    if line("administratively prohibited") != nil {
      return .forwardingRefused(
        host: host, place: "the jump host", address: identity.address, relayIsMissing: false)
    }
    let reason = line("open failed: ").flatMap { $0.rest(after: "open failed: ") } ?? "it does not say why"
    return TransportError(
      .unreachable, host: host, why: "the jump host cannot connect to \(identity.address): \(reason)",
      fix: "see on the jump host whether the host can be reached: nc -z \(identity.host) \(identity.port)")
  }

  private func networkError(_ host: String, _ identity: ClientIdentity) -> TransportError? {
    func error(_ why: String, _ fix: String) -> TransportError {
      TransportError(.unreachable, host: host, why: why, fix: fix)
    }
    if let line = line("Could not resolve hostname ") {
      let name = word(of: line, between: "Could not resolve hostname ", and: ":") ?? identity.host
      let reason = line.rest(after: "\(name): ") ?? "it is not known"
      return error(
        "the name \(name) was not found: \(reason.lowercased())", "correct the host's address, or write its IP")
    }
    if let line = line("connect to host ") {
      let place = word(of: line, between: "connect to host ", and: ": ") ?? identity.address
      let reason = line.rest(after: "\(place): ") ?? "no answer"
      return error(
        "cannot connect to \(place): \(reason.lowercased())",
        "see whether the host is up and sshd runs there, and whether its address and port are right")
    }
    if line("timed out") != nil {
      return error(
        "\(identity.address) did not answer in time",
        "see whether the host is up, and whether a firewall drops the connection; `connectTimeout` sets the time")
    }
    guard
      let line = line("kex_exchange_identification") ?? line("banner exchange") ?? line("closed by") ?? line("reset by")
    else { return nil }
    return error(
      "\(identity.address) ended the connection before the login: \(line)",
      "see whether sshd is what listens there, and its log (MaxStartups, hosts.deny, PerSourcePenalties)")
  }

  // MARK: Looking

  private func line(_ sign: String) -> String? { lines.first { $0.contains(sign) } }

  private func word(of line: String, between start: String, and end: String) -> String? {
    guard let rest = line.rest(after: start), let range = rest.firstRange(of: end) else { return nil }
    return String(rest[..<range.lowerBound])
  }
}

extension String {
  /// What stands behind the first occurrence of a text.
  fileprivate func rest(after text: String) -> String? {
    firstRange(of: text).map { String(self[$0.upperBound...]) }
  }
}
