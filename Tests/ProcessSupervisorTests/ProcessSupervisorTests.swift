import ProcessSupervisor
import QuorateCore
import QuorateTesting
import Testing

@Suite struct ProcessSupervisorTests {
  @Test func `It keeps the contract of service managers`() async throws {
    #expect(try await ServiceManagerConformance(ProcessSupervisor()).violations() == [])
  }

  private func reply(_ answers: [String: ProbeAnswer]) async throws -> ServiceReply {
    let member = try #require(MemberFixture.member())
    return try await ProcessSupervisor().service(for: member, answers: ProbeAnswers(answers))
  }

  @Test func `Files belong to the user who is logged in`() async throws {
    let reply = try await reply([
      "process.user": .command(status: 0, output: Array("ann\n".utf8)),
      "process.group": .command(status: 0, output: Array("staff\n".utf8)),
    ])
    #expect(reply.owner == FileOwner(user: "ann", group: "staff"))
    #expect(!reply.hardeningRestarts && reply.needsStart)
  }

  @Test func `A host that does not say who is logged in is refused`() async throws {
    let reply = try await reply([:])
    #expect(reply.findings.map(\.code) == ["host.unknown-user"])
  }

  @Test func `A member that does not stay up is reported with its log`() async throws {
    let reply = try await reply([
      "process.user": .command(status: 0, output: Array("root\n".utf8)),
      "process.group": .command(status: 0, output: Array("root\n".utf8)),
      "process.running": .command(status: 0, output: Array("supervisor 12\n".utf8)),
      "/etc/kubernetes/quorate/member.state": .file(
        ObservedFile(kind: .regular, content: Array("failing: etcd ended with status 1\n".utf8))),
    ])
    #expect(!reply.needsStart)
    #expect(reply.findings.map(\.code) == ["member.failing"])
    #expect(reply.findings.first?.fix.hasSuffix("member.log") == true)
  }

  @Test(arguments: [
    ("", "stopped", "member.not-running", "it was stopped"),
    ("", "running 12", "member.not-running", "its supervisor was ended"),
    ("rebooted\n", "running 12", "member.not-running", "the host was started again since"),
    ("member 12\n/usr/bin/etcd\n", "running 12", "member.unsupervised", "nothing starts the member again"),
  ])
  func `A member of a founded cluster that nobody watches is reported, and started`(
    _ running: String, _ state: String, _ code: String, _ why: String
  ) async throws {
    let answers = ProbeAnswers([
      "process.user": .command(status: 0, output: Array("root\n".utf8)),
      "process.group": .command(status: 0, output: Array("root\n".utf8)),
      "process.running": .command(status: 0, output: Array(running.utf8)),
      "/etc/kubernetes/quorate/member.state": .file(
        ObservedFile(kind: .regular, content: Array((state + "\n").utf8))),
    ])
    let founded = try #require(MemberFixture.member(phase: .existing))
    let reply = try await ProcessSupervisor().service(for: founded, answers: answers)
    #expect(reply.needsStart)
    #expect(reply.findings.map(\.code) == [code])
    #expect(reply.findings.first?.why.hasPrefix(why) == true)
    #expect(reply.findings.first?.fix.hasPrefix("quorate apply starts") == true)
    let fresh = try #require(MemberFixture.member())
    #expect(try await ProcessSupervisor().service(for: fresh, answers: answers).findings == [])
  }
}
