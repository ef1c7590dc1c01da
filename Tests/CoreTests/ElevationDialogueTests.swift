@testable import QuorateCore
import QuorateTesting
import Testing

@Suite struct ElevationDialogueTests {
  private let nonce = "0123456789abcdef0123456789abcdef"

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test(arguments: ElevationForm.allCases)
  func `the command lines are constants that every login shell takes as they are`(_ form: ElevationForm) {
    for word in form.words {
      #expect(!word.contains("'") && !word.contains("\n") && !word.contains("!") && !word.contains("\\"))
    }
    #expect(form.line.hasPrefix("sh -c 'LC_ALL=C; "))
    #expect(form.line.filter { $0 == "'" }.count == (form == .none ? 2 : 4))
  }

  @Test func `every command has a nonce of its own`() {
    let nonces = Set((0..<100).map { _ in ElevationDialogue(.none).nonce })
    #expect(nonces.count == 100)
    #expect(nonces.allSatisfy { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
  }

  @Test func `what comes before the mark is noise, what follows is the command's`() {
    var dialogue = ElevationDialogue(.none, nonce: nonce)
    #expect(dialogue.mayTakeInput)
    #expect(text(dialogue.greeting) == nonce + "\n")
    #expect(dialogue.output("Welcome\n0123".utf8).bytes == [])
    let (event, bytes) = dialogue.output("hello \(nonce).\nmine \(nonce).\n".utf8)
    #expect(event == .none)
    #expect(text(bytes) == "mine \(nonce).\n")
    #expect(dialogue.outputHasStarted && !dialogue.hasStarted)
    let second = dialogue.errorOutput("warning\n\(nonce).\nfirst words".utf8)
    #expect(second.event == .started)
    #expect(text(second.bytes) == "first words")
    #expect(dialogue.ending(status: .exited(1), host: "a", user: "u") == .ran)
  }

  @Test func `a mark that comes in single bytes is found`() {
    var dialogue = ElevationDialogue(.none, nonce: nonce)
    var own: [UInt8] = []
    for byte in "0\(nonce.dropLast())x\(nonce)x\(nonce).x\(nonce).\nown".utf8 { own += dialogue.output([byte]).bytes }
    #expect(text(own) == "own")
  }

  @Test func `a mark in front of very much output is found`() {
    var dialogue = ElevationDialogue(.none, nonce: nonce)
    let much = [UInt8](repeating: 1, count: 300_000)
    #expect(dialogue.output(Array("\(nonce).\n".utf8) + much).bytes == much)
  }

  @Test func `endless noise is noticed, and not kept`() {
    var dialogue = ElevationDialogue(.sudo, nonce: nonce)
    var events: Set<ElevationDialogue.Event> = []
    for _ in 0..<20 { events.insert(dialogue.errorOutput([UInt8](repeating: 48, count: 65_536)).event) }
    #expect(events == [.none, .flooded])
  }

  @Test func `the password is wanted once, after sudo's own prompt`() {
    var dialogue = ElevationDialogue(.sudoWithPassword, nonce: nonce)
    #expect(!dialogue.mayTakeInput)
    #expect(dialogue.errorOutput("[sudo] password for u: ".utf8).event == .none)
    #expect(dialogue.errorOutput("We trust you have received the usual lecture\n\n\(nonce)".utf8).event == .none)
    #expect(dialogue.errorOutput("?".utf8).event == .passwordWanted)
    dialogue.passwordWasSent()
    #expect(!dialogue.mayTakeInput)
    let (event, bytes) = dialogue.errorOutput("\n\(nonce).\nrest".utf8)
    #expect(event == .started)
    #expect(text(bytes) == "rest")
    #expect(dialogue.mayTakeInput)
    // A command that prints its nonce and a question mark asks for nothing.
    #expect(dialogue.errorOutput("\(nonce)?".utf8).event == .none)
  }

  @Test func `where sudo does not ask, no password is wanted`() {
    var dialogue = ElevationDialogue(.sudoWithPassword, nonce: nonce)
    #expect(dialogue.errorOutput("\(nonce).\n".utf8).event == .started)
    #expect(dialogue.errorOutput("\(nonce)?".utf8).event == .none)
  }

  @Test func `a second question means that the password was wrong`() {
    var dialogue = ElevationDialogue(.sudoWithPassword, nonce: nonce)
    #expect(dialogue.errorOutput("\(nonce)?".utf8).event == .passwordWanted)
    dialogue.passwordWasSent()
    #expect(dialogue.errorOutput("\nSorry, try again.\n\(nonce)?".utf8).event == .passwordWrong)
  }

  @Test func `two questions before the password went out are one too many`() {
    var dialogue = ElevationDialogue(.sudoWithPassword, nonce: nonce)
    #expect(dialogue.errorOutput("\(nonce)?".utf8).event == .passwordWanted)
    #expect(dialogue.errorOutput("\(nonce)?".utf8).event == .passwordWrong)
  }

  @Test func `sudo -n is never answered`() {
    var dialogue = ElevationDialogue(.sudo, nonce: nonce)
    #expect(dialogue.mayTakeInput)
    #expect(dialogue.errorOutput("\(nonce)?\(nonce)?".utf8).event == .none)
    _ = dialogue.errorOutput("sudo: a password is required\n".utf8)
    #expect(dialogue.ending(status: .exited(1), host: "a", user: "u") == .passwordRequired)
  }

  @Test(arguments: [
    (
      ElevationForm.sudo, "u is not in the sudoers file.\n", 1, TransportError.Code.elevationRefused,
      "sudo does not allow u to run programs as root; the host said: u is not in the sudoers file."
    ),
    (
      .sudo, "sudo: sorry, you must have a tty to run sudo\n", 1, .elevationRefused,
      "sudo on this host wants a terminal (`requiretty`)"
    ),
    (.sudo, "sh: 1: exec: sudo: not found\n", 127, .elevationRefused, "there is no sudo on this host"),
    (
      .sudoWithPassword, "sudo: no password was provided\nsudo: a password is required\n", 1, .elevationRefused,
      "sudo asks u for a password, and none was given"
    ),
    (
      .sudoWithPassword, "sudo: 1 incorrect password attempt\n", 1, .elevationPasswordWrong,
      "the sudo password of u is wrong"
    ),
    (
      .sudo, "sudo: /etc/sudoers is world writable\u{1b}[2J\n", 1, .elevationRefused,
      "sudo did not start the command; the host said: sudo: /etc/sudoers is world writable[2J"
    ),
    (
      .none, "This account is currently not available.\n", 1, .commandNotStarted,
      "the login shell of u did not start the command; the host said: This account is currently not available."
    ),
    (
      .none, "", 3, .commandNotStarted,
      "the login shell of u did not start the command; it ended with status 3 and said nothing"
    ),
  ])
  func `what kept a command from starting is said`(
    _ form: ElevationForm, _ said: String, _ status: Int32, _ code: TransportError.Code, _ why: String
  ) {
    var dialogue = ElevationDialogue(form, nonce: nonce)
    _ = dialogue.errorOutput(said.utf8)
    guard case .notStarted(let error) = dialogue.ending(status: .exited(status), host: "a", user: "u") else {
      Issue.record("the command counts as started")
      return
    }
    #expect(error.code == code)
    #expect(error.why == why)
    #expect(!error.fix.isEmpty && error.host == "a")
  }

  @Test func `the command lines do what they say, in a real shell`() async {
    let shells = ["dash", "bash", "tcsh", "fish", "zsh", "busybox sh"]
    for shell in shells {
      let words = shell.split(separator: " ").map(String.init)
      guard await LocalProgram.run(words + ["-c", "exit 0"]).status == 0 else { continue }
      var dialogue = ElevationDialogue(.none)
      let command = FixedCommand(shell: "cat; echo $LC_ALL")
      let result = await LocalProgram.run(
        words + ["-c", dialogue.form.line],
        input: dialogue.greeting + ElevationDialogue.text(of: command) + Array(" in put\\\n".utf8))
      #expect(result.status == 0, "\(shell): \(result.errorText)")
      #expect(dialogue.errorOutput(result.errorOutput).event == .started, "\(shell)")
      #expect(text(dialogue.output(result.output).bytes) == " in put\\\nC\n", "\(shell)")
    }
  }

  @Test func `no bytes of a host break the dialogue`() {
    var generator = SplitMix(state: 20)
    let pieces = [
      nonce, "\(nonce)?", "\(nonce).", "\(nonce).\n", ".", "\n", "?", String(nonce.prefix(20)), "noise", "",
      "sudo: a password is required",
    ]
    for round in 0..<5000 {
      let form = ElevationForm.allCases[round % 3]
      var dialogue = ElevationDialogue(form, nonce: nonce)
      var wanted = 0
      var started = 0
      for _ in 0..<Int.random(in: 1...12, using: &generator) {
        let isRandom = Bool.random(using: &generator)
        let piece =
          isRandom
          ? (0..<Int.random(in: 0...40, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
          : Array((pieces.randomElement(using: &generator) ?? "").utf8)
        if Bool.random(using: &generator) {
          let event = dialogue.errorOutput(piece).event
          if event == .passwordWanted {
            wanted += 1
            dialogue.passwordWasSent()
          }
          if event == .started { started += 1 }
        } else {
          _ = dialogue.output(piece)
        }
      }
      #expect(wanted <= (form == .sudoWithPassword ? 1 : 0))
      #expect(started <= 1)
      _ = dialogue.ending(status: .exited(1), host: "a", user: nil)
    }
  }
}

/// A generator with a seed, so that a failing round can be repeated.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
