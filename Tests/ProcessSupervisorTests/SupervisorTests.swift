import Glibc
import QuorateCore
import QuorateTesting
import Testing

/// The supervisor with a real etcd.
@Suite(.enabled(if: SupervisedMember.etcd != nil, "no etcd")) struct SupervisorTests {
  private func run(_ commands: [HostCommand]) async -> LocalProgram.Result {
    var last = LocalProgram.Result(status: 0, output: [], errorOutput: [])
    for command in commands where last.status == 0 { last = await LocalProgram.run(command) }
    return last
  }

  @Test func `A member is started, seen, and stopped without a trace`() async throws {
    let supervised = try await SupervisedMember()
    #expect(supervised.reply.needsStart)
    let started = await run(supervised.reply.start)
    #expect(started.status == 0, "\(started.errorText)")
    #expect(await supervised.becomesHealthy())
    let seen = try await supervised.observe()
    #expect(!seen.needsStart && !seen.needsRestart && seen.findings.isEmpty)
    let (etcd, supervisor) = (await supervised.process("member"), await supervised.process("supervisor"))
    let stopped = await LocalProgram.run(["sh", supervised.folder + "/supervise.sh", "stop", supervised.unit])
    #expect(stopped.status == 0, "\(stopped.errorText)")
    #expect(await supervised.waits(until: "[ ! -e /proc/\(etcd) ] && [ ! -e /proc/\(supervisor) ]"))
    let left = await LocalProgram.run(["ls", supervised.folder])
    #expect(left.text == "member.log\nmember.state\nmember.unit\nsupervise.sh\n")
    await supervised.remove()
  }

  @Test func `A second start changes nothing`() async throws {
    let supervised = try await SupervisedMember()
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.becomesHealthy())
    let before = await supervised.process("supervisor")
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.process("supervisor") == before)
    await supervised.remove()
  }

  @Test func `A member that is killed is started again`() async throws {
    let supervised = try await SupervisedMember()
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.becomesHealthy())
    let etcd = await supervised.process("member")
    _ = await LocalProgram.run(["kill", "-KILL", etcd])
    #expect(await supervised.waits(until: "[ ! -e /proc/\(etcd) ]"))
    #expect(await supervised.becomesHealthy())
    #expect(await supervised.process("member") != etcd)
    #expect(await supervised.log().contains("etcd ended with status 137"))
    await supervised.remove()
  }

  @Test func `SIGTERM ends the supervisor and the member`() async throws {
    let supervised = try await SupervisedMember()
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.becomesHealthy())
    let (etcd, supervisor) = (await supervised.process("member"), await supervised.process("supervisor"))
    _ = await LocalProgram.run(["kill", "-TERM", supervisor])
    #expect(await supervised.waits(until: "[ ! -e /proc/\(etcd) ] && [ ! -e /proc/\(supervisor) ]"))
    await supervised.remove()
  }

  @Test func `A member whose supervisor was killed goes on and is taken over`() async throws {
    let supervised = try await SupervisedMember()
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.becomesHealthy())
    let (etcd, supervisor) = (await supervised.process("member"), await supervised.process("supervisor"))
    _ = await LocalProgram.run(["kill", "-KILL", supervisor])
    #expect(await supervised.waits(until: "[ ! -e /proc/\(supervisor) ]"))
    #expect(try await supervised.observe().needsStart)
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.process("member") == etcd)
    #expect(await supervised.process("supervisor") != supervisor)
    _ = await LocalProgram.run(["sh", supervised.folder + "/supervise.sh", "stop", supervised.unit])
    // Whoever adopted it may not have waited for it yet.
    #expect(await supervised.waits(until: "[ ! -e /proc/\(etcd) ] || grep -q ') Z' /proc/\(etcd)/stat"))
    await supervised.remove()
  }

  @Test func `A founded member without its data is refused`() async throws {
    let supervised = try await SupervisedMember()
    let record = MemberRecord(cluster: "prod", member: "infra0", token: "t", clusterID: "ab", memberID: "cd")
    try await SupervisedMember.write(record.json, to: supervised.member.host.layout.memberRecord)
    let refused = await run(supervised.reply.start)
    #expect(refused.status == 3)
    #expect(refused.errorText.contains("holds no data"))
    #expect(await supervised.log().contains("not started: the cluster was founded"))
    let seen = try await supervised.observe()
    #expect(seen.needsStart)
    #expect(seen.findings.map(\.code) == ["member.refused"])
    await supervised.remove()
  }

  @Test func `A founded member that loses its data while it runs is not started again`() async throws {
    let supervised = try await SupervisedMember()
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.becomesHealthy())
    let record = MemberRecord(cluster: "prod", member: "infra0", token: "t", clusterID: "ab", memberID: "cd")
    try await SupervisedMember.write(record.json, to: supervised.member.host.layout.memberRecord)
    let (etcd, supervisor) = (await supervised.process("member"), await supervised.process("supervisor"))
    _ = await LocalProgram.run([
      "sh", "-c", "rm -rf -- \"$1\"/member; kill -KILL \"$2\"", "x", supervised.dataFolder, etcd,
    ])
    #expect(await supervised.waits(until: "[ ! -e /proc/\(supervisor) ]"))
    #expect(await supervised.log().contains("refused: the cluster was founded"))
    #expect(access(supervised.dataFolder + "/member/wal", F_OK) != 0)
    await supervised.remove()
  }

  @Test func `A founded member with its data starts`() async throws {
    let supervised = try await SupervisedMember()
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.becomesHealthy())
    let record = MemberRecord(cluster: "prod", member: "infra0", token: "t", clusterID: "ab", memberID: "cd")
    try await SupervisedMember.write(record.json, to: supervised.member.host.layout.memberRecord)
    let etcd = await supervised.process("member")
    #expect(await run(supervised.reply.restart).status == 0)
    #expect(await supervised.becomesHealthy())
    #expect(await supervised.process("member") != etcd)
    await supervised.remove()
  }

  @Test func `Another argument asks for a restart, another cluster state does not`() async throws {
    let supervised = try await SupervisedMember()
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.becomesHealthy())
    let text = await LocalProgram.run(["cat", supervised.unit]).text
    var unit = try #require(MemberUnit(text: text))
    unit.arguments = unit.arguments.map {
      $0 == "--initial-cluster-state=new" ? "--initial-cluster-state=existing" : $0
    }
    try await supervised.write(unit: unit)
    #expect(try await !supervised.observe().needsRestart)
    unit.arguments.append("--snapshot-count=5000")
    try await supervised.write(unit: unit)
    let seen = try await supervised.observe()
    #expect(seen.needsRestart)
    #expect(seen.findings.first?.what.contains("snapshot-count") == true)
    #expect(await run(supervised.reply.restart).status == 0)
    #expect(await supervised.becomesHealthy())
    #expect(try await !supervised.observe().needsRestart)
    await supervised.remove()
  }

  @Test func `A program that is not there is an error at once`() async throws {
    let supervised = try await SupervisedMember(binary: "/nowhere/etcd")
    let result = await run(supervised.reply.start)
    #expect(result.status == 1)
    #expect(result.errorText == "/nowhere/etcd is no program\n")
    await supervised.remove()
  }

  @Test func `A pid file that names somebody else's process is not believed`() async throws {
    let supervised = try await SupervisedMember()
    let own = "\(getpid()) 1 00000000-0000-0000-0000-000000000000\n"
    try await SupervisedMember.write(Array(own.utf8), to: supervised.folder + "/member.pid")
    try await SupervisedMember.write(Array(own.utf8), to: supervised.folder + "/supervisor.pid")
    #expect(try await supervised.observe().needsStart)
    let stopped = await LocalProgram.run(["sh", supervised.folder + "/supervise.sh", "stop", supervised.unit])
    #expect(stopped.status == 0)
    #expect(await run(supervised.reply.start).status == 0)
    #expect(await supervised.becomesHealthy())
    await supervised.remove()
  }
}
