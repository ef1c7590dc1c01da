import ArgumentParser
internal import Glibc

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
      StatusCommand.self, RunsCommand.self, PluginsCommand.self,
    ])

  static func main() async {
    // A reader that goes away is seen as a failed write, not as a signal.
    signal(SIGPIPE, SIG_IGN)
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

/// What this program is.
enum Product {
  static let version = "0.1.0"
}
