import ArgumentParser
internal import Glibc
internal import QuorateConfiguration
internal import QuorateCore
internal import QuoratePluginHost

/// The command `quorate`.
@main
struct Quorate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quorate",
    abstract: "Makes and keeps a highly available etcd cluster for Kubernetes, over SSH.",
    discussion: """
      A cluster is described by a file, cluster.yaml. Begin with `quorate init NAME=ADDRESS ...`, look with \
      `quorate plan`, and carry it out with `quorate apply`.

      Exit status: 0 done or nothing to do, 1 failed, 2 changes are due (plan --detailed-exit-code), 64 wrong usage, \
      69 a host was unreachable, 75 waiting for somebody else, 78 the configuration is wrong, 130 interrupted.
      """,
    version: Product.version,
    subcommands: [
      InitCommand.self, ValidateCommand.self, ConfigCommand.self, SchemaCommand.self, PlanCommand.self,
      ApplyCommand.self, RunCommand.self, PipelinesCommand.self, VerifyCommand.self, HealthCommand.self,
      StatusCommand.self, ExportCommand.self, ImagesCommand.self, RunsCommand.self, PluginsCommand.self,
    ])

  static func main() async {
    // A reader that goes away is seen as a failed write, not as a signal.
    signal(SIGPIPE, SIG_IGN)
    // The process of a plugin, which this program starts of itself: no command for people.
    if Array(CommandLine.arguments.dropFirst()) == [PluginHostProgram.argument] { await PluginHostProgram.run() }
    if let unknown = UnknownCommand(CommandLine.arguments) { unknown.end() }
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch { exit(withError: error) }
  }
}

/// A command that does not exist, which the parser of arguments would only call unexpected.
private struct UnknownCommand {
  private let name: String
  private let known: [String]

  /// nil where the arguments name a command that exists, or none.
  init?(_ arguments: [String]) {
    var words = arguments.dropFirst()
    known = Quorate.configuration.subcommands.compactMap { $0.configuration.commandName }
    if words.first == "help" { words = words.dropFirst() }
    guard let word = words.first, !word.hasPrefix("-"), word != "help", !known.contains(word) else { return nil }
    name = word
  }

  /// Tells it, and ends the process.
  func end() -> Never {
    let near = NearestName.find(name, among: known)
    let list = known.sorted { ($0 == near ? 0 : 1, $0) < ($1 == near ? 0 : 1, $1) }.joined(separator: ", ")
    ProblemReport(console: Console(format: .text)).report(
      Finding(
        .error, code: "usage.unknown-command",
        what: "no command `\(name)`" + (near.map { "; did you mean `\($0)`?" } ?? ""),
        fix: "the commands are \(list); `quorate --help` describes them"))
    Glibc.exit(ExitStatus.usage.rawValue)
  }
}

/// What this program is.
enum Product {
  static let version = "0.1.0"
}
