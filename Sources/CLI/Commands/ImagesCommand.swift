internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate images`: what hosts need before they can start a member without a registry.
struct ImagesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "images", abstract: "Lists the container images that the hosts need, and brings them there.",
    subcommands: [ImagesListCommand.self, ImagesLoadCommand.self], defaultSubcommand: ImagesListCommand.self)
}

/// `quorate images list`: which images, and whether they are there.
struct ImagesListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the images that each host needs, and whether it has them.",
    discussion: """
      The names are those that the plan uses: etcd's image as the manifest has it, and the sandbox's as the container \
      runtime has it. Exits with 2 when one is missing and --detailed-exit-code is given.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  @Flag(name: .long, help: "Reach no host: say what the configuration alone says.")
  var offline = false

  @Flag(name: .long, help: "Exit with status 2 when an image is missing on a host.")
  var detailedExitCode = false

  func run() async throws {
    let console = outputOptions.console
    console.begin("images list")
    let (spec, loaded) = try configuration.load(console)
    if offline, spec.kubernetesVersion == nil {
      ProblemReport(console: console).report(
        RunFailure(
          code: "images.version", what: "the images depend on the hosts: kubernetesVersion is not set",
          why: "without it the hosts' kubeadm are asked", fix: "set kubernetesVersion, or leave out --offline"),
        now: "nothing was done")
      throw ExitStatus.configuration.code
    }
    let driver = try RunDriver(spec: spec, loaded: loaded, console: console, connection: connection)
    do {
      let (images, failures) = try await driver.withConnections { try await ask(driver) }
      let output = ImagesOutput(console: console)
      output.show(images)
      driver.tell(failures, now: "nothing was changed on any host")
      guard failures.isEmpty else { throw ExitStatus(of: failures.map(\.code)).code }
      if detailedExitCode, images.contains(where: { !$0.missing.isEmpty }) { throw ExitStatus.changesDue.code }
    } catch { throw driver.fail(error, now: "nothing was changed on any host") }
  }

  private func ask(_ driver: RunDriver) async throws -> ([HostImages], [RunFailure]) {
    if offline { return (try await driver.run.requiredImages(nil), []) }
    let survey = try await driver.survey(locking: false)
    try driver.checkVersion(survey)
    let required = try await driver.run.requiredImages(survey)
    let (images, failures) = await driver.run.presentImages(required)
    return (images, survey.failures + failures)
  }
}

/// `quorate images load`: brings an archive to the hosts.
struct ImagesLoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Streams an archive of images to the hosts and imports it there.",
    discussion: """
      ARCHIVE is a file as `docker save` or `ctr images export` writes it. It goes over the configuration's transport \
      straight into the container runtime (`ctr --namespace k8s.io images import`, `docker load` or `podman load`), and \
      is not kept on the hosts. Hosts that have all they need are left alone. Afterwards each is asked again.
      """)

  @Argument(help: "The archive, on this machine.")
  var archive: String

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  @Option(
    name: .long, parsing: .upToNextOption, help: "Only these hosts, by name, one by one or with commas in between.")
  var hosts: [String] = []

  @Option(name: .long, help: "The program that imports on the hosts: ctr, docker or podman; it is found otherwise.")
  var runtime: String?

  @Flag(name: .long, help: "Load the archive also where all images are there already.")
  var again = false

  func validate() throws {
    if let runtime, !["ctr", "docker", "podman"].contains(runtime) {
      throw ValidationError("--runtime takes ctr, docker or podman, not '\(runtime)'.")
    }
  }

  func run() async throws {
    let console = outputOptions.console
    console.begin("images load")
    let (spec, loaded) = try configuration.load(console)
    try check(spec, console)
    let startedAt = Environment.now()
    let journal = Journal(
      cluster: spec.name, command: "images", startedAt: Instant(secondsSinceEpoch: Int64(startedAt)))
    let driver = try RunDriver(
      spec: spec, loaded: loaded, console: console, connection: connection, journal: journal)
    var status: ExitCode?
    do { status = try await driver.withConnections { try await load(driver, startedAt) } } catch {
      status = driver.fail(error, now: "no image was loaded")
    }
    if console.format == .json {
      console.result(JSONLine("summary", [("outcome", .string(status == nil ? "done" : "failed"))]).text)
    }
    journal?.record(JSONLine("exit", [("status", .integer(Int(status?.rawValue ?? 0)))]))
    if let status { throw status }
  }

  private func check(_ spec: ClusterSpec, _ console: Console) throws {
    let problems = ProblemReport(console: console)
    if let unknown = hosts.separatedAtCommas.first(where: { name in !spec.hosts.contains { $0.name == name } }) {
      problems.report(
        RunFailure(
          code: "usage.host", what: "--hosts names \(unknown), which is no host of \(spec.name)",
          why: "its hosts are \(spec.hosts.map(\.name).joined(separator: ", "))", fix: "correct the name"),
        now: "no image was loaded")
      throw ExitStatus.usage.code
    }
    do { try ImageArchive.check(archive) } catch {
      problems.report(error, now: "no image was loaded")
      throw ExitStatus.usage.code
    }
  }

  /// - Returns: The status to end with; nil: success.
  private func load(_ driver: RunDriver, _ startedAt: Double) async throws -> ExitCode? {
    // A host that is not chosen, or cannot be reached, keeps nobody waiting.
    let names = hosts.separatedAtCommas
    let chosen = driver.spec.hosts.filter { names.isEmpty || names.contains($0.name) }
    var failures = await driver.run.connect(to: chosen)
    try await driver.run.lock()
    let survey = try await driver.run.survey()
    try driver.checkVersion(survey)
    let required = try await driver.run.requiredImages(survey)
    failures += survey.failures
    if required.isEmpty || required.allSatisfy(\.images.isEmpty), failures.isEmpty {
      driver.console.progress("No images are needed: no container runs on these hosts.")
      return nil
    }
    let (before, unknown) = await driver.run.presentImages(required, program: runtime)
    failures += unknown
    let due = before.filter { again || !$0.missing.isEmpty }
    let (after, failed) = await driver.run.loadImages(archive, for: due, program: runtime)
    failures += failed
    driver.reporter.finish()
    let untouched = before.filter { host in !due.contains { $0.host == host.host } }
    ImagesOutput(console: driver.console).show(untouched + after)
    failures += after.filter { !$0.missing.isEmpty }.map { host in
      RunFailure(
        host: host.host, code: "images.not-in-archive",
        what: "\(host.host) still has no \(host.missing.joined(separator: ", "))",
        why: "\(archive) was imported, and holds no image of that name",
        fix: "make the archive of the images that quorate images lists, under these very names")
    }
    let loaded = after.filter(\.missing.isEmpty).count
    driver.tell(
      failures,
      now: loaded == 0 ? "no host has all images that it lacked" : "\(loaded) of \(due.count) hosts have theirs")
    guard failures.isEmpty else { return ExitStatus(of: failures.map(\.code)).code }
    driver.console.progress(
      due.isEmpty
        ? "No changes: every host has its images."
        : "Finished in \((Environment.now() - startedAt).secondsText). "
          + (loaded == 1 ? "1 host has its images." : "\(loaded) hosts have their images."))
    return nil
  }
}

/// Images for a reader, or as objects.
struct ImagesOutput {
  let console: Console

  func show(_ hosts: [HostImages]) {
    let width = hosts.flatMap(\.images).map(\.name.count).max() ?? 0
    for host in hosts {
      for image in host.images {
        if console.format == .json {
          console.result(
            JSONLine(
              "image",
              [
                ("host", .string(host.host)), ("image", .string(image.name)),
                ("present", image.isPresent.map { .boolean($0) } ?? .null),
              ]
            ).text)
          continue
        }
        let word =
          switch image.isPresent {
          case true?: " " + console.styled("present", .green)
          case false?: " " + console.styled("missing", .red)
          case nil: ""
          }
        let name = word.isEmpty ? image.name : image.name.padded(to: width)
        console.result("  \(host.host.padded(to: 10)) \(name)\(word)")
      }
      if host.images.isEmpty, console.format == .text { console.result("  \(host.host.padded(to: 10)) needs none") }
    }
  }
}
