import QuorateCore
import Testing

@Suite struct EtcdSurveyTests {
  private func host() throws -> HostSpec {
    HostSpec(name: "infra0", address: try #require(IPAddress("10.0.0.6")), root: "/srv/infra0")
  }

  private func http(_ text: String, status: Int = 200) -> ProbeAnswer { .http(status: status, body: Array(text.utf8)) }

  @Test func `A survey asks the metrics listener without a certificate and the client endpoint with the host's own`()
    throws
  {
    let probes = EtcdSurvey.probes(for: try host())
    #expect(
      probes.first == .http(id: "etcd:/health", host: "127.0.0.1", port: 2381, path: "/health"))
    guard case .etcd(_, let request)? = probes.last else {
      Issue.record("the last probe asks etcd")
      return
    }
    #expect(request.endpoint.description == "10.0.0.6:2379")
    #expect(request.key == "/srv/infra0/etc/kubernetes/pki/etcd/healthcheck-client.key")
    #expect(Set(probes.map(\.key)).count == probes.count)
  }

  @Test func `The answers make an observation`() throws {
    let answers = ProbeAnswers([
      "etcd:/health": http(#"{"health":"true"}"#), "etcd:/v3/cluster/member/list": http(EtcdGatewayTests.list),
      "etcd:/v3/maintenance/status": http(EtcdGatewayTests.status), "etcd:/v3/maintenance/alarm": http("{}"),
      "etcd:/metrics": http(EtcdMetricsTextTests.text),
    ])
    let observation = EtcdSurvey.observation(of: try host(), answers: answers)
    #expect(observation.health == .healthy && observation.alarms == [])
    #expect(observation.memberID?.description == "51cee02397c3dfed")
    #expect(observation.memberList?.members.count == 2 && observation.status?.isLeader == true)
    #expect(observation.metrics?.version == "3.5.16" && observation.version == "3.4.23")
  }

  @Test func `Where nothing answers the member is unreachable, and where something else does it is not healthy`() throws
  {
    let host = try host()
    func health(_ answer: ProbeAnswer?) -> MemberHealth {
      EtcdSurvey.observation(of: host, answers: ProbeAnswers(answer.map { ["etcd:/health": $0] } ?? [:])).health
    }
    #expect(
      health(.http(status: 0, body: [])) == .unreachable("nothing answers on 127.0.0.1:2381, etcd's metrics listener"))
    #expect(health(http(#"{"health":"false"}"#, status: 503)) == .unhealthy("etcd says that it is not healthy"))
    #expect(
      health(http("hello")) == .unhealthy("what answers on 127.0.0.1:2381 is not etcd's health page (HTTP status 200)"))
    #expect(
      health(http(#"{"health":"true"}"#, status: 500))
        == .unhealthy("what answers on 127.0.0.1:2381 is not etcd's health page (HTTP status 500)"))
    #expect(health(.unavailable("no bash")) == .unreachable("no bash"))
    #expect(health(nil) == .unreachable("its health was not asked for"))
  }

  @Test func `An answer that cannot be read counts as not given`() throws {
    let answers = ProbeAnswers([
      "etcd:/v3/cluster/member/list": http("<html>"), "etcd:/v3/maintenance/status": http("{}", status: 404),
      "etcd:/v3/maintenance/alarm": .unavailable("no program speaks TLS"),
    ])
    let observation = EtcdSurvey.observation(of: try host(), answers: answers)
    #expect(observation.memberList == nil && observation.status == nil && observation.alarms == nil)
  }
}
