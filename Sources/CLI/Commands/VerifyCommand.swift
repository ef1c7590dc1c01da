internal import ArgumentParser
internal import QuorateCore

/// `quorate verify`: the tree of expected files, each checked.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Checks every expected file on every host: content, owner, mode.")

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  func run() async throws {
    let console = outputOptions.console
    console.begin("verify")
    let (spec, loaded) = try configuration.load(console)
    let driver = try RunDriver(spec: spec, loaded: loaded, console: console, connection: connection)
    do {
      let plan = try await driver.withConnections {
        try await driver.run.plan(.bootstrap, survey: try await driver.survey(locking: false))
      }
      let wrong = show(plan, console)
      if let status = driver.report(findingsOf: plan) { throw status }
      if console.format == .json {
        console.result(JSONLine("summary", [("right", .boolean(wrong == 0)), ("wrong", .integer(wrong))]).text)
      } else {
        let files = plan.alreadyRight.values.reduce(0) { $0 + $1.count }
        console.result(
          wrong == 0
            ? "All \(files) files are as they should be."
            : "\(wrong) of \(wrong + files) files are not as they should be.")
      }
      if wrong > 0 { throw ExitStatus.failed.code }
    } catch { throw driver.fail(error, now: "nothing was changed on any host") }
  }

  /// Prints the tree of each host; the number of files that are not right.
  private func show(_ plan: Plan, _ console: Console) -> Int {
    var wrong = 0
    for host in plan.spec.hosts {
      var faults: [String: String] = [:]
      for (stage, steps) in plan.steps(for: host.name) where stage.id != .hardening {
        let awaited = stage.certificates.filter { $0.host == host.name && $0.pending != nil }.flatMap { order in
          [host.layout.pendingKey(order.role), host.layout.pendingRequest(order.role)]
        }
        for step in steps {
          switch step {
          case .write(let change):
            faults[change.file.path] = ((change.isAddition ? ["missing"] : []) + change.reasons).joined(separator: "; ")
          // What waits is where it should be, until its certificate is there.
          case .remove(let path, _, _) where awaited.contains(path): break
          case .remove(let path, _, let reasons): faults[path] = reasons.joined(separator: "; ")
          case .setAttributes(let path, _, _, _, let reasons): faults[path] = reasons.joined(separator: "; ")
          default: break
          }
        }
      }
      wrong += faults.count
      let paths = ((plan.alreadyRight[host.name] ?? []) + faults.keys).sorted()
      if console.format == .json {
        for path in paths {
          console.result(
            JSONLine(
              "file",
              [
                ("host", .string(host.name)), ("path", .string(path)), ("right", .boolean(faults[path] == nil)),
                ("fault", .optional(faults[path])),
              ]
            ).text)
        }
        continue
      }
      guard !paths.isEmpty else { continue }
      console.result(console.styled(host.name, .bold) + "  \(host.address)")
      for line in PathTree(paths).lines(mark: { faults[$0].map { console.styled($0, .red) } ?? "" }) {
        console.result(line)
      }
    }
    return wrong
  }
}
