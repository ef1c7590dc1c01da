import Glibc
import QuorateCore
import Synchronization

/// What ssh asks while it logs in: passphrases of keys and PINs of tokens. They come from where this program's secrets come
/// from, through a script that ssh runs for a question (`SSH_ASKPASS`) and two named pipes in the private folder.
final class PassphraseQuestions: Sendable {
  /// The script. The question goes out as a line, the answer comes back as one; an empty one is no answer. What only tells
  /// the user to touch a token needs none.
  static let script = """
    #!/bin/sh
    [ "$SSH_ASKPASS_PROMPT" != none ] || exit 0
    printf '%s\\n' "$1" | head -n 1 > "$QUORATE_QUESTION" && IFS= read -r answer < "$QUORATE_ANSWER" && printf '%s\\n' "$answer"

    """

  private struct State {
    var line: [UInt8] = []
    var askedAt: UInt64?
    var spent: UInt64 = 0
    var asked: [(subject: String, wasAnswered: Bool)] = []
  }

  /// Readable when something is asked.
  let descriptor: Int32
  private let answers: Int32
  private let place: String
  private let script: String
  private let secrets: any SecretSource
  private let state = Mutex(State())

  /// Makes the pipes.
  ///
  /// - Parameters:
  ///   - place: What their names begin with.
  ///   - script: The path of ``script``.
  /// - Returns: Nil when they cannot be made.
  init?(place: String, script: String, secrets: any SecretSource) {
    guard mkfifo(place + ".question", 0o600) == 0, mkfifo(place + ".answer", 0o600) == 0 else { return nil }
    // Open for both directions: opening waits for nobody then, and there is no end while ssh runs.
    let question = open(place + ".question", O_RDWR | O_CLOEXEC | O_NONBLOCK)
    let answer = open(place + ".answer", O_RDWR | O_CLOEXEC | O_NONBLOCK)
    guard question >= 0, answer >= 0 else {
      close(question)
      close(answer)
      return nil
    }
    descriptor = question
    answers = answer
    self.place = place
    self.script = script
    self.secrets = secrets
  }

  deinit {
    close(descriptor)
    close(answers)
    unlink(place + ".question")
    unlink(place + ".answer")
  }

  /// The variables that ssh needs for it. Before OpenSSH 8.4 it asks that way only where there is a display.
  var environment: [String: String] {
    var variables = [
      "SSH_ASKPASS": script, "SSH_ASKPASS_REQUIRE": "force", "QUORATE_QUESTION": place + ".question",
      "QUORATE_ANSWER": place + ".answer",
    ]
    if getenv("DISPLAY") == nil { variables["DISPLAY"] = ":0" }
    return variables
  }

  /// How long a human was waited for, in nanoseconds.
  var spent: UInt64 {
    state.withLock { state in state.spent + (state.askedAt.map { ClientRun.now - $0 } ?? 0) }
  }

  /// Takes what is asked now, and has it answered.
  func take() {
    var byte: UInt8 = 0
    while read(descriptor, &byte, 1) == 1 {
      let question = state.withLock { state -> String? in
        guard byte == UInt8(ascii: "\n") else {
          if state.line.count < 4096 { state.line.append(byte) }
          return nil
        }
        defer { state.line = [] }
        state.askedAt = ClientRun.now
        return String(decoding: state.line, as: UTF8.self)
      }
      if let question { Task { await answer(question) } }
    }
  }

  private func answer(_ question: String) async {
    let subject = Self.subject(of: question)
    var secret: SecretBytes?
    if let subject { secret = await secrets.secret(SecretRequest(purpose: .keyPassphrase, subject: subject)) }
    state.withLock { state in
      state.spent += state.askedAt.map { ClientRun.now - $0 } ?? 0
      state.askedAt = nil
      state.asked.append((subject ?? HostWords.printable(question), secret != nil))
    }
    // Small enough for the pipe, which holds 64 KiB.
    secret?.withBytes { _ = write(answers, $0.baseAddress, $0.count) }
    var newline = UInt8(ascii: "\n")
    _ = write(answers, &newline, 1)
  }

  /// What a secret is for; nil: ssh asks something that is not answered here.
  static func subject(of question: String) -> String? {
    func rest(after start: String) -> Substring? {
      question.hasPrefix(start) ? question.dropFirst(start.count).prefix { $0 != "'" } : nil
    }
    if let path = rest(after: "Enter passphrase for key '"), !path.isEmpty { return String(path) }
    if question.hasPrefix("Enter PIN for ") {
      let key = question.dropFirst("Enter PIN for ".count).reversed().drop { $0 == " " || $0 == ":" }.reversed()
      return "the token of \(HostWords.printable(String(key))) (PIN)"
    }
    return nil
  }

  /// What was asked and came to nothing, where the host let nobody in: that is the reason then.
  func failure(host: String) -> TransportError? {
    guard let last = state.withLock({ $0.asked.last }) else { return nil }
    let (subject, wasAnswered) = last
    return wasAnswered
      ? TransportError(
        .credentialUnusable, host: host,
        why: "the passphrase does not open \(subject), or the host does not take this key",
        fix: "run the command again with the right one; ssh-keygen -y -f FILE tries it")
      : TransportError(
        .credentialUnusable, host: host, why: "\(subject) needs a passphrase, and there is no way to ask for it",
        fix: "run the command on a terminal, give it by --key-pass-fd N, or load the key into an agent: ssh-add FILE")
  }
}
