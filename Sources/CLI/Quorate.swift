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
    if let unknown = UnknownCommand.find(in: CommandLine.arguments) { unknown.end() }
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
  /// The command that it was to be a part of, with a blank behind it; empty: the program itself.
  let parent: String
  let name: String
  /// The parts that there are.
  let known: [String]

  /// nil where the arguments name a command that exists, or none.
  static func find(in arguments: [String]) -> UnknownCommand? {
    var words = arguments.dropFirst()
    if words.first == "help" { words = words.dropFirst() }
    if words.first == "help" { return nil }
    var command: any ParsableCommand.Type = Quorate.self
    var parent = ""
    while !command.configuration.subcommands.isEmpty {
      let parts = command.configuration.subcommands
      guard let word = words.first, !word.hasPrefix("-") else { return nil }
      guard let part = parts.first(where: { $0.configuration.commandName == word }) else {
        return UnknownCommand(
          parent: parent, name: word, known: parts.compactMap { $0.configuration.commandName })
      }
      command = part
      parent += word + " "
      words = words.dropFirst()
    }
    return nil
  }

  /// Tells it, and ends the process.
  func end() -> Never {
    let near = NearestName.find(name, among: known)
    let sorted = known.sorted { ($0 == near ? 0 : 1, $0) < ($1 == near ? 0 : 1, $1) }
    let list = sorted.map { parent + $0 }.joined(separator: ", ")
    ProblemReport(console: Console(format: .text)).report(
      Finding(
        .error, code: "usage.unknown-command",
        what: "no command `\(parent)\(name)`" + (near.map { "; did you mean `\(parent)\($0)`?" } ?? ""),
        fix: "the commands are \(list); `quorate \(parent)--help` describes them"))
    Glibc.exit(ExitStatus.usage.rawValue)
  }
}

/// What this program is.
enum Product {
  static let version = "0.1.0"
}
