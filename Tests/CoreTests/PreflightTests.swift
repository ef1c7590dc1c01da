import Testing

@testable import QuorateCore

@Suite struct PreflightTests {
  private func findings(_ record: MemberRecord, hasData: Bool, manager: String = "s") throws -> [Finding] {
    let host = HostSpec(name: "a", address: .loopbackV4)
    let spec = ClusterSpec(
      name: "prod", kubernetesVersion: Version(1, 20, 2), hosts: [host], transport: PluginChoice("t"),
      issuer: PluginChoice("i"), serviceManager: PluginChoice(manager), manifestWriter: PluginChoice("m"))
    var observed = ObservedHost(name: "a", answers: ProbeAnswers())
    observed.answers.byKey[host.layout.memberRecord] = .file(
      ObservedFile(kind: .regular, size: record.json.count, content: record.json))
    observed.answers.byKey[host.layout.dataFolder + "/member/"] = .folder(hasData ? ["snap", "wal"] : nil)
    let identity = ClusterIdentity(spec: spec, records: ["a": record], newToken: "t")
    return Preflight(spec: spec, observed: ["a": observed], identity: identity).findings
  }

  private func record(_ manager: String?, isFounded: Bool) -> MemberRecord {
    MemberRecord(
      cluster: "prod", member: "a", token: "t", clusterID: isFounded ? "1" : nil, memberID: isFounded ? "2" : nil,
      serviceManager: manager)
  }

  @Test(arguments: [(true, true), (true, false), (false, true)])
  func `A member is not moved to another service manager`(_ isFounded: Bool, _ hasData: Bool) throws {
    let finding = try #require(
      try findings(record("other", isFounded: isFounded), hasData: hasData).first {
        $0.code == "member.other-service-manager"
      })
    #expect(finding.severity == .error)
    #expect(finding.what == "the member is run by other, and the configuration says s")
    #expect(finding.fix.contains("{plugin: other}"))
  }

  @Test func `A host that was prepared and never started a member may change its service manager`() throws {
    let found = try findings(record("other", isFounded: false), hasData: false)
    #expect(found.map(\.code) == ["host.prepared-otherwise"])
    #expect(found.first?.severity == .warning)
  }

  @Test(arguments: ["s", nil])
  func `A record of the same service manager, or of none, is no finding`(_ manager: String?) throws {
    #expect(try findings(record(manager, isFounded: true), hasData: true).isEmpty)
  }
}
