import QuorateCore
import QuorateTesting
import Testing

@testable import KubeadmWriter

@Suite struct KubeadmWriterTests {
  private func reply(_ answers: ProbeAnswers, change: (inout MemberContext) -> Void = { _ in }) async throws
    -> ManifestReply
  {
    var member = try #require(MemberFixture.member())
    change(&member)
    return try await KubeadmWriter().manifest(for: member, answers: answers)
  }

  @Test func `It keeps the contract of manifest writers`() async throws {
    let suite = ManifestWriterConformance(KubeadmWriter()) { KubeadmAnswers.usual(of: $0) }
    #expect(try await suite.violations() == [])
  }

  @Test func `The probe holds kubeadmcfg.yaml for both states as data, and no token`() throws {
    let member = try #require(MemberFixture.member())
    guard case .command(_, let command)? = KubeadmRun.probe(for: member) else { throw CancellationError() }
    #expect(command.arguments.allSatisfy { !$0.contains("\n") && !$0.contains("prod-7f3a1c") })
    #expect(command.arguments[2].contains("unshare --mount") && !command.arguments[4].contains("infra0"))
    for state in ["new", "existing"] {
      #expect(command.arguments.filter { $0 == "      initial-cluster-state: \(state)" }.count == 1)
    }
    #expect(command.arguments.filter { $0 == "      initial-cluster-token: \(KubeadmRun.token)" }.count == 2)
  }

  @Test func `A host without kubeadm is told what to install, and what needs none`() async throws {
    let reply = try await reply(KubeadmAnswers.answers(version: nil, run: (127, "")))
    #expect(reply.manifest.isEmpty && reply.configuration.isEmpty)
    let finding = try #require(reply.findings.first)
    #expect(finding.code == "host.no-kubeadm" && finding.host == "infra0")
    #expect(finding.fix.contains("install kubeadm v1.20.2") && finding.fix.contains("static-pod"))
  }

  @Test(arguments: ["v1.20.3", "v1.31.0", "v1.20.2-rc.1"])
  func `A kubeadm of another version is refused by its number`(_ version: String) async throws {
    var answers = KubeadmAnswers.usual(of: try #require(MemberFixture.member()))
    answers.byKey[HostKubeadm.probe.key] = .command(status: 0, output: Array("\(version)\n".utf8))
    let reply = try await reply(answers)
    // What stands behind the three numbers does not count, as elsewhere.
    guard version != "v1.20.2-rc.1" else {
      #expect(reply.findings == [])
      return
    }
    #expect(reply.findings.map(\.code) == ["kubeadm.version"])
    #expect(reply.findings.first?.what.contains(version) == true)
    #expect(reply.manifest.isEmpty)
  }

  @Test func `A host that forbids mount namespaces is told so in its own words`() async throws {
    let reply = try await reply(
      KubeadmAnswers.answers(
        version: "v1.20.2\n", run: (1, "unshare: unshare failed: Operation not permitted\n")))
    #expect(reply.findings.map(\.code) == ["kubeadm.no-namespace"])
    #expect(reply.findings.first?.why.contains("Operation not permitted") == true)
    #expect(reply.findings.first?.fix.contains("become: sudo") == true)
  }

  @Test func `What kubeadm objects to is passed on`() async throws {
    let reply = try await reply(
      KubeadmAnswers.answers(
        version: "v1.20.2\n",
        run: (1, "inside\nyou have a \u{1B}[31mwrong\u{1B}[0m file\nTo see the stack trace of this error execute …\n")))
    #expect(reply.findings.map(\.code) == ["kubeadm.failed"])
    #expect(reply.findings.first?.why == "you have a [31mwrong[0m file")
  }

  @Test func `A manifest without a flag that makes the member one of the cluster is refused`() async throws {
    let member = try #require(MemberFixture.member())
    var answers = KubeadmAnswers.usual(of: member)
    guard case .command(_, let bytes)? = answers.byKey[KubeadmRun.id] else { throw CancellationError() }
    let text = String(decoding: bytes, as: UTF8.self).replacing("--initial-cluster=", with: "--initial-clusters")
    answers.byKey[KubeadmRun.id] = .command(status: 0, output: Array(text.utf8))
    let reply = try await reply(answers)
    #expect(reply.findings.map(\.code) == ["kubeadm.other-manifest"])
    #expect(reply.findings.first?.what.contains("--initial-cluster") == true)
    #expect(reply.manifest.isEmpty)
  }

  @Test func `Another image than expected is taken, and told`() async throws {
    let member = try #require(MemberFixture.member())
    let reply = try await reply(KubeadmAnswers.usual(of: member, image: "k8s.gcr.io/etcd:3.4.99-0"))
    #expect(reply.findings.map(\.code) == ["kubeadm.image"])
    #expect(reply.findings.first?.severity == .warning)
    #expect(reply.manifest.count == 1)
  }

  @Test(arguments: ["a b", "", "x: y", "a\nb", "ä"]) func `A token that YAML would quote is refused`(_ token: String)
    async throws
  {
    let answers = KubeadmAnswers.usual(of: try #require(MemberFixture.member()))
    let reply = try await reply(answers) { $0.token = token }
    #expect(reply.findings.map(\.code) == ["etcd.token"])
    #expect(reply.manifest.isEmpty)
  }

  @Test func `Mutated answers are read or refused, and never crash`() throws {
    let member = try #require(MemberFixture.member())
    guard case .command(_, let bytes)? = KubeadmAnswers.usual(of: member).byKey[KubeadmRun.id] else {
      throw CancellationError()
    }
    var state: UInt64 = 7
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    for _ in 0..<5000 {
      var mutated = bytes
      for _ in 0...random(4) {
        switch random(3) {
        case 0: mutated[random(mutated.count)] = UInt8(random(256))
        case 1: mutated.remove(at: random(mutated.count))
        default: mutated.insert(UInt8(random(256)), at: random(mutated.count))
        }
      }
      if random(8) == 0 { mutated = Array(mutated.prefix(random(mutated.count))) }
      let answers = ProbeAnswers([KubeadmRun.id: .command(status: random(4) == 0 ? 1 : 0, output: mutated)])
      if case .manifests(let manifests) = KubeadmRun.outcome(in: answers) {
        #expect(manifests.count == 2)
        for (phase, text) in manifests {
          var member = member
          member.phase = phase
          let manifest = KubeadmManifest(text: text, member: member)
          if let completed = manifest.completed { #expect(!completed.contains(KubeadmRun.token)) }
        }
      }
    }
  }
}
