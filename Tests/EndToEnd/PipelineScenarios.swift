import Foundation
import Testing

/// Pipelines, by three members on this machine.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PipelineScenarios {
  private static let pipelines = """
    pipelines:
      smoke:
        - survey
        - service
        - files
        - run: {name: who, on: [infra1], command: [sh, -c, 'echo member "$QUORATE_MEMBER" after "$QUORATE_STAGE_FILES"']}
        - stage: founding
          afterEach: [{name: told, on: infra2, command: [sh, -c, 'echo founded $QUORATE_MEMBER']}]
        - stage: hardening
          beforeEach: [{name: turn, command: [sh, -c, "echo turn of $QUORATE_MEMBER"]}]
        - health
        - run: {name: status, on: first, command: [etcdctl, endpoint, status]}
        - run: {name: last, on: first, command: [sh, -c, 'echo "said: $QUORATE_OUTPUT_WHO"']}
      broken:
        - update
        - run: {on: first, command: [sh, -c, 'echo it broke >&2; exit 7']}
        - run: {on: every, command: [echo, never]}
      other:
        - service
        - {stage: files, issuer: {plugin: openssl}, transport: {plugin: local}}
        - founding
        - hardening
        - health
      far:
        - service
        - {stage: files, transport: {plugin: ssh, with: {user: nobody, agent: false}}}
      tolerant:
        - run: {name: sick, on: first, command: [sh, -c, 'exit 7'], mayFail: true}
        - run: {name: well, on: first, command: [echo, went on]}

    """

  private func scenario(_ body: (Laptop) async throws -> Void) async throws {
    try await Laptop.scenario { laptop in
      try laptop.someone.write(
        ClusterFile.laptop(ports: laptop.ports).text + Self.pipelines, to: "cluster.yaml")
      try await body(laptop)
    }
  }

  @Test func `A pipeline founds a cluster with commands in between, and its plan shows them all`() async throws {
    try await scenario { laptop in
      let someone = laptop.someone
      let plan = try await someone.quorate("plan", "--pipeline", "smoke")
      #expect(plan.status == 0, "\(plan.everything)")
      for line in ["run:who", "> run `sh -c echo turn of $QUORATE_MEMBER`", "when the members are healthy"] {
        #expect(plan.output.contains(line), "\(line)\n\(plan.output)")
      }
      let run = try await someone.quorate("run", "smoke", "--yes")
      #expect(run.status == 0, "\(run.everything)")
      for line in [
        "| member infra1 after done", "| founded infra2", "| turn of infra2",
        "| https://127.0.0.1:\(laptop.ports[0]), ",
        "| said: member infra1 after done", "3 members are healthy",
      ] {
        #expect(run.output.contains(line), "\(line)\n\(run.everything)")
      }
      let again = try await someone.quorate("run", "smoke", "--yes", "--output", "json")
      #expect(again.status == 0, "\(again.everything)")
      #expect(again.output.contains("\"outcomes\":{"))
      #expect(again.output.contains("\"run:status\":\"done\""))
      #expect(again.output.contains("\"files\":\"nothing\""))
      #expect(again.output.contains("\"changed\":false"))
    }
  }

  @Test func `A cluster is made stage by stage, and what is left out is told`() async throws {
    try await scenario { laptop in
      let someone = laptop.someone
      let early = try await someone.quorate("run", "bootstrap", "--only", "founding", "--yes")
      #expect(early.status == 1, "\(early.everything)")
      #expect(early.errorOutput.contains("`founding` needs `files` first"))
      #expect(early.errorOutput.contains("now: nothing was changed on any host"))
      let first = try await someone.quorate("run", "bootstrap", "--only", "service,files", "--hosts", "infra0", "--yes")
      #expect(first.status == 0, "\(first.everything)")
      #expect(first.output.contains("Left out: "))
      #expect(FileManager.default.fileExists(atPath: laptop.root(0) + "/etc/kubernetes/pki/etcd/ca.key"))
      #expect(!FileManager.default.fileExists(atPath: laptop.root(1) + "/etc/kubernetes/pki"))
      let second = try await someone.quorate("run", "bootstrap", "--skip", "founding,hardening,health", "--yes")
      #expect(second.status == 0, "\(second.everything)")
      let third = try await someone.quorate("run", "bootstrap", "--from", "founding", "--yes")
      #expect(third.status == 0, "\(third.everything)")
      #expect(third.output.contains("3 members are healthy"))
      let last = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(last.status == 0, "\(last.everything)")
    }
  }

  @Test func `A stage may have an issuer and a transport of its own, which are there before anything is changed`()
    async throws
  {
    try await scenario { laptop in
      let far = try await laptop.someone.quorate("run", "far", "--yes")
      // Nobody listens there, or a host key is unknown.
      #expect(far.status != 0, "\(far.everything)")
      #expect(far.errorOutput.contains("now: nothing was changed on any host"), "\(far.everything)")
      #expect(!FileManager.default.fileExists(atPath: laptop.root(0) + "/etc"))
      let plan = try await laptop.someone.quorate("plan", "--pipeline", "other")
      #expect(plan.output.contains("issuer openssl, transport local"), "\(plan.everything)")
      let run = try await laptop.someone.quorate("run", "other", "--yes")
      #expect(run.status == 0, "\(run.everything)")
      #expect(run.output.contains("3 members are healthy"))
    }
  }

  @Test func `A command that fails ends the run unless it may`() async throws {
    try await scenario { laptop in
      let someone = laptop.someone
      try #require(try await someone.quorate("apply", "--yes").status == 0)
      let broken = try await someone.quorate("run", "broken", "--yes")
      #expect(broken.status == 1)
      #expect(broken.errorOutput.contains("ended with status 7: it broke"), "\(broken.everything)")
      #expect(!broken.output.contains("| never"))
      let tolerant = try await someone.quorate("run", "tolerant", "--yes")
      #expect(tolerant.status == 0, "\(tolerant.everything)")
      #expect(tolerant.output.contains("(ended with status 7)") && tolerant.output.contains("| went on"))
    }
  }

  /// `scripts/test` builds the example and says where it is.
  private static let example = ProcessInfo.processInfo.environment["QUORATE_EMBEDDING"]

  @Test(.enabled(if: example != nil, "examples/embedding is built by scripts/test"))
  func `A program of its own drives the same pipeline through the library`() async throws {
    let example = try #require(Self.example)
    try await scenario { laptop in
      let run = try await laptop.someone.run(example, "cluster.yaml", "smoke")
      #expect(run.status == 0, "\(run.everything)")
      #expect(run.output.contains("run:status: done") && run.output.contains("3 members are healthy"), "\(run.output)")
      let plan = try await laptop.someone.quorate("plan", "--detailed-exit-code")
      #expect(plan.status == 0, "\(plan.everything)")
      let wrong = try await laptop.someone.run(example, "cluster.yaml", "smok")
      #expect(wrong.status == 1)
      #expect(wrong.output.contains("there is no pipeline smok"))
    }
  }

  @Test(arguments: [
    (["run", "smok"], "there is no pipeline `smok`"), (["run", "smoke", "--skip", "fils"], "has no part `fils`"),
    (["run", "smoke", "--hosts", "infra9"], "there is no host `infra9`"),
  ])
  func `A name that is none is refused with the nearest`(_ arguments: [String], _ what: String) async throws {
    try await scenario { laptop in
      let refused = try await laptop.someone.start(arguments).ended()
      #expect(refused.status == 64, "\(refused.everything)")
      #expect(
        refused.errorOutput.contains(what) && refused.errorOutput.contains("did you mean"), "\(refused.everything)")
    }
  }
}
