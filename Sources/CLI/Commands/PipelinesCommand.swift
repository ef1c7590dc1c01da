internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate pipelines`: what `run` can be told to carry out.
struct PipelinesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipelines", abstract: "Prints the pipelines, as the configuration would have them.",
    discussion: """
      The built-in ones carry out all stages of a goal; copy one under `pipelines:` by another name and change it. Those of \
      the configuration follow, where there is one.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var outputOptions: OutputOptions

  func run() async throws {
    let console = outputOptions.console
    console.begin("pipelines")
    let loaded = ConfigurationOptions.loader.load(path: configuration.file, environment: configuration.environment)
    // Without a configuration the built-in ones are all there is.
    let isThere = OperatorFiles().exists(configuration.file)
    if isThere || configuration.file != ConfigurationFile.defaultName {
      _ = try configuration.load(console)
    }
    let pipelines = Goal.allCases.map(Pipeline.builtIn) + (isThere ? loaded.pipelines : [])
    if console.format == .text { console.result("pipelines:") }
    for pipeline in pipelines {
      guard console.format == .text else {
        console.result(
          JSONLine(
            "pipeline",
            [
              ("name", .string(pipeline.name)), ("goal", .string(pipeline.goal.rawValue)),
              ("builtIn", .boolean(Goal(rawValue: pipeline.name) != nil)),
              ("parts", .strings(pipeline.parts.map(\.name))),
            ]
          ).text)
        continue
      }
      for line in PipelineText(pipeline).lines() { console.result("  " + line) }
    }
  }
}

/// A pipeline as the configuration would have it.
private struct PipelineText {
  let pipeline: Pipeline

  init(_ pipeline: Pipeline) { self.pipeline = pipeline }

  func lines() -> [String] {
    let isBuiltIn = Goal(rawValue: pipeline.name) != nil
    return ["\(pipeline.name):\(isBuiltIn ? "  # built in" : "")", "  goal: \(pipeline.goal.rawValue)", "  parts:"]
      + pipeline.parts.flatMap { part -> [String] in
        switch part {
        case .survey: ["- survey".padded(to: 16) + "# look at every host; always first"]
        case .health: ["- health".padded(to: 16) + "# every member healthy, one cluster, one leader"]
        case .run(let command): ["- run: " + Self.flow(command)]
        case .stage(let selected): Self.stage(selected)
        }
      }.map { "    " + $0 }
  }

  private static func stage(_ selected: SelectedStage) -> [String] {
    let hooks = [
      ("before", selected.before), ("beforeEach", selected.beforeEach), ("afterEach", selected.afterEach),
      ("after", selected.after),
    ].filter { !$0.1.isEmpty }
    let isPlain = hooks.isEmpty && selected.hosts == nil && selected.issuer == nil && selected.transport == nil
    guard !isPlain else {
      return ["- \(selected.id.rawValue)".padded(to: 16) + "# \(selected.id.title.lowercasedFirst)"]
    }
    var lines = ["- stage: \(selected.id.rawValue)"]
    if let hosts = selected.hosts { lines.append("  hosts: [\(hosts.joined(separator: ", "))]") }
    if let issuer = selected.issuer { lines.append("  issuer: \(flow(issuer))") }
    if let transport = selected.transport { lines.append("  transport: \(flow(transport))") }
    for (name, commands) in hooks {
      lines.append("  \(name):")
      lines += commands.map { "    - " + flow($0) }
    }
    return lines
  }

  private static func flow(_ choice: PluginChoice) -> String {
    let settings = choice.settings.object ?? [:]
    return "{plugin: \(choice.plugin)" + (settings.isEmpty ? "" : ", with: \(flow(choice.settings))") + "}"
  }

  /// A setting, in a form that is YAML as it is JSON; of a secret, where it comes from.
  private static func flow(_ value: SettingsValue) -> String {
    switch value {
    case .null: "null"
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .string(let text): quoted(text)
    case .list(let values): "[" + values.map { flow($0) }.joined(separator: ", ") + "]"
    case .object(let values):
      "{" + values.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(flow($0.value))" }.joined(separator: ", ")
        + "}"
    case .secret(let secret):
      JSONLine.Value.string(secret.source.isEmpty ? SecretSetting.placeholder : secret.source).text
    }
  }

  /// A text in quotes; what would be read as a reference is written as one is that is none.
  private static func quoted(_ text: String) -> String {
    JSONLine.Value.string(text.replacing("${", with: "$${")).text
  }

  private static func flow(_ command: PipelineCommand) -> String {
    let place =
      switch command.place {
      case .first: "first"
      case .every: "every"
      case .hosts(let names): "[\(names.joined(separator: ", "))]"
      }
    let words = command.arguments.map { quoted($0) }.joined(separator: ", ")
    return "{name: \(quoted(command.name)), on: \(place), command: [\(words)]"
      + (command.timeoutSeconds == 60 ? "" : ", timeout: \(command.timeoutSeconds)s")
      + (command.mayFail ? ", mayFail: true" : "") + "}"
  }
}

extension String {
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
