internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate validate`: every finding about the configuration, at once.
struct ValidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Checks the configuration and prints every finding; reaches no host.")

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var outputOptions: OutputOptions

  func run() async throws {
    let console = outputOptions.console
    console.begin("validate")
    let loaded = ConfigurationOptions.loader.load(path: configuration.file, environment: configuration.environment)
    let problems = ProblemReport(console: console)
    for finding in loaded.findings { problems.report(finding) }
    let errors = loaded.findings.filter { $0.severity == .error }.count
    let isValid = errors == 0 && loaded.spec != nil
    if console.format == .json {
      console.result(JSONLine("summary", [("valid", .boolean(isValid)), ("errors", .integer(errors))]).text)
    } else if let spec = loaded.spec, isValid {
      let hosts = spec.hosts.count == 1 ? "1 host" : "\(spec.hosts.count) hosts"
      console.result("\(configuration.file) is valid: \(spec.name), \(hosts).")
    } else {
      console.complaint("\(errors == 1 ? "1 error" : "\(errors) errors") in \(configuration.file).")
    }
    if !isValid { throw ExitStatus.configuration.code }
  }
}
