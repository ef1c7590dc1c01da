import QuorateCore
import QuorateTesting

/// The answers of a host with systemd and nothing of etcd, and what may be different on it.
struct EtcdHostAnswers {
  var systemd: String? = "systemd 252 (252.39-1~deb12u1)\n+PAM +AUDIT\n"
  var unit: String? = state("not-found")
  var process: String?
  var group: String?
  var otherUnit = state("not-found")
  var otherProcess: String?
  var files: [String: String] = [:]
  var dataFolder: ObservedFile?

  /// What `systemctl show` prints.
  static func state(
    _ load: String, active: String = "inactive", sub: String = "dead", file: String = "", status: Int = 0,
    needsReload: Bool = false
  ) -> String {
    """
    ExecMainStatus=\(status)
    LoadState=\(load)
    ActiveState=\(active)
    SubState=\(sub)
    DropInPaths=
    UnitFileState=\(file)
    NeedDaemonReload=\(needsReload ? "yes" : "no")

    """
  }

  /// A host whose member runs as a reply's files and a unit file say.
  static func running(_ reply: ServiceReply, _ unit: MemberUnit) -> EtcdHostAnswers {
    var host = EtcdHostAnswers()
    host.unit = state("loaded", active: "active", sub: "running", file: "enabled")
    host.group = "etcd\n"
    for file in reply.files {
      if case .bytes(let bytes) = file.content { host.files[file.path] = String(decoding: bytes, as: UTF8.self) }
    }
    host.files["/etc/kubernetes/quorate/member.unit"] = unit.text
    let variable = host.files["/etc/systemd/system/quorate-etcd.service"]?.firstMatch(of: /QUORATE_UNIT=[0-9a-f]+/)
    host.process =
      ([unit.binary] + unit.arguments).joined(separator: "\n") + "\n\n" + (variable.map { String($0.output) } ?? "")
    return host
  }

  var answers: ProbeAnswers {
    func output(_ text: String?) -> ProbeAnswer {
      text.map { .command(status: 0, output: Array($0.utf8)) } ?? .command(status: 1, output: [])
    }
    var answers = ProbeAnswers([
      "systemd-etcd.unit": output(unit), "systemd-etcd.process": output(process),
      "systemd-etcd.version": output(systemd), "systemd-etcd.group": output(group),
      "systemd-etcd.other-unit": output(otherUnit), "systemd-etcd.other-process": output(otherProcess),
    ])
    for (path, text) in files {
      answers.byKey[path] = .file(ObservedFile(kind: .regular, content: Array(text.utf8)))
    }
    if let dataFolder { answers.byKey["/var/lib/etcd"] = .file(dataFolder) }
    return answers
  }
}
