/// Why a command never began, read from what sudo or the login shell said instead.
///
/// The messages are those of sudo 1.8 and 1.9 (`plugins/sudoers`) and sudo-rs 0.2 in the C locale. What is not
/// recognised is quoted.
struct ElevationRefusal: Sendable {
  /// With whose rights it should have run.
  var form: ElevationForm
  /// What the host wrote.
  var said: String
  /// How the process ended; nil when that was not seen.
  var status: ExitStatus?
  /// Whether sudo got a password.
  var passwordWasSent: Bool

  /// Whether `sudo -n` ended because it would have had to ask.
  var isPasswordRequired: Bool {
    form == .sudo && (says("password is required") || says("interactive authentication is required"))
  }

  /// The error for it.
  func error(host: String, user: String?) -> TransportError {
    let who = user ?? "the login user"
    if form == .none {
      return TransportError(
        .commandNotStarted, host: host, why: "the login shell of \(who) did not start the command" + quote,
        fix: "log in as \(who) by hand and try: sh -c 'echo works'; a restricted shell or a ForceCommand cannot be used"
      )
    }
    if says("incorrect password attempt") || says("incorrect authentication attempt") || says("Sorry, try again")
      || (passwordWasSent && says("Authentication failed"))
    {
      return Self.passwordWrong(host: host, user: user)
    }
    if says("not in the sudoers file") || says("is not allowed to") || says("may not run sudo") {
      return TransportError(
        .elevationRefused, host: host, why: "sudo does not allow \(who) to run programs as root" + quote,
        fix: "give \(who) the right in sudoers (`\(user ?? "NAME") ALL=(ALL) ALL`), or log in as another user")
    }
    if says("must have a tty") {
      return TransportError(
        .elevationRefused, host: host, why: "sudo on this host wants a terminal (`requiretty`)",
        fix: "add `Defaults:\(user ?? "NAME") !requiretty` to sudoers")
    }
    if status == .exited(127) || says("sudo: not found") || says("sudo: command not found") {
      return TransportError(
        .elevationRefused, host: host, why: "there is no sudo on this host",
        fix: "install sudo there, or log in as root with `become: none`")
    }
    if says("password is required") || says("no password was provided") {
      return Self.passwordMissing(host: host, user: user)
    }
    return TransportError(
      .elevationRefused, host: host, why: "sudo did not start the command" + quote,
      fix: "log in as \(who) by hand and try: sudo true")
  }

  /// A password is needed, and there is none.
  static func passwordMissing(host: String, user: String?) -> TransportError {
    TransportError(
      .elevationRefused, host: host, why: "sudo asks \(user ?? "the login user") for a password, and none was given",
      fix: "give it with --ask-become-pass or --become-pass-fd N, or let sudo ask for none (NOPASSWD in sudoers)")
  }

  /// The password was wrong.
  static func passwordWrong(host: String, user: String?) -> TransportError {
    TransportError(
      .elevationPasswordWrong, host: host, why: "the sudo password of \(user ?? "the login user") is wrong",
      fix:
        "give the right one with --ask-become-pass or --become-pass-fd N; it is asked for once and used on every host"
    )
  }

  private func says(_ words: String) -> Bool { said.contains(words) }

  /// `, it said: …`, on one line and printable; `, with status N` where nothing was said.
  private var quote: String {
    let words = HostWords.printable(said)
    if !words.isEmpty { return "; the host said: \(words)" }
    switch status {
    case .exited(let number): return "; it ended with status \(number) and said nothing"
    case .signalled(let name): return "; signal \(name) ended it"
    case nil: return ""
    }
  }
}

extension TransportError {
  /// The error of a transport that learned that sudo asks for a password, and has none.
  public static func becomePasswordMissing(host: String, user: String?) -> TransportError {
    ElevationRefusal.passwordMissing(host: host, user: user)
  }

  /// The error of a transport that saw sudo ask again.
  public static func becomePasswordWrong(host: String, user: String?) -> TransportError {
    ElevationRefusal.passwordWrong(host: host, user: user)
  }
}

/// Words that came from a host, made fit for a message.
public enum HostWords {
  /// The last 300 characters on one line, control characters left out: they could move a terminal's cursor.
  public static func printable(_ text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline).map { line in
      String(String.UnicodeScalarView(line.unicodeScalars.filter { $0.value >= 32 && !(127...159).contains($0.value) }))
    }
    let joined = lines.filter { $0.contains { !$0.isWhitespace } }.joined(separator: "; ")
    return joined.count > 300 ? "…" + joined.suffix(299) : joined
  }
}
