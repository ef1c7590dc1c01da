import QuorateCore
import QuorateTesting
import SystemdEtcd
import Testing

@Suite struct SystemdEtcdTests {
  private static let unitPath = "/etc/systemd/system/quorate-etcd.service"
  private static let etcd = FileOwner(user: "etcd", group: "etcd")
  private static let unit = MemberUnit(
    name: "infra0", binary: "/usr/bin/etcd", dataFolder: "/var/lib/etcd",
    record: "/etc/kubernetes/quorate/member.json",
    arguments: ["--name=infra0", "--snapshot-count=10000", "--initial-cluster-state=new"])

  private func reply(
    _ host: EtcdHostAnswers = EtcdHostAnswers(), phase: MemberPhase = .founding,
    change: (inout HostSpec, Int) -> Void = { _, _ in }
  ) async throws -> ServiceReply {
    let made = MemberFixture.member(phase: phase, change: change)
    let member = try #require(made)
    return try await SystemdEtcd().service(for: member, answers: host.answers)
  }

  private func text(_ reply: ServiceReply, _ path: String) throws -> String {
    let file = try #require(reply.files.first { $0.path == path })
    guard case .bytes(let bytes) = file.content else { throw CancellationError() }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `It keeps the contract of service managers`() async throws {
    let suite = ServiceManagerConformance(SystemdEtcd()) { _ in EtcdHostAnswers().answers }
    #expect(try await suite.violations() == [])
  }

  @Test func `A host with nothing gets a user, a folder and a unit, and then a start`() async throws {
    let reply = try await reply()
    #expect(reply.findings == [])
    #expect(reply.needsActivation && reply.needsStart && !reply.needsRestart && reply.makesMemberOwner)
    #expect(reply.memberOwner == Self.etcd && reply.owner == .root)
    #expect(reply.files.allSatisfy { $0.owner == .root && $0.mode & 0o022 == 0 })
    #expect(
      reply.activation.map(\.summary) == [
        "make the user etcd", "make etcd's data folder", "reload systemd's units",
        "check what quorate-etcd.service starts", "enable quorate-etcd.service",
      ])
    #expect(try text(reply, "/etc/sysusers.d/quorate-etcd.conf").hasSuffix("\nu etcd - \"etcd key-value store\"\n"))
    #expect(try text(reply, "/etc/tmpfiles.d/quorate-etcd.conf").hasSuffix("\nd /var/lib/etcd 0700 etcd etcd -\n"))
  }

  @Test func `The unit can write etcd's data and nothing else, and gains no right`() async throws {
    let lines = try text(try await reply(), Self.unitPath).split(separator: "\n").map(String.init)
    for line in [
      "Type=notify", "User=etcd", "ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=",
      "PrivateTmp=yes", "PrivateDevices=yes", "ProtectHome=yes", "WantedBy=multi-user.target",
      "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", "ReadWritePaths=-/var/lib/etcd",
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    #expect(lines.filter { $0.hasPrefix("ReadWritePaths=") }.count == 1)
    // Commands that run with full rights are marked so (systemd.service(5)).
    #expect(!lines.contains { $0.hasPrefix("Exec") && ($0.contains("=+") || $0.contains("=!")) })
  }

  @Test func `A member that runs as its files say needs nothing`() async throws {
    let host = EtcdHostAnswers.running(try await reply(), Self.unit)
    let seen = try await reply(host, phase: .existing)
    #expect(seen.findings == [])
    #expect(!seen.needsActivation && !seen.needsStart && !seen.needsRestart && !seen.makesMemberOwner)
  }

  @Test func `Another argument asks for a restart, another cluster state does not`() async throws {
    var host = EtcdHostAnswers.running(try await reply(), Self.unit)
    var unit = Self.unit
    unit.arguments[2] = "--initial-cluster-state=existing"
    host.files["/etc/kubernetes/quorate/member.unit"] = unit.text
    #expect(try await !reply(host, phase: .existing).needsRestart)
    unit.arguments[1] = "--snapshot-count=5000"
    host.files["/etc/kubernetes/quorate/member.unit"] = unit.text
    let seen = try await reply(host, phase: .existing)
    #expect(seen.needsRestart)
    #expect(seen.findings.map(\.code) == ["member.other-arguments"])
    #expect(seen.findings.first?.what.hasSuffix(": snapshot-count") == true)
  }

  @Test func `A member that was started by an earlier form of the unit is restarted`() async throws {
    var host = EtcdHostAnswers.running(try await reply(), Self.unit)
    host.process = host.process?.replacing(/QUORATE_UNIT=.*/, with: "QUORATE_UNIT=0123456789abcdef")
    #expect(try await reply(host, phase: .existing).needsRestart)
  }

  @Test func `A unit that is not enabled would not come back after a reboot, and is enabled`() async throws {
    var host = EtcdHostAnswers.running(try await reply(), Self.unit)
    host.unit = EtcdHostAnswers.state("loaded", active: "active", sub: "running", file: "disabled")
    let seen = try await reply(host, phase: .existing)
    #expect(seen.needsActivation && !seen.needsStart && !seen.needsRestart)
    #expect(seen.activation.last?.arguments == ["systemctl", "enable", "quorate-etcd.service"])
  }

  @Test(arguments: [
    ("failed", "failed", 78, "member.refused"), ("failed", "failed", 1, "member.failing"),
    ("activating", "auto-restart", 1, "member.failing"), ("inactive", "dead", 0, "member.not-running"),
  ])
  func `A member that does not run is reported, and started where systemd does not`(
    _ active: String, _ sub: String, _ status: Int, _ code: String
  ) async throws {
    var host = EtcdHostAnswers.running(try await reply(), Self.unit)
    host.unit = EtcdHostAnswers.state("loaded", active: active, sub: sub, file: "enabled", status: status)
    host.process = nil
    let seen = try await reply(host, phase: .existing)
    #expect(seen.findings.map(\.code) == [code])
    #expect(seen.needsStart == (active != "activating"))
  }

  @Test func `A host without systemd, or with an old one, is refused`() async throws {
    var host = EtcdHostAnswers()
    host.systemd = "systemd 245 (245.4-4ubuntu3.24)\n"
    #expect(try await reply(host).findings.map(\.code) == ["host.old-systemd"])
    host.unit = nil
    let none = try await reply(host)
    #expect(none.findings.map(\.code) == ["host.no-systemd"])
    #expect(none.files.isEmpty && !none.needsStart && !none.needsActivation)
  }

  @Test(arguments: ["/home/etcd", "/root/etcd", "/var/tmp/etcd", "/srv/etcd data", "/srv/50%"])
  func `A data folder that the unit hides or cannot name is refused`(_ folder: String) async throws {
    let found = try await reply(change: { host, _ in host.dataFolder = folder }).findings
    #expect(found.map(\.code) == ["host.data-folder"])
  }

  @Test func `A data folder that is a link is refused`() async throws {
    var host = EtcdHostAnswers()
    host.dataFolder = ObservedFile(kind: .symlink)
    #expect(try await reply(host).findings.map(\.code) == ["host.data-folder"])
  }

  @Test func `A data folder that is somebody else's gets its owner`() async throws {
    var host = EtcdHostAnswers.running(try await reply(), Self.unit)
    host.dataFolder = ObservedFile(kind: .folder, mode: 0o755, owner: .root)
    let seen = try await reply(host, phase: .existing)
    #expect(seen.needsActivation && !seen.needsRestart)
    #expect(seen.activation.first?.summary == "correct the owner of etcd's data folder")
    host.dataFolder?.owner = Self.etcd
    #expect(try await !reply(host, phase: .existing).needsActivation)
  }

  @Test func `A root of its own is refused`() async throws {
    #expect(
      try await reply(change: { host, _ in host.root = "/srv/infra0" }).findings.map(\.code) == ["host.root"])
  }

  // MARK: the distribution's etcd

  private func withOther(_ process: String, active: String = "active", file: String = "enabled") -> EtcdHostAnswers {
    var host = EtcdHostAnswers()
    host.otherUnit = EtcdHostAnswers.state("loaded", active: active, sub: "running", file: file)
    host.otherProcess = process
    return host
  }

  @Test(arguments: [
    ("/usr/bin/etcd\n\nETCD_DATA_DIR=/var/lib/etcd/default\n", "port 2379"),
    (
      "/usr/bin/etcd\n\nETCD_LISTEN_CLIENT_URLS=http://localhost:2379\nETCD_LISTEN_PEER_URLS=http://[::1]:1\n",
      "port 2379"
    ),
    (
      "/usr/bin/etcd\n--listen-client-urls\nhttp://0.0.0.0:1,http://[::]:2380\n--listen-peer-urls=http://10.0.0.6:2\n\n",
      "port 2380"
    ),
    (
      "/usr/bin/etcd\n--data-dir=/var/lib/etcd\n-listen-client-urls=http://10.0.0.6:1\n--listen-peer-urls=http://10.0.0.6:2\n\n",
      "the folder /var/lib/etcd"
    ),
    ("", "port 2379"),
  ])
  func `The distribution's etcd on the same ports or data is refused, with what to do`(
    _ process: String, _ word: String
  ) async throws {
    let finding = try #require(try await reply(withOther(process)).findings.first)
    #expect(finding.severity == .error && finding.code == "host.other-etcd")
    #expect(finding.what.contains(word), "\(finding.what)")
    #expect(finding.fix.hasPrefix("systemctl disable --now etcd.service"))
  }

  @Test func `The distribution's etcd with ports and data of its own may stay`() async throws {
    let process =
      "/usr/bin/etcd\n\nETCD_DATA_DIR=/srv/other\nETCD_LISTEN_CLIENT_URLS=http://localhost:4001\n"
      + "ETCD_LISTEN_PEER_URLS=http://localhost:4002\n"
    #expect(try await reply(withOther(process)).findings == [])
  }

  @Test func `The distribution's etcd that starts with the next boot only is told`() async throws {
    let found = try await reply(withOther("", active: "inactive")).findings
    #expect(found.map(\.severity) == [.warning])
    #expect(try await reply(withOther("", active: "inactive", file: "disabled")).findings == [])
  }
}
