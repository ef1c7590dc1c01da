internal import ArgumentParser
internal import QuorateBundle
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
    let findings = loaded.findings + Self.refusals(loaded)
    for finding in findings { problems.report(finding) }
    let errors = findings.filter { $0.severity == .error }.count
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

  /// What the plugins themselves say against their settings, beyond what their schemas say.
  private static func refusals(_ loaded: LoadedConfiguration) -> [Finding] {
    guard let spec = loaded.spec else { return [] }
    let context = PluginContext(baseFolder: loaded.baseFolder, secrets: ConnectionOptions.none)
    var choices = [(spec, nil as String?)]
    for pipeline in loaded.pipelines {
      for part in pipeline.parts {
        guard case .stage(let stage) = part, stage.issuer != nil || stage.transport != nil else { continue }
        var own = spec
        own.issuer = stage.issuer ?? spec.issuer
        own.transport = stage.transport ?? spec.transport
        choices.append((own, "the stage `\(stage.id.rawValue)` of the pipeline `\(pipeline.name)`"))
      }
    }
    var known: Set<PluginError> = []
    return choices.flatMap { choice, place in
      PluginSet.refusals(of: choice, from: BundledPlugins.all, context: context).filter {
        known.insert($0.error).inserted
      }
      .map { kind, error in
        Finding(
          .error, code: "plugin.refused",
          position: place == nil ? loaded.positions.place(ofSetting: error.setting, of: kind) : nil,
          what: "the plugin \(error.plugin) cannot be used" + (place.map { " in \($0)" } ?? ""), why: error.why,
          fix: error.fix)
      }
    }
  }
}
