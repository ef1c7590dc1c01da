internal import QuorateCore

/// What systemd says of `kubelet.service` (`systemctl show`, `systemctl cat`).
struct KubeletUnit: Equatable {
  var loadState = ""
  var activeState = ""
  var unitFileState = ""
  var needsReload = false
  /// The program that the unit starts now.
  var program: String?

  /// Reads `systemctl show`; nil where that is not what it printed.
  init?(show output: String) {
    var isUnit = false
    for line in output.split(whereSeparator: \.isNewline) {
      guard let mark = line.firstIndex(of: "=") else { continue }
      let value = String(line[line.index(after: mark)...])
      switch line[..<mark] {
      case "LoadState":
        loadState = value
        isUnit = true
      case "ActiveState": activeState = value
      case "UnitFileState": unitFileState = value
      case "NeedDaemonReload": needsReload = value == "yes"
      case "ExecStart": program = Self.program(in: value)
      default: break
      }
    }
    guard isUnit else { return nil }
  }

  /// The path in `{ path=/usr/bin/kubelet ; argv[]=/usr/bin/kubelet --config=… ; … }`.
  private static func program(in execStart: String) -> String? {
    guard let start = execStart.firstRange(of: "path=") else { return nil }
    let path = String(execStart[start.upperBound...].prefix { $0 != " " && $0 != ";" })
    return KubeletSettings.isPath(path) ? path : nil
  }

  /// The drop-ins that come after ours and set `ExecStart`, by their paths (`systemctl cat`: each file stands behind
  /// a line with `# ` and its path). systemd applies drop-ins in the order of their names, whatever folder they are
  /// in.
  static func laterExecStarts(cat output: String) -> [String] {
    var path: Substring?
    var found: [String] = []
    for line in output.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("# /") && !line.dropFirst(2).contains(" ") {
        path = line.dropFirst(2)
      } else if line.drop(while: { $0 == " " || $0 == "\t" }).hasPrefix("ExecStart="), let path,
        let name = path.split(separator: "/").last, path.hasSuffix(".conf"), name > KubeletFiles.dropInName,
        found.last != String(path)
      {
        found.append(String(path))
      }
    }
    return found
  }
}

/// What the kubelet's process says of itself.
struct KubeletProcess: Equatable {
  /// Prints the arguments of the kubelet's process, an empty line, the variable that names its configuration, and a
  /// kubeconfig that it was given and that exists.
  static let probeText =
    "p=$(systemctl show --property=MainPID --value kubelet.service) && [ \"${p:-0}\" -gt 0 ] || exit 3; "
    + "tr '\\000' '\\n' <\"/proc/$p/cmdline\" && echo; "
    + "tr '\\000' '\\n' <\"/proc/$p/environ\" | grep '^\(KubeletFiles.variable)='; "
    + "k=$(tr '\\000' '\\n' <\"/proc/$p/cmdline\" | sed -n 's/^--kubeconfig=//p'); "
    + "[ -z \"$k\" ] || [ ! -e \"$k\" ] || echo \"kubeconfig=$k\"; true"

  var command: [String] = []
  var fingerprint: String?
  /// A kubeconfig of the process that is there: this kubelet speaks to an API server.
  var kubeconfig: String?

  init(output: String) {
    var isBehindCommand = false
    for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        isBehindCommand = true
      } else if !isBehindCommand {
        command.append(String(line))
      } else if line.hasPrefix("\(KubeletFiles.variable)=") {
        fingerprint = String(line.dropFirst(KubeletFiles.variable.utf8.count + 1))
      } else if line.hasPrefix("kubeconfig=") {
        kubeconfig = String(line.dropFirst(11))
      }
    }
  }
}
