internal import QuorateCore

/// What the survey answered about a host that is to run etcd under systemd.
struct EtcdHost {
  private enum ID {
    static let unit = "systemd-etcd.unit"
    static let process = "systemd-etcd.process"
    static let version = "systemd-etcd.version"
    static let group = "systemd-etcd.group"
    static let otherUnit = "systemd-etcd.other-unit"
    static let otherProcess = "systemd-etcd.other-process"
  }

  static func probes(for member: MemberContext) -> [Probe] {
    let layout = member.host.layout
    let unit = EtcdUnit(layout)
    var probes: [Probe] = [
      UnitState.probe(id: ID.unit, unit: EtcdUnit.name), UnitProcess.probe(id: ID.process, unit: EtcdUnit.name),
      UnitState.probe(id: ID.otherUnit, unit: OtherEtcd.unit),
      UnitProcess.probe(id: ID.otherProcess, unit: OtherEtcd.unit),
      .command(id: ID.version, HostCommand(["systemctl", "--version"], timeoutSeconds: 10)),
      .command(id: ID.group, HostCommand(["id", "-gn", EtcdUnit.user], timeoutSeconds: 10)),
      .file(path: layout.memberUnit, limit: 65_536), .file(path: layout.dataFolder, limit: 0),
    ]
    for file in unit.files { probes.append(.file(path: file.path, limit: 65_536)) }
    for folder in unit.parents where folder != layout.kubernetesFolder {
      probes.append(.file(path: folder, limit: 0))
    }
    return probes
  }

  /// nil: the host has no systemd that answers.
  let state: UnitState?
  /// nil: no member runs.
  let process: UnitProcess?
  /// systemd's version; nil: it did not say.
  let systemd: Int?
  /// Whether the user that etcd runs as is there.
  let hasUser: Bool
  /// Whom the member runs as.
  let owner: FileOwner
  /// The distribution's etcd; nil: there is none.
  let other: OtherEtcd?
  /// The member's unit file as it is there.
  let memberUnit: MemberUnit?
  /// What is where etcd's data should be.
  let dataFolder: ObservedFile

  init(member: MemberContext, answers: ProbeAnswers) {
    let layout = member.host.layout
    state = answers.output(ID.unit).flatMap(UnitState.init(show:))
    process = answers.output(ID.process).map(UnitProcess.init(output:)).flatMap { $0.command.isEmpty ? nil : $0 }
    systemd = answers.output(ID.version).flatMap(Self.version(in:))
    let group = answers.output(ID.group)?.split(whereSeparator: \.isNewline).first.map(String.init)
    let isName = { (text: String) in
      !text.isEmpty && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: ":") }
    }
    hasUser = group.map(isName) ?? false
    owner = FileOwner(user: EtcdUnit.user, group: group.flatMap { isName($0) ? $0 : nil } ?? EtcdUnit.user)
    let otherState = answers.output(ID.otherUnit).flatMap(UnitState.init(show:))
    other = otherState.flatMap { state in
      state.load == "loaded"
        ? OtherEtcd(state: state, process: UnitProcess(output: answers.output(ID.otherProcess) ?? "")) : nil
    }
    memberUnit = answers.file(layout.memberUnit).text.flatMap(MemberUnit.init(text:))
    dataFolder = answers.file(layout.dataFolder)
  }

  /// Whether the data folder is there and is not its user's: made by hand, or as the mount point of a disk.
  var isDataSomebodyElses: Bool { dataFolder.kind == .folder && dataFolder.owner != owner }

  /// In what the running member differs from its unit and its unit file: names of flags, and `unit`.
  func differences(from unit: EtcdUnit) -> [String] {
    guard let process, process.command.first != "/bin/sh" else { return [] }
    let isOtherUnit = process.environment[EtcdUnit.variable] != unit.fingerprint
    return (isOtherUnit ? [EtcdUnit.name] : []) + (memberUnit?.differences(fromRunning: process.command) ?? [])
  }

  /// The number in `systemd 252 (252.39-1~deb12u1)`.
  private static func version(in output: String) -> Int? {
    let words = output.split(whereSeparator: \.isWhitespace)
    return words.first == "systemd" && words.count > 1 ? Int(words[1].prefix { $0.isNumber }) : nil
  }
}
