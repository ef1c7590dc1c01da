internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// Which part of a pipeline, and of the hosts.
struct StageOptions: ParsableArguments {
  @Option(name: .long, help: "Only these parts, by name, with commas in between (run:NAME for a command).")
  var only: String?

  @Option(name: .long, help: "This part and those after it.")
  var from: String?

  @Option(name: .long, help: "Not these parts, with commas in between.")
  var skip: String?

  @Option(name: .long, help: "Only on these hosts, by name, with commas in between.")
  var hosts: String?

  /// Whether nothing is left out.
  var isWhole: Bool { only == nil && from == nil && skip == nil && hosts == nil }

  /// The selection of a pipeline.
  ///
  /// - Throws: The exit status for wrong usage, after the reason was printed.
  func selection(
    of name: String, _ spec: ClusterSpec, _ loaded: LoadedConfiguration, _ console: Console
  ) throws -> StageSelection {
    let pipelines = Goal.allCases.map(Pipeline.builtIn) + loaded.pipelines
    let problems = ProblemReport(console: console)
    func refuse(_ what: String, _ value: String, known: [String]) -> ExitCode {
      let near = NearestName.find(value, among: known).map { "did you mean `\($0)`? " } ?? ""
      problems.report(
        RunFailure(
          code: "usage.unknown-name", what: what, why: "", fix: "\(near)known: \(known.joined(separator: ", "))"),
        now: "nothing was done")
      return ExitStatus.usage.code
    }
    for (option, value) in [("--only", only), ("--from", from), ("--skip", skip), ("--hosts", hosts)]
    where value.map({ Self.list($0).isEmpty }) == true {
      problems.report(
        RunFailure(
          code: "usage.empty", what: "\(option) is empty", why: "an empty list would choose everything, or nothing",
          fix: "name what is meant, or leave \(option) out"), now: "nothing was done")
      throw ExitStatus.usage.code
    }
    guard let pipeline = pipelines.first(where: { $0.name == name }) else {
      throw refuse("there is no pipeline `\(name)`", name, known: pipelines.map(\.name))
    }
    let selection = StageSelection(
      pipeline, only: Self.list(only), from: from, skip: Self.list(skip), hosts: hosts.map { Self.list($0) })
    if let unknown = selection.unknownPart {
      throw refuse(
        "the pipeline `\(name)` has no part `\(unknown)`", unknown, known: pipeline.parts.map(\.name))
    }
    if selection.skip.contains("survey") || selection.isEmpty {
      problems.report(
        RunFailure(
          code: "usage.nothing-left",
          what: selection.isEmpty
            ? "no part of the pipeline `\(name)` is left" : "the survey cannot be left out",
          why: selection.isEmpty ? "--only, --from and --skip leave out every one" : "the plan is made from it",
          fix: "choose other parts: \(pipeline.parts.map(\.name).joined(separator: ", "))"), now: "nothing was done")
      throw ExitStatus.usage.code
    }
    if let unknown = selection.hosts?.first(where: { host in !spec.hosts.contains { $0.name == host } }) {
      throw refuse("there is no host `\(unknown)`", unknown, known: spec.hosts.map(\.name))
    }
    return selection
  }

  private static func list(_ text: String?) -> [String] {
    (text ?? "").split(separator: ",").map { $0.trimmingBlanks }.filter { !$0.isEmpty }
  }
}

extension Substring {
  fileprivate var trimmingBlanks: String {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
