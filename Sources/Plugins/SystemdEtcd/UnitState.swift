internal import QuorateCore

/// What systemd says of a unit (`systemctl show`).
struct UnitState: Equatable {
  /// What is asked for.
  static let properties = [
    "LoadState", "ActiveState", "SubState", "UnitFileState", "NeedDaemonReload", "ExecMainStatus", "DropInPaths",
  ]

  var load = ""
  var active = ""
  var sub = ""
  var file = ""
  var needsReload = false
  /// The last exit status of its main process.
  var exitStatus = 0
  var dropIns: [String] = []

  /// Reads `systemctl show`; nil where that is not what it printed.
  init?(show output: String) {
    var isUnit = false
    for line in output.split(whereSeparator: \.isNewline) {
      guard let mark = line.firstIndex(of: "=") else { continue }
      let value = String(line[line.index(after: mark)...])
      switch line[..<mark] {
      case "LoadState":
        load = value
        isUnit = true
      case "ActiveState": active = value
      case "SubState": sub = value
      case "UnitFileState": file = value
      case "NeedDaemonReload": needsReload = value == "yes"
      case "ExecMainStatus": exitStatus = Int(value) ?? 0
      case "DropInPaths": dropIns = value.split(separator: " ").map(String.init)
      default: break
      }
    }
    guard isUnit else { return nil }
  }

  /// Whether a process of it runs, or is about to be started again by systemd itself.
  var isUp: Bool { ["active", "activating", "reloading"].contains(active) }

  /// Whether it will be started at the next boot.
  var isEnabled: Bool { file.hasPrefix("enabled") }

  /// The probe that is answered so.
  static func probe(id: String, unit: String) -> Probe {
    .command(
      id: id,
      HostCommand(
        ["systemctl", "show", "--no-pager", "--property=" + properties.joined(separator: ","), unit],
        timeoutSeconds: 10))
  }
}

/// What the main process of a unit says of itself: its arguments, and the variables of its environment that matter.
struct UnitProcess: Equatable {
  var command: [String] = []
  var environment: [String: String] = [:]

  /// Prints the arguments of a unit's ($1) main process, an empty line, and its variables that begin with `ETCD_` or
  /// `QUORATE_`. A status of 3: there is no such process.
  private static let text =
    "p=$(systemctl show --property=MainPID --value \"$1\") && [ \"${p:-0}\" -gt 0 ] || exit 3; "
    + "tr '\\000' '\\n' <\"/proc/$p/cmdline\" && echo; "
    + "tr '\\000' '\\n' <\"/proc/$p/environ\" | grep -e ^ETCD_ -e ^QUORATE_; true"

  static func probe(id: String, unit: String) -> Probe {
    .command(id: id, HostCommand(["sh", "-c", text, "quorate", unit], timeoutSeconds: 10))
  }

  init(output: String) {
    var isBehindCommand = false
    for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
      if !isBehindCommand {
        if line.isEmpty { isBehindCommand = true } else { command.append(String(line)) }
      } else if let mark = line.firstIndex(of: "=") {
        environment[String(line[..<mark])] = String(line[line.index(after: mark)...])
      }
    }
  }
}
