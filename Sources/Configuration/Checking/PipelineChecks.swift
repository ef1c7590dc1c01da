internal import QuorateCore

/// Pipelines: their parts, in the goal's order.
extension SpecAssembly {
  mutating func pipelines(hosts: [String]) -> [Pipeline] {
    (value["pipelines"].object ?? [:]).sorted { $0.key < $1.key }.compactMap { name, content in
      pipeline(name, content, hosts: hosts)
    }
  }

  private mutating func pipeline(_ name: String, _ content: SettingsValue, hosts: [String]) -> Pipeline? {
    let path = ConfigurationPositions.path("pipelines", name)
    if let fault = TextCheck.fault(in: name, form: TextForm.name) {
      findings.error(
        fault.code, at: positions.keys[path] ?? place(path), "a pipeline is named \(shown(name)), \(fault.what)",
        why: fault.why, fix: fault.fix)
    }
    if let goal = Goal(rawValue: name) {
      findings.error(
        "pipelines.built-in", at: positions.keys[path] ?? place(path),
        "a pipeline is named \(shown(name)), as a goal is",
        why: "`quorate run \(goal.rawValue)` is the built-in one", fix: "choose another name")
    }
    let inner = content.list == nil ? "\(path).parts" : path
    // Where `parts` is missing or no list, decoding has told.
    guard let parts = content.list ?? content["parts"].list else { return nil }
    guard !parts.isEmpty else {
      findings.error(
        "pipelines.empty", at: place(path), "`\(path)` has no part", fix: "name its stages, or remove the pipeline")
      return nil
    }
    let goal = content["goal"].string.flatMap(Goal.init) ?? .bootstrap
    var reading = PipelineReading(goal: goal, hosts: hosts)
    var result: [Pipeline.Part] = []
    for (index, part) in parts.enumerated() {
      if let read = self.part(part, at: "\(inner)[\(index)]", &reading) { result.append(read) }
    }
    return Pipeline(name: name, goal: goal, parts: result)
  }

  /// What is known while a pipeline is read.
  private struct PipelineReading {
    let goal: Goal
    let hosts: [String]
    /// The part before, in the goal's order.
    var last: (index: Int, name: String)?
    var commands = 0
    var names: Set<String> = []

    /// The parts in their order.
    var order: [String] { ["survey"] + goal.stages.map(\.rawValue) + ["health"] }
  }

  private mutating func part(
    _ content: SettingsValue, at path: String, _ reading: inout PipelineReading
  ) -> Pipeline.Part? {
    let isStage = content["stage"].string != nil
    if content.object != nil {
      guard isStage != (content["run"].object != nil) else {
        findings.error(
          "pipelines.part", at: place(path),
          "`\(path)` has \(isStage ? "both `stage` and `run`" : "neither `stage` nor `run`")",
          why: "a part is a stage or a command", fix: "write a part for each")
        return nil
      }
      if !isStage {
        for key in content.object?.keys.sorted() ?? [] where key != "run" {
          findings.error(
            "pipelines.part", at: place("\(path).\(key)"), "`\(path).\(key)` stands beside `run`",
            why: "it is about a stage", fix: "remove it, or put it beside `stage`")
        }
        return command(content["run"], at: "\(path).run", &reading).map { .run($0) }
      }
    }
    guard let name = content.string ?? content["stage"].string else { return nil }
    let place = place(isStage ? "\(path).stage" : path)
    guard let index = reading.order.firstIndex(of: name) else {
      let near = NearestName.find(name, among: reading.order).map { "did you mean `\($0)`? " } ?? ""
      findings.error(
        "pipelines.unknown-stage", at: place, "the goal `\(reading.goal.rawValue)` has no stage \(shown(name))",
        fix: "\(near)its parts are \(reading.order.map { "`\($0)`" }.joined(separator: ", "))")
      return nil
    }
    if let last = reading.last, last.index >= index {
      findings.error(
        "pipelines.order", at: place,
        last.index == index ? "`\(name)` stands there twice" : "`\(name)` stands behind `\(last.name)`",
        why:
          "a pipeline selects stages and adds commands, and never reorders: \(reading.order.joined(separator: ", "))",
        fix: last.index == index ? "remove one" : "put it before `\(last.name)`")
    }
    reading.last = (index, name)
    switch name {
    case "survey": return plain(.survey, content, at: path)
    case "health": return plain(.health, content, at: path)
    default: return Stage.ID(rawValue: name).map { .stage(selected($0, content, at: path, &reading)) }
    }
  }

  /// The survey and the look at the end are of the whole cluster.
  private mutating func plain(_ part: Pipeline.Part, _ content: SettingsValue, at path: String) -> Pipeline.Part {
    for key in content.object?.keys.sorted() ?? [] where key != "stage" {
      findings.error(
        "pipelines.part", at: place("\(path).\(key)"), "`\(path).\(key)` stands beside `\(part.name)`",
        why: "`\(part.name)` is of the whole cluster and changes nothing",
        fix: "remove it; a command is a part of its own")
    }
    return part
  }

  private mutating func selected(
    _ id: Stage.ID, _ content: SettingsValue, at path: String, _ reading: inout PipelineReading
  ) -> SelectedStage {
    var stage = SelectedStage(id)
    stage.hosts = content["hosts"].list.map { list in
      list.enumerated().compactMap { index, host in
        host.string.flatMap { isHost($0, at: "\(path).hosts[\(index)]", reading.hosts) ? $0 : nil }
      }
    }
    stage.issuer = override(content["issuer"], at: "\(path).issuer")
    stage.transport = override(content["transport"], at: "\(path).transport")
    stage.before = commands(content["before"], at: "\(path).before", &reading)
    stage.beforeEach = commands(content["beforeEach"], at: "\(path).beforeEach", &reading)
    stage.afterEach = commands(content["afterEach"], at: "\(path).afterEach", &reading)
    stage.after = commands(content["after"], at: "\(path).after", &reading)
    return stage
  }

  private mutating func override(_ content: SettingsValue, at path: String) -> PluginChoice? {
    guard let plugin = content["plugin"].string else { return nil }
    let settings = content["with"].object ?? [:]
    if path.hasSuffix(".issuer") {
      for key in ConfigurationSchema.certificateKeys where settings[key.name] != nil {
        findings.error(
          "pipelines.certificates", at: place("\(path).with.\(key.name)"),
          "`\(path).with.\(key.name)` is about one stage",
          why: "what certificates say holds for the whole cluster, whoever issues them",
          fix: "set it under `spec.issuer.with`")
      }
    }
    return PluginChoice(plugin, settings: .object(settings))
  }

  private mutating func commands(
    _ list: SettingsValue, at path: String, _ reading: inout PipelineReading
  ) -> [PipelineCommand] {
    (list.list ?? []).enumerated().compactMap { index, content in
      command(content, at: "\(path)[\(index)]", &reading)
    }
  }

  private mutating func command(
    _ content: SettingsValue, at path: String, _ reading: inout PipelineReading
  ) -> PipelineCommand? {
    reading.commands += 1
    let name = content["name"].string ?? "\(reading.commands)"
    if !reading.names.insert(name).inserted {
      findings.error(
        "pipelines.name", at: place("\(path).name"), "two commands of the pipeline are named \(shown(name))",
        fix: "give each a name of its own")
    }
    var target = PipelineCommand.Place.every
    switch content["on"] {
    case .string("first"): target = .first
    case .string("every"), .null: break
    case .string(let host): if isHost(host, at: "\(path).on", reading.hosts) { target = .hosts([host]) }
    case let other:
      target = .hosts(
        (other.list ?? []).enumerated().compactMap { index, host in
          host.string.flatMap { isHost($0, at: "\(path).on[\(index)]", reading.hosts) ? $0 : nil }
        })
    }
    guard let arguments = content["command"].list?.compactMap(\.string) else { return nil }
    guard let program = arguments.first else {
      findings.error(
        "pipelines.no-command", at: place("\(path).command"), "`\(path).command` is empty",
        why: "its first entry is the program", fix: "write a program and its arguments: `[etcdctl, endpoint, status]`")
      return nil
    }
    if program.isEmpty || program.hasPrefix("-") || program.contains("=") {
      findings.error(
        "pipelines.no-command", at: place("\(path).command[0]"), "`\(path).command` begins with \(shown(program))",
        why: "its first entry is the program, and this is the name of none",
        fix: "write a program and its arguments: `[etcdctl, endpoint, status]`")
    }
    return PipelineCommand(
      name: name, place: target, arguments: arguments, timeoutSeconds: content["timeout"].integer ?? 60,
      mayFail: content["mayFail"].boolean ?? false)
  }

  private mutating func isHost(_ name: String, at path: String, _ hosts: [String]) -> Bool {
    guard !hosts.contains(name) else { return true }
    let isPlace = path.hasSuffix(".on")
    let known = (isPlace ? ["first", "every"] : []) + hosts
    let near = NearestName.find(name, among: known).map { "did you mean `\($0)`? " } ?? ""
    findings.error(
      "pipelines.unknown-host", at: place(path), "`\(path)` is \(shown(name)), which is no host's name",
      fix: "\(near)write \(isPlace ? "`first`, `every` or " : "")a host's name")
    return false
  }
}
