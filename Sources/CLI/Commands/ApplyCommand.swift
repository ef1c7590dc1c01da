internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate apply`: plan, ask, carry out, verify.
struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Makes the cluster as the configuration describes it.",
    discussion: """
      Looks at the hosts, prints the plan, asks, carries it out and looks again. A second run changes nothing. After an \
      interruption, run it again: it does what is missing.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  @OptionGroup var execution: ExecutionOptions

  @Option(
    name: .long, help: "Carry out a plan that `quorate plan --out FILE` saved; refused when the hosts have changed.")
  var plan: String?

  func run() async throws {
    let console = outputOptions.console
    console.begin("apply")
    var saved: Plan?
    let spec: ClusterSpec
    var loaded: LoadedConfiguration?
    if let plan {
      do { saved = try SavedPlan.read(plan) } catch {
        if let failure = error as? RunFailure {
          ProblemReport(console: console).report(failure, now: "nothing was changed on any host")
        }
        throw ExitStatus.failed.code
      }
    }
    if let plan = saved {
      let (complete, findings) = ConfigurationOptions.loader.readingSecrets(of: plan)
      ProblemReport(console: console).report(findings)
      guard findings.isEmpty else { throw ExitStatus.configuration.code }
      (saved, spec) = (complete, complete.spec)
    } else {
      (spec, loaded) = try configuration.load(console)
    }
    try await PlanApplication.carryOut(
      "apply", selection: saved?.selection, saved: saved, spec: spec, loaded: loaded, console: console,
      connection: connection, execution: execution, next: "quorate status\(configuration.arguments)")
  }
}
