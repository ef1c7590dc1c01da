internal import ArgumentParser
internal import QuorateBundle
internal import QuorateCore

/// `quorate plugins`: what there is to choose from.
struct PluginsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins", abstract: "Lists the plugins that the configuration can name.")

  @OptionGroup var outputOptions: OutputOptions

  func run() async throws {
    let console = outputOptions.console
    for kind in PluginKind.allCases {
      for plugin in BundledPlugins.all.map(\.descriptor) where plugin.kind == kind {
        if console.format == .json {
          console.result(
            JSONLine(
              "plugin",
              [
                ("id", .string(plugin.id)), ("kind", .string(plugin.kind.rawValue)),
                ("version", .string(plugin.version)), ("summary", .string(plugin.summary)),
              ]
            ).text)
        } else {
          console.result("\(kind.rawValue.padded(to: 15)) \(plugin.id.padded(to: 16)) \(plugin.summary)")
        }
      }
    }
  }
}
