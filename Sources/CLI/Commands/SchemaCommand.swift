internal import ArgumentParser
internal import QuorateBundle
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate schema`: the configuration's JSON Schema.
struct SchemaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Prints the JSON Schema of cluster.yaml, for editors.")

  func run() async throws {
    Console(format: .text).result(ConfigurationSchema(plugins: BundledPlugins.all.map(\.descriptor)).jsonSchema)
  }
}
