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
}
