import ArgumentParser

/// The command `quorate`.
@main
struct Quorate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quorate", abstract: "Makes and keeps a highly available etcd cluster for Kubernetes.",
    version: "0.1.0")
}
