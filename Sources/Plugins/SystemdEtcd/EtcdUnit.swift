internal import QuorateCore

/// The files that make systemd run a member: the unit, the script that it starts, its user and its data folder.
///
/// Sources: systemd.exec(5), systemd.service(5), sysusers.d(5), tmpfiles.d(5); etcd `etcdmain/etcd.go` (`notifySystemd`:
/// it tells systemd that it is ready once it has joined its cluster).
struct EtcdUnit: Equatable {
  /// Not `etcd.service`: that is the distribution's.
  static let name = "quorate-etcd.service"
  /// The user that etcd runs as.
  static let user = "etcd"
  /// How the script ends that refuses to start a founded member without its data (`EX_CONFIG` of sysexits.h).
  static let refusal = 78
  /// The variable that names the unit that a member was started with: a changed one takes effect with a restart only.
  static let variable = "QUORATE_UNIT"

  let path: String
  let script: String
  let users: String
  let folders: String
  /// The program and arguments that systemd starts.
  let command: [String]
  /// What the variable says of this unit and its script.
  let fingerprint: String
  /// The files, in the order in which they are written.
  let files: [DesiredFile]

  /// Makes the files.
  ///
  /// - Parameters:
  ///   - layout: The host's.
  ///   - owner: Whom the member runs as.
  init(_ layout: HostLayout, owner: FileOwner = FileOwner(user: EtcdUnit.user, group: EtcdUnit.user)) {
    path = layout.path("/etc/systemd/system/" + Self.name)
    script = layout.path("/etc/kubernetes/start-etcd.sh")
    users = layout.path("/etc/sysusers.d/quorate-etcd.conf")
    folders = layout.path("/etc/tmpfiles.d/quorate-etcd.conf")
    command = ["/bin/sh", script]
    let unit = Self.unit(layout, owner: owner, command: command)
    fingerprint = Self.fingerprint(of: unit + Self.scriptText)
    let text = unit.replacing(
      "Environment=\n", with: "Environment=\(Self.variable)=\(fingerprint)\n", maxReplacements: 1)
    files = [
      DesiredFile(path: users, mode: 0o644, owner: .root, text: Self.usersText(owner)),
      DesiredFile(path: folders, mode: 0o644, owner: .root, text: Self.foldersText(layout, owner)),
      DesiredFile(path: script, mode: 0o755, owner: .root, text: Self.scriptText),
      DesiredFile(path: path, mode: 0o644, owner: .root, text: text),
    ]
  }

  /// The folders of the files that a host may lack.
  var parents: [String] { files.map { String($0.path[..<($0.path.lastIndex(of: "/") ?? $0.path.startIndex)]) } }

  static let scriptText = String(decoding: PackageResources.start_etcd_sh, as: UTF8.self)

  private static func usersText(_ owner: FileOwner) -> String {
    """
    # The user that etcd runs as. Quorate writes this file.
    u \(owner.user) - "etcd key-value store"

    """
  }

  private static func foldersText(_ layout: HostLayout, _ owner: FileOwner) -> String {
    """
    # etcd's data. Quorate writes this file.
    d \(layout.dataFolder) 0700 \(owner.user) \(owner.group) -

    """
  }

  private static func unit(_ layout: HostLayout, owner: FileOwner, command: [String]) -> String {
    """
    # The host's etcd member. Quorate writes this file; a drop-in of your own is left alone.
    [Unit]
    Description=etcd, a member of a cluster that Quorate made
    Documentation=https://etcd.io/docs/
    Wants=network-online.target
    After=network-online.target
    # A disk that is not mounted yet is no lost data.
    RequiresMountsFor=\(layout.dataFolder)
    ConditionPathExists=\(layout.memberUnit)
    StartLimitIntervalSec=0

    [Service]
    Type=notify
    User=\(owner.user)
    Group=\(owner.group)
    LoadCredential=member.unit:\(layout.memberUnit)
    LoadCredential=member.json:\(layout.memberRecord)
    Environment=
    ExecStart=\(command.joined(separator: " "))
    # etcd is ready when it has joined its cluster, and that is the others' matter too.
    TimeoutStartSec=infinity
    TimeoutStopSec=60
    Restart=always
    RestartSec=2
    # Refused: the cluster was founded and the data is gone. Trying again would not help.
    RestartPreventExitStatus=78
    SyslogIdentifier=etcd
    LimitNOFILE=65536
    OOMScoreAdjust=-900
    UMask=0077

    # It writes its data, speaks to the network and reads its keys.
    ProtectSystem=strict
    ReadWritePaths=-\(layout.dataFolder)
    NoNewPrivileges=yes
    CapabilityBoundingSet=
    AmbientCapabilities=
    PrivateTmp=yes
    PrivateDevices=yes
    DevicePolicy=closed
    ProtectHome=yes
    ProtectHostname=yes
    ProtectClock=yes
    ProtectKernelTunables=yes
    ProtectKernelModules=yes
    ProtectKernelLogs=yes
    ProtectControlGroups=yes
    ProtectProc=invisible
    RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
    RestrictNamespaces=yes
    RestrictRealtime=yes
    RestrictSUIDSGID=yes
    RemoveIPC=yes
    KeyringMode=private
    LockPersonality=yes
    MemoryDenyWriteExecute=yes
    SystemCallArchitectures=native
    SystemCallFilter=@system-service
    SystemCallFilter=~@privileged @resources
    SystemCallErrorNumber=EPERM

    [Install]
    WantedBy=multi-user.target

    """
  }

  /// FNV-1a of 64 bits: it tells one text of ours from another, no more.
  static func fingerprint(of text: String) -> String {
    let hash = text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
