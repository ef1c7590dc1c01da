internal import ArgumentParser
internal import Glibc
internal import QuorateBundle
internal import QuorateConfiguration
internal import QuorateCore

/// Which cluster a command is about.
struct ConfigurationOptions: ParsableArguments {
  @Option(name: [.customShort("f"), .long], help: "The configuration file.")
  var file = ConfigurationFile.defaultName

  @Option(name: [.customShort("e"), .long], help: "The environment whose part of the file lies over the rest.")
  var environment: String?

  /// Reads and checks the configuration; prints what is wrong with it.
  ///
  /// - Throws: The exit status for a wrong configuration.
  func load(_ console: Console) throws -> (spec: ClusterSpec, loaded: LoadedConfiguration) {
    let loaded = Self.loader.load(path: file, environment: environment)
    let problems = ProblemReport(console: console)
    for finding in loaded.findings { problems.report(finding) }
    guard let spec = loaded.spec, !loaded.findings.contains(where: { $0.severity == .error }) else {
      throw ExitStatus.configuration.code
    }
    return (spec, loaded)
  }

  /// What names the same configuration to another command.
  var arguments: String {
    (file == ConfigurationFile.defaultName ? "" : " -f \(file)") + (environment.map { " -e \($0)" } ?? "")
  }

  static var loader: ConfigurationLoader {
    ConfigurationLoader(
      plugins: BundledPlugins.all.map(\.descriptor), workingFolder: workingFolder,
      homeFolder: Environment.home)
  }

  static var workingFolder: String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
  }
}
