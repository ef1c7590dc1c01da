extension PipelineCommand {
  /// The hosts it runs on, by name, in the configuration's order.
  func hosts(of spec: ClusterSpec) -> [String] {
    switch place {
    case .first: spec.hosts.prefix(1).map(\.name)
    case .every: spec.hosts.map(\.name)
    case .hosts(let names): spec.hosts.map(\.name).filter { names.contains($0) }
    }
  }

  /// What runs on a host: the command, with what it may want to know in its environment.
  ///
  /// `QUORATE_CLUSTER`, `QUORATE_MEMBER`, `QUORATE_ADDRESS`; `ETCDCTL_ENDPOINTS`, `ETCDCTL_CACERT`, `ETCDCTL_CERT` and
  /// `ETCDCTL_KEY`, so that `etcdctl` asks this host's member (etcd, `etcdctl/README.md`).
  ///
  /// - Parameter known: Further variables, by name.
  func command(on host: HostSpec, of spec: ClusterSpec, known: [(name: String, value: String)] = []) -> HostCommand {
    let layout = host.layout
    let variables =
      [
        ("QUORATE_CLUSTER", spec.name), ("QUORATE_MEMBER", host.name), ("QUORATE_ADDRESS", "\(host.address)"),
        ("ETCDCTL_API", "3"), ("ETCDCTL_ENDPOINTS", host.clientURL), ("ETCDCTL_CACERT", layout.authorityCertificate),
        ("ETCDCTL_CERT", layout.certificate(.healthcheckClient)), ("ETCDCTL_KEY", layout.key(.healthcheckClient)),
      ] + known.map { ($0.name, $0.value) }
    // One that may fail says so itself: the program on the host ends with the first command that fails.
    let tolerant = mayFail ? ["sh", "-c", #""$@" || echo "(ended with status $?)""#, "sh"] : []
    return HostCommand(
      ["env"] + variables.map { "\($0.0)=\($0.1)" } + tolerant + arguments, timeoutSeconds: timeoutSeconds,
      summary: arguments.joined(separator: " "))
  }
}

/// What a run's later commands may know of its earlier stages.
struct StageOutcomes: Sendable {
  /// How each stage ended: `done`, `failed`, `nothing` (the plan had no work for it), `left-out`.
  private(set) var outcomes: [(id: Stage.ID, outcome: String)] = []
  /// What commands wrote, by stage and host.
  private(set) var outputs: [Stage.ID: [String: String]] = [:]

  init(of plan: Plan, after earlier: RunReport? = nil) {
    if let earlier {
      outcomes = earlier.outcomes.compactMap { name, outcome in Stage.ID(rawValue: name).map { ($0, outcome) } }
      for (name, output) in earlier.outputs { Stage.ID(rawValue: name).map { outputs[$0] = output } }
      return
    }
    for stage in plan.goal.stages where !plan.stages.contains(where: { $0.id == stage }) {
      let isLeftOut = plan.leftOut.contains { $0.id == stage }
      outcomes.append((stage, isLeftOut ? "left-out" : "nothing"))
    }
  }

  mutating func note(_ outcome: String, of stage: Stage.ID) {
    outcomes.removeAll { $0.id == stage }
    outcomes.append((stage, outcome))
  }

  mutating func note(output: [String: String], of stage: Stage.ID) { outputs[stage] = output }

  /// `QUORATE_STAGE_FILES=done`, `QUORATE_OUTPUT_LEADER=…`: a command's output on the first of its hosts, on one line, at
  /// most 4 KiB of it.
  func variables(hosts: [HostSpec]) -> [(name: String, value: String)] {
    let stages = outcomes.map { ("QUORATE_STAGE_" + Self.word($0.id.rawValue), $0.outcome) }
    let written = outputs.compactMap { stage, byHost -> (String, String)? in
      guard case .command(let name) = stage, let host = hosts.first(where: { byHost[$0.name] != nil })?.name,
        let text = byHost[host]
      else { return nil }
      let line = text.split(whereSeparator: \.isNewline).joined(separator: " ").filter { $0 != "\0" }
      return ("QUORATE_OUTPUT_" + Self.word(name), String(decoding: line.utf8.prefix(4096), as: UTF8.self))
    }
    return (stages + written).map { (name: $0.0, value: $0.1) }.sorted { $0.name < $1.name }
  }

  private static func word(_ name: String) -> String {
    String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }
}
