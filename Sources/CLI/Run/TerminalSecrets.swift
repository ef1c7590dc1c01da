internal import Glibc
internal import QuorateCore

/// Passwords and passphrases, from a descriptor or asked once on the terminal, never echoed.
actor TerminalSecrets: SecretSource {
  private let asksForBecomePassword: Bool
  private let becomeDescriptor: Int32?
  private let keyDescriptor: Int32?
  private var answers: [SecretRequest: Task<SecretBytes?, Never>] = [:]

  init(asksForBecomePassword: Bool, becomeDescriptor: Int32?, keyDescriptor: Int32?) {
    self.asksForBecomePassword = asksForBecomePassword
    self.becomeDescriptor = becomeDescriptor
    self.keyDescriptor = keyDescriptor
  }

  func secret(_ request: SecretRequest) async -> SecretBytes? {
    if let known = answers[request] { return await known.value }
    let descriptor = request.purpose == .keyPassphrase ? keyDescriptor : becomeDescriptor
    let mayAsk = request.purpose != .becomePassword || asksForBecomePassword
    let prompt = Self.prompt(request)
    // Questions come one after the other.
    let earlier = Array(answers.values)
    let task = Task<SecretBytes?, Never> {
      for question in earlier { _ = await question.value }
      return await DetachedThread.value {
        if let descriptor { return Self.readLine(descriptor) }
        return mayAsk ? Self.ask(prompt) : nil
      }.flatMap { $0 }
    }
    answers[request] = task
    return await task.value
  }

  private static func prompt(_ request: SecretRequest) -> String {
    switch request.purpose {
    case .becomePassword: "sudo password of \(request.subject): "
    case .keyPassphrase: "passphrase of \(request.subject): "
    case .loginPassword: "login password of \(request.subject): "
    }
  }

  private static func ask(_ prompt: String) -> SecretBytes? {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else { return nil }
    defer { close(terminal) }
    var saved = termios()
    guard tcgetattr(terminal, &saved) == 0 else { return nil }
    var silent = saved
    silent.c_lflag &= ~tcflag_t(ECHO)
    silent.c_lflag |= tcflag_t(ECHONL)
    tcsetattr(terminal, TCSAFLUSH, &silent)
    defer { tcsetattr(terminal, TCSAFLUSH, &saved) }
    _ = Array(prompt.utf8).withUnsafeBytes { write(terminal, $0.baseAddress, $0.count) }
    return readLine(terminal)
  }

  /// Reads up to a line's end, byte by byte so that nothing behind it is taken.
  private static func readLine(_ descriptor: Int32) -> SecretBytes? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(1024)
    var byte: UInt8 = 0
    while bytes.count < 1024 {
      let count = read(descriptor, &byte, 1)
      if count < 0 && errno == EINTR { continue }
      guard count == 1, byte != 10 else { break }
      bytes.append(byte)
    }
    if bytes.last == 13 { bytes.removeLast() }
    return bytes.isEmpty ? nil : SecretBytes(wiping: &bytes)
  }
}
