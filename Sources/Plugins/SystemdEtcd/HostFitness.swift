internal import QuorateCore

/// What keeps a host from running etcd in a unit of its own, and what is worth knowing of the member.
struct HostFitness {
  let member: MemberContext
  let host: EtcdHost
  let unit: EtcdUnit

  /// The first version of systemd that knows `LoadCredential=`.
  private static let firstSystemd = 247

  /// The findings, the gravest first.
  var findings: [Finding] { missing + places + other + running }

  private func finding(
    _ severity: Finding.Severity, _ code: String, _ what: String, why: String = "", fix: String = ""
  ) -> Finding {
    // Some of it is what the host answered.
    let (what, why, fix) = (what.filter(Self.isPrintable), why.filter(Self.isPrintable), fix.filter(Self.isPrintable))
    return Finding(severity, code: code, host: member.host.name, what: what, why: why, fix: fix)
  }

  private static func isPrintable(_ character: Character) -> Bool {
    !character.isNewline && character.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
  }

  private var missing: [Finding] {
    guard let state = host.state else {
      return [
        finding(
          .error, "host.no-systemd", "systemd does not answer on the host", why: "it runs etcd",
          fix: "use a host with systemd, or the service manager `process`")
      ]
    }
    if let systemd = host.systemd, systemd < Self.firstSystemd {
      return [
        finding(
          .error, "host.old-systemd", "the host's systemd is version \(systemd)",
          why: "the unit needs LoadCredential=, which came with \(Self.firstSystemd)",
          fix: "use a host with a newer system")
      ]
    }
    if state.load == "masked" {
      return [
        finding(
          .error, "host.etcd-masked", "\(EtcdUnit.name) is masked",
          fix: "systemctl unmask \(EtcdUnit.name), if nobody masked it on purpose")
      ]
    }
    return []
  }

  private var places: [Finding] {
    if member.host.root != nil {
      return [
        finding(
          .error, "host.root", "the host has a root of its own, \(member.host.layout.root)",
          why: "systemd has one root only", fix: "remove `root`, or use the service manager `process`")
      ]
    }
    let folder = member.host.layout.dataFolder
    if !Self.isPlain(folder) {
      return [
        finding(
          .error, "host.data-folder", "the data folder \(folder) has characters that cannot stand in a unit file",
          fix: "name it with letters, digits and `/._-`")
      ]
    }
    if host.dataFolder.kind != .absent, host.dataFolder.kind != .folder {
      return [
        finding(
          .error, "host.data-folder", "the data folder \(folder) is no folder, or a link to one",
          why: "its owner is set by its name, and systemd does not follow links there",
          fix: "name the folder itself in dataFolder")
      ]
    }
    let hidden = ["/home", "/root", "/run/user", "/tmp", "/var/tmp", "/proc", "/sys", "/dev"]
    if let place = hidden.first(where: { folder == $0 || folder.hasPrefix($0 + "/") }) {
      return [
        finding(
          .error, "host.data-folder", "the data folder \(folder) is in \(place)",
          why: "the unit hides that folder from etcd", fix: "choose another one, as /var/lib/etcd")
      ]
    }
    return []
  }

  private var other: [Finding] {
    guard let other = host.other else { return [] }
    let taken = other.conflicts(with: member.host)
    if !taken.isEmpty {
      return [
        finding(
          .error, "host.other-etcd",
          "\(OtherEtcd.unit) runs on the host and has \(taken.joined(separator: ", ")) of this member",
          why: "the distribution's package starts an etcd of its own when it is installed",
          fix:
            "systemctl disable --now \(OtherEtcd.unit), when nobody needs what it holds"
            + "\(other.dataFolder.map { "; its data in \($0) stays" } ?? ""); or set other ports and another dataFolder here"
        )
      ]
    }
    guard !other.state.isUp, other.state.isEnabled else { return [] }
    return [
      finding(
        .warning, "host.other-etcd", "\(OtherEtcd.unit) does not run and starts with the host's next boot",
        why: "it may take the ports of this member then", fix: "systemctl disable \(OtherEtcd.unit)")
    ]
  }

  private var running: [Finding] {
    guard let state = host.state else { return [] }
    let log = "journalctl -u \(EtcdUnit.name) says more"
    var found: [Finding] = []
    // Containers have drop-ins for all units, in folders of another name.
    let dropIns = state.dropIns.filter { $0.contains("/\(EtcdUnit.name).d/") }
    if !dropIns.isEmpty {
      found.append(
        finding(
          .note, "host.drop-ins", "\(EtcdUnit.name) has drop-ins of yours: \(dropIns.joined(separator: ", "))"))
    }
    let differences = host.differences(from: unit)
    if state.isUp, !differences.isEmpty {
      found.append(
        finding(
          .note, "member.other-arguments",
          "the running member was started otherwise than its files say: \(differences.joined(separator: ", "))"))
    }
    if state.active == "failed", state.exitStatus == EtcdUnit.refusal {
      found.append(
        finding(
          .warning, "member.refused",
          "the member was not started: the cluster was founded, and \(member.host.layout.dataFolder) holds no data",
          why: "starting would add an empty voter", fix: log))
    } else if state.sub == "auto-restart" || state.active == "failed" {
      found.append(
        finding(
          .warning, "member.failing", "the member does not stay up: it ended with status \(state.exitStatus)",
          fix: log))
    } else if member.phase == .existing, !state.isUp {
      found.append(
        finding(
          .warning, "member.not-running", "the member does not run",
          why: state.load == "loaded" ? "it was stopped" : "\(EtcdUnit.name) is not there",
          fix: "quorate apply starts it"))
    }
    return found
  }

  /// Whether a path needs no quoting in a unit file or tmpfiles.d.
  static func isPlain(_ path: String) -> Bool {
    path.hasPrefix("/") && path.utf8.count <= 4_096
      && path.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
