public import QuorateCore

/// Runs members as child processes of a small supervisor: no root, no systemd, no container. For a laptop, and for
/// tests; nothing starts a member again after a reboot but the next `apply`.
///
/// The supervisor is a shell script in Quorate's folder on the host. It reads the file that `unit-file` writes
/// (``MemberUnit``), starts etcd, starts it again when it ends, keeps its log small, and refuses to start a member
/// whose cluster was founded and whose data is gone. It outlives the command that started it.
public struct ProcessSupervisor: ServiceManager {
  private enum ID {
    static let user = "process.user"
    static let group = "process.group"
    static let running = "process.running"
  }

  /// How it is made.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "process", kind: .serviceManager, version: "0.1.0",
      summary: "Members as supervised child processes, without root; for a laptop and for tests.",
      settings: SchemaObject(), manifestForm: .memberUnit),
    make: .serviceManager { _, _ throws(PluginError) in ProcessSupervisor() })

  /// Makes the service manager; it has no settings.
  public init() {}

  /// Prints `supervisor PID`, `member PID` and the member's arguments, a line each, of what the pid files ($1, $2)
  /// name and still runs. Number, start time and boot must agree, so that a number used again is not taken for ours; one
  /// that has ended and that nobody waited for does not run.
  /// Before them, `rebooted` where the supervisor is one of an earlier boot.
  private static let runningText =
    "read -r i </proc/sys/kernel/random/boot_id; { read -r p s b <\"$1\"; } 2>/dev/null && [ \"$i\" != \"$b\" ] "
    + "&& echo rebooted; "
    + "alive() { read -r p s b <\"$1\" && read -r l <\"/proc/$p/stat\" && set -- ${l##*) } && [ \"$1\" != Z ] "
    + "&& [ \"${20}\" = \"$s\" ] && [ \"$i\" = \"$b\" ]; } 2>/dev/null; "
    + "alive \"$1\" && echo supervisor \"$p\"; "
    + "alive \"$2\" && echo member \"$p\" && tr '\\000' '\\n' <\"/proc/$p/cmdline\"; true"

  /// Who logs in, and what runs.
  public func probes(for member: MemberContext) async throws(PluginError) -> [Probe] {
    let files = Files(member.host.layout)
    return [
      .command(id: ID.user, HostCommand(["id", "-un"], timeoutSeconds: 5)),
      .command(id: ID.group, HostCommand(["id", "-gn"], timeoutSeconds: 5)),
      .command(
        id: ID.running,
        HostCommand(
          ["sh", "-c", Self.runningText, "quorate", files.supervisorProcess, files.memberProcess], timeoutSeconds: 5)),
      .file(path: files.unit, limit: 65_536), .file(path: files.script, limit: 65_536),
      .file(path: files.state, limit: 4_096),
    ]
  }

  /// The supervisor, and how it is started and stopped.
  public func service(for member: MemberContext, answers: ProbeAnswers) async throws(PluginError) -> ServiceReply {
    let host = member.host
    let files = Files(host.layout)
    let running = RunningMember(output: answers.command(ID.running)?.output ?? "")
    func command(_ action: String, seconds: Int) -> HostCommand {
      HostCommand(
        ["sh", files.script, action, files.unit], timeoutSeconds: seconds, summary: "\(action) member \(host.name)")
    }
    var reply = ServiceReply(
      files: [DesiredFile(path: files.script, mode: 0o700, content: .bytes(Self.script))],
      start: [command("start", seconds: 30)], needsStart: !running.isSupervised,
      restart: [command("restart", seconds: 90)], restartUnchanged: [command("restart", seconds: 90)],
      hardeningRestarts: false)
    if let user = Self.name(answers.output(ID.user)), let group = Self.name(answers.output(ID.group)) {
      reply.owner = FileOwner(user: user, group: group)
    } else {
      reply.findings.append(
        Finding(
          .error, code: "host.unknown-user", host: host.name, what: "the host does not say who is logged in",
          why: "the files of this service manager belong to that user", fix: "check `id -un` and `id -gn` there"))
    }
    if running.isSupervised, let arguments = running.arguments,
      let unit = answers.file(files.unit).text.flatMap(MemberUnit.init(text:))
    {
      let changed = unit.differences(fromRunning: arguments)
      reply.needsRestart = !changed.isEmpty
      if !changed.isEmpty {
        reply.findings.append(
          Finding(
            .note, code: "member.other-arguments", host: host.name,
            what: "the running member was started with other arguments than its unit file has: "
              + changed.joined(separator: ", "),
            fix: ""))
      }
    }
    if let finding = Self.finding(of: member, state: answers.file(files.state).text, running: running, log: files.log) {
      reply.findings.append(finding)
    }
    return reply
  }

  /// What the supervisor wrote down last, where it still stands.
  private static func finding(
    of member: MemberContext, state: String?, running: RunningMember, log: String
  ) -> Finding? {
    func warning(_ code: String, _ what: String, why: String = "", fix: String) -> Finding {
      Finding(.warning, code: code, host: member.host.name, what: what, why: why, fix: fix)
    }
    let state = state?.prefix { !$0.isNewline } ?? ""
    let mark = state.firstRange(of: ": ")
    let reason = mark.map { state[$0.upperBound...] } ?? ""
    switch mark.map({ state[..<$0.lowerBound] }) ?? state {
    case "refused" where !running.isSupervised:
      return warning("member.refused", "the member was not started: \(reason)", fix: "the log is \(log)")
    case "failing" where running.isSupervised && running.arguments == nil:
      return warning("member.failing", "the member does not stay up: \(reason)", fix: "the log is \(log)")
    case _ where running.isSupervised || member.phase == .founding: return nil
    case _ where running.arguments != nil:
      return warning(
        "member.unsupervised", "the member runs, and its supervisor does not",
        why: "nothing starts the member again when it ends",
        fix: "quorate apply starts a supervisor; the member goes on")
    case let state:
      let why =
        running.wasRebooted
        ? "the host was started again since, and `process` starts nothing by itself then"
        : state == "stopped" ? "it was stopped" : "its supervisor was ended"
      return warning("member.not-running", "the member does not run", why: why, fix: "quorate apply starts it")
    }
  }

  private static let script = PackageResources.supervise_sh

  private static func name(_ output: String?) -> String? {
    guard let line = output?.split(separator: "\n").first, !line.contains(where: { $0 == ":" || $0 == " " }) else {
      return nil
    }
    return String(line)
  }
}

/// The files of a member in Quorate's folder on its host.
struct Files {
  let folder: String

  init(_ layout: HostLayout) {
    folder = layout.quorateFolder
    unit = layout.memberUnit
  }

  let unit: String
  var script: String { folder + "/supervise.sh" }
  var supervisorProcess: String { folder + "/supervisor.pid" }
  var memberProcess: String { folder + "/member.pid" }
  var state: String { folder + "/member.state" }
  var log: String { folder + "/member.log" }
}

/// What the probe said of the processes.
struct RunningMember: Equatable {
  /// Whether a supervisor runs. A member without one is taken over by the next start.
  var isSupervised = false
  /// The program and its arguments; nil where no member runs.
  var arguments: [String]?
  /// Whether the supervisor that is written down is one of before the host's last start.
  var wasRebooted = false

  init(output: String) {
    for line in output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if arguments != nil {
        arguments?.append(line)
      } else if line == "rebooted" {
        wasRebooted = true
      } else if line.hasPrefix("supervisor ") {
        isSupervised = true
      } else if line.hasPrefix("member ") {
        arguments = []
      }
    }
    // The last argument ends with a NUL too, and the output with the end of a line.
    while arguments?.last?.isEmpty == true { arguments?.removeLast() }
    if arguments?.isEmpty == true { arguments = nil }
  }
}
