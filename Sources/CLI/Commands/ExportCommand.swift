internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate export`: what a Kubernetes control plane needs of the cluster.
struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Hands over what a Kubernetes control plane needs of the cluster.",
    subcommands: [ExportKubeadmCommand.self, ExportCertsCommand.self])
}

/// `quorate export kubeadm`: `etcd.external` for the control plane's kubeadm.
struct ExportKubeadmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kubeadm", abstract: "Prints the etcd.external part of the control plane's ClusterConfiguration.",
    discussion: """
      It reaches no host, unless the configuration leaves the Kubernetes version to them. Put it into the file that \
      the control plane's `kubeadm init --config` reads; `quorate export certs` brings the files that it names.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  @Option(name: .long, help: "The version of the control plane's kubeadm, if not the configuration's.")
  var kubernetesVersion: String?

  func run() async throws {
    let console = outputOptions.console
    console.begin("export kubeadm")
    let (spec, loaded) = try configuration.load(console)
    // Whoever issues a pair of their own needs this all the same.
    do { try ClusterRun.checkClientPair(of: spec) } catch {
      ProblemReport(console: console).report(
        Finding(.warning, code: error.code, what: error.what, why: error.why, fix: error.fix))
    }
    let external = ExternalEtcd(of: spec, kubeadm: try await version(spec, loaded, console))
    guard console.format == .json else {
      console.result(String(external.text.dropLast()))
      return
    }
    console.result(
      JSONLine(
        "external-etcd",
        [
          ("apiVersion", .string(external.api.rawValue)), ("endpoints", .strings(external.endpoints)),
          ("caFile", .string(external.authorityFile)), ("certFile", .string(external.certificateFile)),
          ("keyFile", .string(external.keyFile)), ("text", .string(external.text)),
        ]
      ).text)
  }

  /// The control plane's version: as given, as configured, or as the hosts' kubeadm say.
  private func version(_ spec: ClusterSpec, _ loaded: LoadedConfiguration, _ console: Console) async throws -> Version {
    if let kubernetesVersion {
      guard let version = Version(kubernetesVersion), KubernetesRelease(version) != nil else {
        ProblemReport(console: console).report(
          RunFailure(
            code: "usage.version", what: "--kubernetes-version is \(kubernetesVersion), which is not known",
            why: "what kubeadm takes is known for \(KubernetesRelease.knownRangeText)",
            fix: "give the version that `kubeadm version -o short` prints on the control plane"),
          now: "nothing was done")
        throw ExitStatus.usage.code
      }
      return version
    }
    if let version = spec.kubernetesVersion { return version }
    let driver = try RunDriver(spec: spec, loaded: loaded, console: console, connection: connection)
    do {
      return try await driver.withConnections {
        let unreachable = await driver.run.connect()
        driver.tell(unreachable, now: "nothing was changed on any host")
        guard unreachable.isEmpty else { throw ExitStatus(of: unreachable.map(\.code)).code }
        let (version, findings) = await driver.run.hostsVersion()
        driver.tell(findings)
        guard let version else { throw ExitStatus.failed.code }
        return version
      }
    } catch { throw driver.fail(error, now: "nothing was changed on any host") }
  }
}
