internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate config`: the configuration as it takes effect, and where each value comes from.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Prints the configuration as it takes effect, with the origin of each value; reaches no host.",
    discussion: """
      The file, an environment laid over it, values from variables and files in place, and what holds where nothing is \
      written. What is printed is a configuration again, for the same folder. Secrets are never printed: `(secret)` \
      stands in their origin, and what they are taken from in their place.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var outputOptions: OutputOptions

  @Flag(inversion: .prefixedNo, help: "Whether to say behind each value where it comes from.")
  var origins = true

  @Flag(inversion: .prefixedNo, help: "Whether to print what holds where nothing is written, too.")
  var defaults = true

  func run() async throws {
    let console = outputOptions.console
    console.begin("config")
    let (spec, loaded) = try configuration.load(console)
    guard let effective = loaded.effective else { throw ExitStatus.configuration.code }
    guard console.format == .json else {
      let text = effective.yaml(origins: origins, defaults: defaults)
      console.result(String(text.dropLast()))
      return
    }
    let settings = effective.settings(defaults: defaults)
    for setting in settings { console.result(line(setting).text) }
    console.result(
      JSONLine(
        "summary",
        [
          ("cluster", .string(spec.name)), ("environment", .optional(configuration.environment)),
          ("settings", .integer(settings.count)), ("defaults", .integer(settings.count { $0.origin == nil })),
        ]
      ).text)
  }

  private func line(_ setting: EffectiveConfiguration.Setting) -> JSONLine {
    var pairs: [(String, JSONLine.Value)] = [("path", .string(setting.path))]
    switch setting.value {
    case .known(let value, _): pairs.append(("value", JSONLine.Value(value)))
    case .secret: pairs += [("value", .string(SecretSetting.placeholder)), ("secret", .boolean(true))]
    case .described(let words): pairs += [("value", .null), ("description", .string(words))]
    }
    guard origins else { return JSONLine("setting", pairs) }
    guard let origin = setting.origin else {
      return JSONLine("setting", pairs + [("origin", .string("default"))])
    }
    pairs += [
      ("origin", .string(origin.kind)), ("file", .string(origin.position.file)),
      ("line", .integer(origin.position.line)), ("column", .integer(origin.position.column)),
      ("environment", .optional(origin.environment)),
    ]
    if !origin.references.isEmpty { pairs.append(("references", .strings(origin.references.map(\.description)))) }
    return JSONLine("setting", pairs)
  }
}

extension ValueOrigin {
  /// The kind of origin, for programs: `env` and `file` where the value is taken from elsewhere.
  fileprivate var kind: String {
    references.first?.kind.rawValue ?? (environment == nil ? "configuration" : "environment")
  }
}

extension JSONLine.Value {
  /// A decoded setting; a secret is never shown.
  fileprivate init(_ value: SettingsValue) {
    switch value {
    case .null: self = .null
    case .boolean(let value): self = .boolean(value)
    case .integer(let number): self = .integer(number)
    case .string(let text): self = .string(text)
    case .secret: self = .string(SecretSetting.placeholder)
    case .list(let elements): self = .list(elements.map(JSONLine.Value.init))
    case .object(let members): self = .object(members.sorted { $0.key < $1.key }.map { ($0.key, Self($0.value)) })
    }
  }
}
