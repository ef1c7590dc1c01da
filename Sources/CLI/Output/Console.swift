internal import Glibc
internal import Synchronization

/// Where a command's output goes: results to standard output, everything else to standard error. The only place that
/// prints.
final class Console: Sendable {
  /// What the user asked for.
  enum Format: String, Sendable { case text, json }

  let format: Format
  /// Whether standard error is a terminal that can rewrite a line.
  let isLive: Bool
  let usesColor: Bool
  private let live = Mutex("")

  init(format: Format) {
    self.format = format
    let dumb = environment("TERM") == "dumb"
    isLive = format == .text && isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && !dumb
    usesColor = isLive && (environment("NO_COLOR") ?? "").isEmpty
  }

  /// Prints a line of the result.
  func result(_ line: String) { write(line, to: STDOUT_FILENO) }

  /// Prints the first line of every `--output json`.
  func begin(_ command: String) {
    guard format == .json else { return }
    result(
      JSONLine(
        "version",
        [("format", .string("1.0")), ("quorate", .string(Product.version)), ("command", .string(command))]
      ).text)
  }

  /// Prints a line about what happens: to standard output with text, nowhere with JSON, which has its own lines.
  func progress(_ line: String) { if format == .text { write(line, to: STDOUT_FILENO) } }

  /// Prints a line for the person who must act.
  func complaint(_ line: String) { write(line, to: STDERR_FILENO) }

  /// Shows a line that the next one replaces; nothing where there is no terminal.
  func transient(_ line: String) {
    guard isLive else { return }
    live.withLock { shown in
      guard shown != line else { return }
      shown = line
      put("\r\u{1B}[2K" + String(line.prefix(columns - 1)), to: STDERR_FILENO)
    }
  }

  private func write(_ line: String, to descriptor: Int32) {
    live.withLock { shown in
      if !shown.isEmpty {
        put("\r\u{1B}[2K", to: STDERR_FILENO)
        shown = ""
      }
      put(line + "\n", to: descriptor)
    }
  }

  private var columns: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 80
  }

  private func put(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      offset += count
    }
  }

  /// How text is set off, where the terminal shows it.
  enum Style: String {
    case bold = "1"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case faint = "2"
  }

  func styled(_ text: String, _ style: Style) -> String {
    usesColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }
}

/// An environment variable's value.
func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
