import Testing

@testable import QuorateCore

@Suite struct PipelineTests {
  private let fresh = Planner(PlannerTests().input()).bootstrap()
  private let builtIn = Pipeline.builtIn(.bootstrap)

  private func errors(_ plan: Plan) -> [String] { plan.findings.filter { $0.severity == .error }.map(\.what) }

  @Test func `The built-in pipeline is the whole plan`() {
    let plan = fresh.selecting(StageSelection(builtIn))
    #expect(plan.stages == fresh.stages)
    #expect(plan.leftOut.isEmpty && plan.looksAtHealth && errors(plan).isEmpty)
  }

  @Test func `A stage whose preconditions are left out while there is work for them is refused`() {
    for selection in [
      StageSelection(builtIn, skip: ["files"]), StageSelection(builtIn, only: ["founding"]),
      StageSelection(builtIn, from: "founding"),
      StageSelection(Pipeline(name: "p", goal: .bootstrap, parts: [.stage(SelectedStage(.founding))])),
    ] {
      #expect(errors(fresh.selecting(selection)).contains("`founding` needs `files` first"))
    }
    #expect(
      errors(fresh.selecting(StageSelection(builtIn, skip: ["founding"]))).contains("`health` needs `founding` first"))
  }

  @Test func `A stage whose preconditions have no work left may stand alone`() {
    var founding = fresh
    founding.stages.removeAll { $0.id == .service || $0.id == .files }
    for index in founding.stages.indices { founding.stages[index].after.removeAll { $0 == .service || $0 == .files } }
    let plan = founding.selecting(StageSelection(builtIn, only: ["founding"]))
    #expect(plan.stages.map(\.id) == [.founding])
    #expect(errors(plan).isEmpty)
    #expect(plan.leftOut.map(\.id) == [.hardening])
    #expect(plan.leftOut.first?.why == "--only founding")
  }

  @Test func `Founding is of all members, and the CA is made where its key rests`() {
    let two = fresh.selecting(StageSelection(builtIn, hosts: ["a", "b"]))
    #expect(errors(two).contains("`founding` is of all members together"))
    let without = fresh.selecting(StageSelection(builtIn, only: ["files"], hosts: ["b"]))
    #expect(errors(without) == ["`files` makes the CA, and a is left out"])
    let with = fresh.selecting(StageSelection(builtIn, only: ["files"], hosts: ["a"]))
    #expect(errors(with).isEmpty)
    #expect(with.stages.map(\.id) == [.files])
    #expect(with.stages.first?.hosts.map(\.host) == ["a"])
    #expect(with.stages.first?.certificates.allSatisfy { $0.host == "a" } == true)
    #expect(!with.looksAtHealth)
  }

  @Test func `A command waits for all before it, and all behind it wait for the command`() {
    let look = PipelineCommand(name: "look", place: .first, arguments: ["true"])
    let pipeline = Pipeline(
      name: "p", goal: .bootstrap,
      parts: [
        .survey, .stage(SelectedStage(.service)), .run(look), .stage(SelectedStage(.files)),
        .stage(SelectedStage(.founding)), .stage(SelectedStage(.hardening)), .health,
        .run(PipelineCommand(name: "last", place: .every, arguments: ["true"])),
      ])
    let plan = fresh.selecting(StageSelection(pipeline))
    #expect(
      plan.stages.map(\.id) == [.service, .command("look"), .files, .founding, .hardening, .command("last")])
    #expect(plan.stages[1].after == [.service])
    #expect(plan.stages[1].hosts.map(\.host) == ["a"])
    #expect(plan.stages[2].after == [.command("look")])
    #expect(plan.stages.map(\.followsHealth) == [false, false, false, false, false, true])
    #expect(errors(plan).isEmpty)
    let skipped = fresh.selecting(StageSelection(pipeline, skip: ["run:look"]))
    #expect(!skipped.stages.contains { $0.id == .command("look") })
  }

  @Test func `Commands around each host's steps are its first and its last`() throws {
    let hook = { (name: String) in PipelineCommand(name: name, place: .every, arguments: [name]) }
    let pipeline = Pipeline(
      name: "p", goal: .bootstrap,
      parts: [
        .stage(SelectedStage(.service)), .stage(SelectedStage(.files)),
        .stage(
          SelectedStage(
            .founding, before: [hook("b")], beforeEach: [hook("be")], afterEach: [hook("ae")], after: [hook("a")])),
        .stage(SelectedStage(.hardening)),
      ])
    let plan = fresh.selecting(StageSelection(pipeline))
    #expect(
      plan.stages.map(\.id) == [.service, .files, .command("b"), .founding, .command("a"), .hardening])
    for host in try #require(plan.stages.first { $0.id == .founding }).hosts {
      guard case .run(let first)? = host.steps.first, case .run(let last)? = host.steps.last else {
        Issue.record("\(host.steps)")
        return
      }
      #expect(first.summary == "be" && last.summary == "ae")
      #expect(first.arguments.contains("QUORATE_MEMBER=\(host.host)"))
      #expect(first.arguments.contains("ETCDCTL_CACERT=/etc/kubernetes/pki/etcd/ca.crt"))
    }
    // Where the plan has no work for the stage, its hooks have none either.
    var none = fresh
    none.stages = []
    #expect(none.selecting(StageSelection(pipeline)).stages.isEmpty)
  }

  @Test func `What an interrupted run left is finished on every host, whatever is selected`() {
    var left = PlannerTests().input()
    left.hosts[1].observed.answers.byKey["/etc/kubernetes/quorate/staged-files/"] = .folder(["0", "list", "ready"])
    let plan = Planner(left).bootstrap().selecting(StageSelection(builtIn, only: ["files"], hosts: ["a"]))
    #expect(plan.onlyResumes)
    #expect(plan.stages.flatMap(\.hosts).map(\.host) == ["b"])
  }

  @Test func `A selected plan survives being saved`() throws {
    let command = PipelineCommand(name: "x", place: .hosts(["a"]), arguments: ["true"], mayFail: true)
    let pipeline = Pipeline(
      name: "p", goal: .bootstrap,
      parts: [.stage(SelectedStage(.files, issuer: PluginChoice("openssl"), after: [command]))])
    let plan = fresh.selecting(StageSelection(pipeline, hosts: ["a"]))
    #expect(try JSONCoding.decode(Plan.self, from: try JSONCoding.encode(plan)) == plan)
    for id in Stage.ID.own + [.command("snapshot")] { #expect(Stage.ID(rawValue: id.rawValue) == id) }
    #expect(Stage.ID(rawValue: "nonsense") == nil)
  }

  @Test func `Later commands know how earlier stages ended and what earlier commands wrote`() {
    var outcomes = StageOutcomes(of: fresh)
    outcomes.note("done", of: .files)
    outcomes.note(output: ["b": "second\n", "a": "first\nline\n"], of: .command("leader-id"))
    let variables = Dictionary(
      uniqueKeysWithValues: outcomes.variables(hosts: fresh.spec.hosts).map { ($0.name, $0.value) })
    #expect(variables["QUORATE_STAGE_FILES"] == "done")
    #expect(variables["QUORATE_STAGE_UPDATE"] == "nothing")
    #expect(variables["QUORATE_OUTPUT_LEADER_ID"] == "first line")
  }
}
