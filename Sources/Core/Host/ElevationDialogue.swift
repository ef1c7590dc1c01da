/// What a transport and a host say to each other around one command: the host's mark that the command has begun,
/// and sudo's question for a password.
///
/// A pure state machine: it does no input or output. A transport starts ``ElevationForm/line`` (or `words`), sends
/// ``greeting``, gives the machine what the host writes, and does what the events say:
///
/// 1. send ``greeting``, and ``text(of:)`` with the command's input behind it as soon as ``mayTakeInput``;
/// 2. on ``Event/passwordWanted`` send the password and a newline, and call ``passwordWasSent()``;
/// 3. on ``Event/passwordWrong`` or ``Event/flooded`` give up;
/// 4. when the command has ended, ask ``ending(status:host:user:)`` what became of it.
///
/// The password is asked for by nothing but sudo's own prompt with this command's nonce in it. Where sudo does not
/// ask, it is not sent, and so can never become data of the command.
public struct ElevationDialogue: Sendable {
  /// What the transport has to do next.
  public enum Event: Sendable, Hashable {
    /// Nothing.
    case none
    /// The command has begun.
    case started
    /// sudo asks for the password.
    case passwordWanted
    /// sudo asks again: what it got was wrong.
    case passwordWrong
    /// The host wrote more than a mebibyte and the command has not begun.
    case flooded
  }

  /// What became of a command.
  public enum Ending: Sendable, Hashable {
    /// It ran; its status is its own.
    case ran
    /// `sudo -n` said that a password is needed; nothing ran, and nothing read the input.
    case passwordRequired
    /// It never began.
    case notStarted(TransportError)
  }

  /// With whose rights the command runs.
  public let form: ElevationForm
  /// The word that marks the beginning: 32 hexadecimal digits, made for this one command.
  public let nonce: String
  /// Whether the command has begun, as its standard error shows.
  public private(set) var hasStarted = false
  /// Whether the command's own standard output has begun.
  public private(set) var outputHasStarted = false

  private let mark: [UInt8]
  private var errorNoise = Noise()
  private var outputNoise = Noise()
  private var passwordsSent = 0
  private var prompts = 0

  /// Makes the dialogue of one command, with a nonce of its own.
  public init(_ form: ElevationForm) {
    self.init(form, nonce: Self.makeNonce())
  }

  init(_ form: ElevationForm, nonce: String) {
    self.form = form
    self.nonce = nonce
    mark = Array(nonce.utf8)
  }

  /// What is sent first: the nonce and a newline.
  public var greeting: [UInt8] { mark + [newline] }

  /// A command's text and a newline, sent once ``mayTakeInput``; the command's input follows it.
  public static func text(of command: FixedCommand) -> [UInt8] { Array(command.text.utf8) + [newline] }

  /// Whether text and input may be sent. Where sudo may ask for a password they wait until the command has begun:
  /// sudo would take them for the password.
  public var mayTakeInput: Bool { form != .sudoWithPassword || hasStarted }

  /// Takes what the host wrote to standard error.
  ///
  /// - Returns: What to do now, and the bytes that are the command's own.
  public mutating func errorOutput(_ chunk: some Collection<UInt8>) -> (event: Event, bytes: [UInt8]) {
    if hasStarted { return (.none, Array(chunk)) }
    errorNoise.append(chunk)
    while let end = errorNoise.position(after: mark) {
      guard let sign = errorNoise.byte(at: end) else { break }
      if sign == UInt8(ascii: ".") {
        guard let last = errorNoise.byte(at: end + 1) else { break }
        if last == newline {
          hasStarted = true
          return (.started, errorNoise.split(at: end + 2, markLength: mark.count + 2))
        }
      }
      errorNoise.skip(to: end)
      if sign == UInt8(ascii: "?"), form == .sudoWithPassword {
        prompts += 1
        return (passwordsSent == 0 && prompts == 1 ? .passwordWanted : .passwordWrong, [])
      }
    }
    errorNoise.trim()
    return (errorNoise.isFlood ? .flooded : .none, [])
  }

  /// Takes what the host wrote to standard output.
  ///
  /// - Returns: What to do now, and the bytes that are the command's own.
  public mutating func output(_ chunk: some Collection<UInt8>) -> (event: Event, bytes: [UInt8]) {
    if outputHasStarted { return (.none, Array(chunk)) }
    outputNoise.append(chunk)
    while let end = outputNoise.position(after: mark) {
      guard let sign = outputNoise.byte(at: end) else { break }
      if sign == UInt8(ascii: ".") {
        guard let last = outputNoise.byte(at: end + 1) else { break }
        if last == newline {
          outputHasStarted = true
          return (.none, outputNoise.split(at: end + 2, markLength: mark.count + 2))
        }
      }
      outputNoise.skip(to: end)
    }
    outputNoise.trim()
    return (outputNoise.isFlood ? .flooded : .none, [])
  }

  /// To be called when the password has been sent.
  public mutating func passwordWasSent() { passwordsSent += 1 }

  /// What became of the command, once it has ended and all it wrote was given to this machine.
  ///
  /// - Parameters:
  ///   - status: How the process that the transport started ended; nil when that was not seen.
  ///   - host: The host's name, for the error.
  ///   - user: The login name, for the error; nil where it is not known.
  public func ending(status: ExitStatus?, host: String, user: String?) -> Ending {
    if hasStarted, outputHasStarted { return .ran }
    let refusal = ElevationRefusal(
      form: form, said: errorNoise.text + (form == .none ? outputNoise.text : ""), status: status,
      passwordWasSent: passwordsSent > 0)
    if refusal.isPasswordRequired { return .passwordRequired }
    return .notStarted(refusal.error(host: host, user: user))
  }

  private static func makeNonce() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(UInt64.random(in: .min ... .max, using: &generator), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

private let newline = UInt8(ascii: "\n")

/// What comes before a command's own bytes. Its end is kept, for messages.
private struct Noise: Sendable {
  private var bytes: [UInt8] = []
  private var searched = 0
  private var total = 0

  var isFlood: Bool { total > 1 << 20 }

  mutating func append(_ chunk: some Collection<UInt8>) {
    bytes.append(contentsOf: chunk)
    total += chunk.count
  }

  /// Drops all but the end of what was searched.
  mutating func trim() {
    guard bytes.count > 1 << 17 else { return }
    let dropped = min(bytes.count - 1 << 16, searched)
    bytes.removeFirst(dropped)
    searched -= dropped
  }

  /// The position behind the first occurrence of a word that was not passed yet.
  mutating func position(after word: [UInt8]) -> Int? {
    guard let first = word.first else { return nil }
    while let start = bytes[searched...].firstIndex(of: first) {
      searched = start
      guard bytes.count - start >= word.count else { return nil }
      if bytes[start..<start + word.count].elementsEqual(word) { return start + word.count }
      searched = start + 1
    }
    searched = bytes.count
    return nil
  }

  func byte(at position: Int) -> UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skip(to position: Int) { searched = position }

  /// Cuts the noise before a mark that ends at a position; returns what follows the mark.
  mutating func split(at end: Int, markLength: Int) -> [UInt8] {
    let rest = Array(bytes[end...])
    bytes.removeSubrange((end - markLength)...)
    return rest
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}
