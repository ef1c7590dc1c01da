internal import QuorateCore
internal import Synchronization

/// Tells what happens in a run, as it happens: a calm line a host and step, or one object a line.
final class EventReporter: Sendable {
  private let console: Console
  private let journal: Journal?
  private let state = Mutex(State())

  private struct State {
    var waiting: [String: Double] = [:]
    var stage: Stage.ID?
    /// How much of an archive each host has, in percent.
    var sent: [String: Int] = [:]
    var ticker: Task<Void, Never>?
  }

  init(console: Console, journal: Journal?) {
    self.console = console
    self.journal = journal
  }

  /// Takes an event.
  func report(_ event: RunEvent) {
    journal?.record(event.json)
    if console.format == .json {
      console.result(event.json.text)
      return
    }
    track(event)
    for line in lines(for: event) { console.progress(line) }
  }

  /// Stops the line that shows what is waited for.
  func finish() {
    state.withLock { state in
      state.ticker?.cancel()
      state.ticker = nil
      state.waiting = [:]
    }
    console.transient("")
  }

  private func track(_ event: RunEvent) {
    guard console.isLive else { return }
    state.withLock { state in
      switch event {
      case .surveyStarted(let hosts): for host in hosts { state.waiting[host] = Environment.now() }
      case .hostStarted(let stage, let host):
        state.stage = stage
        state.waiting[host] = Environment.now()
      case .imagesSent(let host, let sent, let total):
        state.sent[host] = total > 0 ? Int(Double(sent) / Double(total) * 100) : 100
        state.waiting[host] = state.waiting[host] ?? Environment.now()
      case .imagesLoaded(let host, _):
        state.sent[host] = nil
        state.waiting[host] = nil
      case .surveyed(let host, _), .surveyFailed(let host, _), .hostFinished(_, let host, _, _),
        .hostFailed(_, let host, _):
        state.waiting[host] = nil
      default: break
      }
      if state.ticker == nil, !state.waiting.isEmpty {
        state.ticker = Task { [self] in
          while !Task.isCancelled {
            showWaiting()
            try? await Task.sleep(for: .milliseconds(200))
          }
        }
      }
    }
  }

  private func showWaiting() {
    let (waiting, stage, sent) = state.withLock { ($0.waiting, $0.stage, $0.sent) }
    guard let since = waiting.values.min() else { return }
    guard sent.isEmpty else {
      let shares = sent.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value) %" }.joined(separator: ", ")
      console.transient("    images: \(shares)  \((Environment.now() - since).secondsText)")
      return
    }
    let what = stage.map { $0.rawValue } ?? "survey"
    console.transient(
      "    \(what): \(waiting.keys.sorted().joined(separator: ", "))  \((Environment.now() - since).secondsText)")
  }

  private func lines(for event: RunEvent) -> [String] {
    switch event {
    case .surveyStarted(let hosts) where hosts.isEmpty: []
    case .surveyStarted(let hosts): ["\(arrow) Survey \(hosts.count == 1 ? "1 host" : "\(hosts.count) hosts")"]
    case .surveyed(let host, let seconds): [line(host, "surveyed", seconds)]
    case .surveyFailed(let host, let why): [line(host, console.styled("cannot be surveyed: \(why)", .red), nil)]
    // What is awaited is told at the end, with what to do.
    case .locked, .hostStarted, .stageFinished, .certificatePending: []
    case .imagesSent(let host, 0, let total): [line(host, "gets the archive (\(total.sizeText))", nil)]
    case .imagesSent: []
    case .imagesLoaded(let host, let seconds): [line(host, "images loaded", seconds)]
    case .stageStarted(let stage): ["\(arrow) \(stage.title)"]
    case .certificatesIssued(let count, let seconds):
      [line("", count == 1 ? "1 certificate issued" : "\(count) certificates issued", seconds)]
    case .hostFinished(let stage, let host, let steps, let seconds):
      [line(host, "\(stage.done) (\(steps == 1 ? "1 step" : "\(steps) steps"))", seconds)]
    case .hostFailed(_, let host, let why): [line(host, console.styled("failed: \(why)", .red), nil)]
    case .gate(let host, let isOpen, let reasons):
      isOpen ? [] : [line(host, console.styled("not now: \(reasons.joined(separator: "; "))", .yellow), nil)]
    case .commandOutput(_, let host, let command, let output):
      [line(host, "\(command):", nil)]
        + output.split(whereSeparator: \.isNewline).map { "    \("".padded(to: 10)) | \(Self.printable($0))" }
    case .stopRequested: ["\(arrow) Stopping when the current step has ended"]
    }
  }

  /// A host's text without what could steer a terminal.
  private static func printable(_ text: Substring) -> String {
    String(text.unicodeScalars.map { $0.value < 32 && $0 != "\t" || $0.value == 127 ? "?" : Character($0) })
  }

  private var arrow: String { console.styled("==>", .bold) }

  private func line(_ host: String, _ text: String, _ seconds: Double?) -> String {
    "    \(host.padded(to: 10)) \(text.padded(to: 44))\(seconds.map { " " + $0.secondsText } ?? "")".trimmedRight
  }
}

extension Double {
  /// Seconds with one digit behind the point: `6.1s`.
  var secondsText: String {
    let tenths = Int((self * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))s"
  }
}

extension Int {
  /// Bytes in the unit that suits: `23 MiB`.
  var sizeText: String {
    self >= 1 << 20 ? "\(self >> 20) MiB" : self >= 1 << 10 ? "\(self >> 10) KiB" : "\(self) bytes"
  }
}

extension String {
  fileprivate var trimmedRight: String {
    var text = Substring(self)
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}

extension Stage.ID {
  /// The stage's heading.
  var title: String {
    switch self {
    case .resuming: "Finish what an interrupted run left"
    case .service: "Set up what runs the members"
    case .files: "Certificates and configuration"
    case .founding: "Found the cluster, all members together"
    case .hardening: "Harden, one member at a time"
    case .starting: "Start the members that are down, together"
    case .update: "Update, one member at a time"
    case .command(let name): "Run the command \(name)"
    }
  }

  /// What a host's line says when its part is done.
  var done: String {
    switch self {
    case .resuming: "finished"
    case .service: "service set up"
    case .files: "files in place"
    case .founding: "healthy"
    case .hardening: "hardened, healthy"
    case .starting: "started, healthy"
    case .update: "updated, healthy"
    case .command: "ended well"
    }
  }
}

extension RunEvent {
  /// The event as an object of `--output json` and of the journal.
  var json: JSONLine {
    switch self {
    case .surveyStarted(let hosts): JSONLine("survey-started", [("hosts", .strings(hosts))])
    case .surveyed(let host, let seconds):
      JSONLine("surveyed", [("host", .string(host)), ("seconds", .number(seconds))])
    case .surveyFailed(let host, let why): JSONLine("survey-failed", [("host", .string(host)), ("why", .string(why))])
    case .locked(let seconds): JSONLine("locked", [("seconds", .number(seconds))])
    case .stageStarted(let stage): JSONLine("stage-started", [("stage", .string(stage.rawValue))])
    case .certificatesIssued(let count, let seconds):
      JSONLine("certificates-issued", [("count", .integer(count)), ("seconds", .number(seconds))])
    case .certificatePending(let host, let role, let awaiting):
      JSONLine(
        "certificate-pending",
        [("host", .string(host)), ("role", .string(role.rawValue)), ("awaiting", .string(awaiting))])
    case .hostStarted(let stage, let host):
      JSONLine("host-started", [("stage", .string(stage.rawValue)), ("host", .string(host))])
    case .hostFinished(let stage, let host, let steps, let seconds):
      JSONLine(
        "host-finished",
        [
          ("stage", .string(stage.rawValue)), ("host", .string(host)), ("steps", .integer(steps)),
          ("seconds", .number(seconds)),
        ])
    case .hostFailed(let stage, let host, let why):
      JSONLine("host-failed", [("stage", .string(stage.rawValue)), ("host", .string(host)), ("why", .string(why))])
    case .gate(let host, let isOpen, let reasons):
      JSONLine("gate", [("host", .string(host)), ("open", .boolean(isOpen)), ("reasons", .strings(reasons))])
    case .commandOutput(let stage, let host, let command, let output):
      JSONLine(
        "output",
        [
          ("stage", .string(stage.rawValue)), ("host", .string(host)), ("command", .string(command)),
          ("output", .string(output)),
        ])
    case .stageFinished(let stage, let seconds, let outcome):
      JSONLine(
        "stage-finished",
        [("stage", .string(stage.rawValue)), ("seconds", .number(seconds)), ("outcome", .string(outcome))])
    case .imagesSent(let host, let sent, let total):
      JSONLine("images-sent", [("host", .string(host)), ("sent", .integer(sent)), ("total", .integer(total))])
    case .imagesLoaded(let host, let seconds):
      JSONLine("images-loaded", [("host", .string(host)), ("seconds", .number(seconds))])
    case .stopRequested: JSONLine("stop-requested")
    }
  }
}
