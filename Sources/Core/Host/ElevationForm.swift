/// With whose rights a command runs on a host, and the constant command line that starts it.
///
/// Every command line does the same: it reads a nonce (one line) from its input, writes the nonce and a dot as a
/// line to standard output and standard error, reads one line of shell text, and becomes `sh -c TEXT`, with the
/// rest of the input as TEXT's input. Whatever comes before the nonce is noise: banners of login shells, sudo's
/// lecture, warnings. ``ElevationDialogue`` is the other side.
///
/// The lines mean the same to sh, bash, dash, zsh, csh, tcsh and fish as login shells, and hold no value: nonce,
/// password, text and data all travel on the input. `read` takes single bytes from a pipe (POSIX, "read"), so what
/// follows a line stays for the next reader. Messages are in the C locale, so that sudo's can be told apart.
public enum ElevationForm: String, Sendable, Hashable, CaseIterable {
  /// As the user who logged in.
  case none
  /// By `sudo -n`: never asks, reads nothing from the input, ends at once where a password is needed.
  case sudo
  /// By `sudo -S -p PROMPT`: the password goes to the input once the prompt, which holds the nonce, was seen.
  case sudoWithPassword = "sudo-with-password"

  /// The command as an argument vector, for a transport that starts programs itself.
  public var words: [String] { words(run: #"exec sh -c "$t""#) }

  /// The command as one line for any login shell.
  public var line: String { Self.line(words) }

  /// As ``line``, for a client that tells of exit statuses only: where a signal ends the command, a shell that stays says
  /// so with its own status, 128 and the signal's number.
  public var lineWithStatus: String { Self.line(words(run: #"{ sh -c "$t"; exit $?; }"#)) }

  private func words(run: String) -> [String] {
    switch self {
    case .none: ["sh", "-c", Self.prefix + " && " + Self.begin(nonce: "$n", run)]
    case .sudo:
      ["sh", "-c", Self.prefix + #" && exec sudo -n -- sh -c "$0" quorate "$n""#, Self.begin(nonce: "$1", run)]
    case .sudoWithPassword:
      [
        "sh", "-c", Self.prefix + #" && exec sudo -S -p "$n?" -- sh -c "$0" quorate "$n""#,
        Self.begin(nonce: "$1", run),
      ]
    }
  }

  private static func line(_ words: [String]) -> String {
    words.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
  }

  private static let prefix = "LC_ALL=C; export LC_ALL; IFS= read -r n"

  private static func begin(nonce: String, _ run: String) -> String {
    #"echo "\#(nonce)." && echo "\#(nonce)." >&2 && IFS= read -r t && \#(run)"#
  }
}
