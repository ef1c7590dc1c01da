internal import ArgumentParser

/// The exit statuses a script can rely on (64 and above as in sysexits.h).
enum ExitStatus: Int32 {
  case failed = 1
  case changesDue = 2
  case usage = 64
  case unreachable = 69
  case waiting = 75
  case configuration = 78
  case interrupted = 130

  /// What a command throws to end with this status after it has printed why.
  var code: ExitCode { ExitCode(rawValue) }

  /// The word for a status other than success.
  static func outcome(of status: ExitCode) -> String {
    switch status {
    case Self.interrupted.code: "interrupted"
    case Self.waiting.code: "waiting"
    default: "failed"
    }
  }

  /// The status that says most of several failures.
  init(of codes: [String]) {
    if codes.contains("run.locked") || codes.contains("issuer.pending") {
      self = .waiting
    } else if codes.contains(where: { $0.hasPrefix("config.") || $0.hasPrefix("plugin.") }) {
      self = .configuration
    } else if codes.contains("transport.unreachable") || codes.contains("transport.timed-out") {
      self = .unreachable
    } else {
      self = .failed
    }
  }
}
