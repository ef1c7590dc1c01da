internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate init`: writes a commented configuration.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Writes a commented cluster.yaml for some hosts.",
    usage: """
      quorate init infra0=10.0.0.6 infra1=10.0.0.7 infra2=10.0.0.8 --user ubuntu
      quorate init --from-ansible hosts.ini [--group etcd]
      quorate init --from-terraform output.json [--output-name etcd]
      quorate init --from-ssh-config 'etcd*' [--ssh-config FILE]
      quorate init --from-kubeadm HOST0/kubeadmcfg.yaml HOST1/kubeadmcfg.yaml HOST2/kubeadmcfg.yaml
      """,
    discussion: """
      Hosts are named one by one, or taken from what describes them already. What could not be taken over is told with \
      its place; names are resolved, since etcd listens on addresses. An existing file is never overwritten.
      """)

  @Argument(help: "A member's name and its IP address, NAME=ADDRESS.")
  var hosts: [String] = []

  @OptionGroup var inventory: InventoryOptions

  @Option(name: .long, help: "The login name on the hosts.")
  var user: String?

  @Option(name: .long, help: "The cluster's name.")
  var name = "etcd"

  @Option(name: .long, help: "The Kubernetes version whose kubeadm is followed.")
  var kubernetesVersion: String?

  @Option(name: [.customShort("f"), .long], help: "The file to write; - for standard output.")
  var file = ConfigurationFile.defaultName

  @OptionGroup var outputOptions: OutputOptions

  func validate() throws {
    if let option = inventory.chosen, !hosts.isEmpty {
      throw ValidationError("Hosts are named, and taken by \(option) as well: give one of the two.")
    }
  }

  func run() async throws {
    let console = outputOptions.console
    let problems = ProblemReport(console: console)
    var starter = StarterConfiguration(hosts: hosts, user: user, name: name, kubernetesVersion: kubernetesVersion)
    starter.inventory = await inventory.read(writing: file)
    let outcome = starter.make(checkedBy: ConfigurationOptions.loader)
    problems.report(outcome.findings)
    guard let text = outcome.text, !outcome.findings.contains(where: { $0.severity == .error }) else {
      throw ExitStatus.usage.code
    }
    if file == "-" {
      console.result(text)
      return
    }
    do {
      try OperatorFiles().write(SecretBytes(Array(text.utf8)), to: file, mode: 0o644)
    } catch {
      var failure = error
      failure.fix =
        OperatorFiles().exists(file)
        ? "choose another file by -f, or move \(file) away: an existing file is never overwritten"
        : "choose another file by -f"
      problems.report(failure, now: "nothing was written")
      throw ExitStatus.failed.code
    }
    let count = outcome.hostCount == 1 ? "1 host" : "\(outcome.hostCount) hosts"
    console.progress("Wrote \(file) with \(count). Next: quorate validate, then quorate plan.")
  }
}
