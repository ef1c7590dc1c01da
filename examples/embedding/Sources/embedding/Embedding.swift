import Glibc
import QuorateBundle
import QuorateConfiguration
import QuorateCore

/// Carries out a pipeline of a configuration: `embedding CONFIGURATION PIPELINE`. What the command `quorate run` does,
/// in a program of one's own: with own output, own confirmation, own idea of when.
@main
struct Embedding {
  static func main() async {
    // A reader of a pipe that goes away is seen as a failed write.
    signal(SIGPIPE, SIG_IGN)
    guard CommandLine.arguments.count == 3 else {
      print("usage: embedding CONFIGURATION PIPELINE")
      exit(64)
    }
    do { try await carryOut(file: CommandLine.arguments[1], pipeline: CommandLine.arguments[2]) } catch let error
      as RunFailure
    {
      print("error: \(error.what)\n  why: \(error.why)\n  fix: \(error.fix)")
      exit(1)
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }

  static func carryOut(file: String, pipeline name: String) async throws {
    // A configuration is a file here; a ClusterSpec can as well be made in code.
    let folder = workingFolder
    let loaded = ConfigurationLoader(
      plugins: BundledPlugins.all.map(\.descriptor), workingFolder: folder, homeFolder: nil
    ).load(path: file)
    for finding in loaded.findings { print("\(finding.severity): \(finding.what)") }
    guard let spec = loaded.spec else { exit(78) }
    let pipelines = Goal.allCases.map(Pipeline.builtIn) + loaded.pipelines
    guard let pipeline = pipelines.first(where: { $0.name == name }) else {
      throw RunFailure(
        code: "example.no-pipeline", what: "there is no pipeline \(name)",
        why: "there are \(pipelines.map(\.name).joined(separator: ", "))")
    }

    let plugins = try PluginSet(
      for: spec, from: BundledPlugins.all,
      context: PluginContext(baseFolder: loaded.baseFolder, secrets: NoSecrets()))
    let run = ClusterRun(
      .standard(
        spec: spec, plugins: plugins, wallClock: { now() }, holder: "embedding, process \(getpid())",
        report: { event in print("  \(event)") }))
    do { try await carryOut(StageSelection(pipeline), by: run) } catch {
      await run.close()
      throw error
    }
    await run.close()
  }

  private static func carryOut(_ selection: StageSelection, by run: ClusterRun) async throws {
    for failure in await run.connect() { throw failure }
    try await run.lock()
    var plan = try await run.plan(selection.pipeline.goal, survey: try await run.survey()).selecting(selection)
    if plan.onlyResumes {
      _ = await run.execute(plan, stop: StopSignal())
      plan = try await run.plan(selection.pipeline.goal, survey: try await run.survey()).selecting(selection)
    }
    for finding in plan.findings where finding.severity == .error {
      throw RunFailure(code: finding.code, what: finding.what, why: finding.why, fix: finding.fix)
    }
    print("\(plan.stages.count) stages")
    let report = await run.execute(plan, stop: StopSignal())
    for failure in report.failures { throw failure }
    let cluster = try await run.survey().cluster(plan.spec)
    let health = ClusterHealth(cluster)
    guard !plan.looksAtHealth || health.isHealthy else {
      throw RunFailure(
        code: "example.unhealthy", what: "the cluster is not healthy",
        why: health.findings.map(\.what).joined(separator: "; "))
    }
    let last = await run.execute(plan, stop: StopSignal(), after: report)
    for failure in last.failures { throw failure }
    for (stage, outcome) in last.outcomes.sorted(by: { $0.key < $1.key }) { print("\(stage): \(outcome)") }
    print("\(health.healthyVoters) members are healthy")
  }

  private static var workingFolder: String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// Nobody is asked for a password here: use an agent, or a key without a passphrase.
struct NoSecrets: SecretSource {
  func secret(_ request: SecretRequest) async -> SecretBytes? { nil }
}
