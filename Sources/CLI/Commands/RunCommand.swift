internal import ArgumentParser
internal import QuorateCore

/// `quorate run NAME`: a pipeline.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Carries out a pipeline: chosen stages, with commands of your own in between.",
    discussion: """
      The pipelines are the configuration's own and one for each goal (`quorate pipelines`). Stages keep their order, and \
      one whose preconditions are left out while there is work for them is refused. `quorate plan --pipeline NAME` prints \
      what would be done.
      """)

  @Argument(help: "The pipeline's name.")
  var name: String

  @OptionGroup var stages: StageOptions
  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions
  @OptionGroup var execution: ExecutionOptions

  func run() async throws {
    let console = outputOptions.console
    console.begin("run")
    let (spec, loaded) = try configuration.load(console)
    let selection = try stages.selection(of: name, spec, loaded, console)
    try await PlanApplication.carryOut(
      "run \(name)", selection: selection, spec: spec, loaded: loaded, console: console, connection: connection,
      execution: execution, next: "quorate status\(configuration.arguments)")
  }
}
