internal import QuorateCore

/// Pipelines, as far as they are checked before they are carried out.
extension SpecAssembly {
  mutating func checkPipelines(hosts: [String]) {
    for (name, steps) in (value["pipelines"].object ?? [:]).sorted(by: { $0.key < $1.key }) {
      let path = ConfigurationPositions.path("pipelines", name)
      if let fault = TextCheck.fault(in: name, form: TextForm.name) {
        findings.error(
          fault.code, at: positions.keys[path] ?? place(path), "a pipeline is named \(shown(name)), \(fault.what)",
          why: fault.why, fix: fault.fix)
      }
      guard let steps = steps.list, !steps.isEmpty else {
        findings.error(
          "pipelines.empty", at: place(path), "`\(path)` has no stage", fix: "name its stages, or remove the pipeline")
        continue
      }
      for (index, step) in steps.enumerated() {
        checkCommand(step["run"], at: "\(path)[\(index)].run", hosts: hosts)
      }
    }
  }

  private mutating func checkCommand(_ run: SettingsValue, at path: String, hosts: [String]) {
    if let command = run["command"].list, command.isEmpty {
      findings.error(
        "pipelines.no-command", at: place("\(path).command"), "`\(path).command` is empty",
        why: "its first entry is the program", fix: "write a program and its arguments: `[etcdctl, endpoint, status]`")
    }
    let places = ["first", "every"] + hosts
    if let target = run["on"].string, !places.contains(target) {
      let near = NearestName.find(target, among: places).map { "did you mean `\($0)`? " } ?? ""
      findings.error(
        "pipelines.unknown-host", at: place("\(path).on"), "`\(path).on` is \(shown(target)), which is no host's name",
        fix: "\(near)write `first`, `every` or a host's name")
    }
  }
}
