import QuorateCore
import QuorateTesting
import SystemdEtcd
import Testing

/// The script that the unit starts, run by this machine's own shells with a program that prints its arguments as etcd.
@Suite struct StartScriptTests {
  private static let shells = ["dash", "bash"]

  private struct Member {
    let folder: String
    let shell: String

    init(_ shell: String, founded: Bool = false, change: (inout MemberUnit) -> Void = { _ in }) async throws {
      let made = await LocalProgram.run(["mktemp", "-d", "/tmp/quorate start-XXXXXX"])
      folder = String(made.text.prefix { $0 != "\n" })
      self.shell = shell
      try #require(made.status == 0)
      let context = try #require(MemberFixture.member())
      let reply = try await SystemdEtcd().service(
        for: context, answers: EtcdHostAnswers().answers)
      let script = try #require(reply.files.first { $0.path.hasSuffix("/start-etcd.sh") })
      guard case .bytes(let bytes) = script.content else { throw CancellationError() }
      var unit = MemberUnit(
        name: "infra0", binary: folder + "/etcd", dataFolder: folder + "/data", record: "/nowhere",
        arguments: ["--name=infra0", "--odd=$(touch \(folder)/never) 'x' \"y\" *  ", "--last="])
      change(&unit)
      let record = MemberRecord(
        cluster: "prod", member: "infra0", token: "t", clusterID: founded ? "1" : nil, memberID: founded ? "2" : nil)
      try await write(bytes, "start.sh")
      try await write(Array(unit.text.utf8), "member.unit")
      try await write(record.json, "member.json")
      try await write(Array("#!/bin/sh\nprintf '[%s]\\n' \"$@\"; env | grep -c ^ETCD_NAME\n".utf8), "etcd")
      _ = await LocalProgram.run(["chmod", "755", folder + "/etcd"])
      _ = await LocalProgram.run(["mkdir", folder + "/data"])
    }

    func write(_ bytes: [UInt8], _ name: String) async throws {
      let written = await LocalProgram.run(
        ["sh", "-c", "mkdir -p \"${1%/*}\" && cat >\"$1\"", "w", folder + "/" + name], input: bytes)
      try #require(written.status == 0)
    }

    func start() async -> LocalProgram.Result {
      await LocalProgram.run([
        "env", "CREDENTIALS_DIRECTORY=\(folder)", "ETCD_NAME=other", shell, folder + "/start.sh",
      ])
    }

    func remove() async { _ = await LocalProgram.run(["rm", "-rf", "--", folder]) }
  }

  @Test(arguments: shells) func `etcd gets its arguments as they are, and no variable`(_ shell: String) async throws {
    let member = try await Member(shell)
    let result = await member.start()
    #expect(result.status == 1, "grep counts no variable")
    #expect(
      result.text
        == "[--name=infra0]\n[--odd=$(touch \(member.folder)/never) 'x' \"y\" *  ]\n[--last=]\n0\n", "\(result)")
    await member.remove()
  }

  @Test(arguments: shells) func `A founded member without its data is refused`(_ shell: String) async throws {
    let member = try await Member(shell, founded: true)
    let result = await member.start()
    #expect(result.status == 78 && result.text.isEmpty)
    #expect(result.errorText.hasPrefix("<3>quorate: refused: the cluster was founded, and "))
    try await member.write([1], "data/member/wal/0.wal")
    #expect(await member.start().text.hasPrefix("[--name=infra0]"))
    await member.remove()
  }

  @Test(arguments: shells) func `A founded member whose data folder is gone is refused`(_ shell: String) async throws {
    let member = try await Member(shell, founded: true)
    _ = await LocalProgram.run(["rmdir", member.folder + "/data"])
    #expect(await member.start().status == 78)
    await member.remove()
  }

  @Test(arguments: shells)
  func `What cannot be started says why`(_ shell: String) async throws {
    let none = try await Member(shell) { $0.binary = "/nowhere/etcd" }
    let missing = await none.start()
    #expect(missing.status == 1 && missing.errorText.contains("/nowhere/etcd is no program that the user"))
    try await none.write(Array("format=2\n".utf8), "member.unit")
    #expect(await none.start().errorText.contains("none of format 1"))
    await none.remove()
    let folderless = try await Member(shell) { $0.dataFolder = "/nowhere/data" }
    let result = await folderless.start()
    #expect(result.status == 1 && result.errorText.contains("/nowhere/data is not there"))
    await folderless.remove()
  }
}
