internal import QuorateCore

/// A plan for a reader: host by host, stage by stage, a line each, with why.
struct PlanText {
  let plan: Plan
  let console: Console
  let showsDifferences: Bool

  func lines() -> [String] {
    var lines = [heading, ""]
    for host in plan.spec.hosts {
      let parts = plan.steps(for: host.name)
      let right = plan.alreadyRight[host.name]?.count ?? 0
      let title = console.styled(host.name, .bold) + "  \(host.address)"
      guard !parts.isEmpty else {
        let leftOut = plan.leftOut.filter { $0.hosts.contains(host.name) }.map(\.id.rawValue)
        lines.append(
          leftOut.isEmpty
            ? "\(title)  no change (\(right) files as they should be)"
            : "\(title)  left out: \(leftOut.joined(separator: ", "))")
        continue
      }
      lines.append("\(title)\(right > 0 ? "  (\(right) files as they should be)" : "")")
      for (stage, steps) in parts {
        var label = stage.id.rawValue
        for step in steps {
          for line in self.lines(for: step, stage) {
            lines.append("  \(label.padded(to: 10)) \(line)")
            label = ""
          }
        }
      }
      lines.append("")
    }
    if !plan.stages.isEmpty { lines += stageLines + [""] }
    lines.append(summary)
    return lines
  }

  private var heading: String {
    let spec = plan.spec
    let release = spec.kubernetesVersion.flatMap(KubernetesRelease.init)
    let etcd = spec.etcdVersion ?? release?.etcdVersion
    let hosts = spec.hosts.count == 1 ? "1 host" : "\(spec.hosts.count) hosts"
    let kubernetes = spec.kubernetesVersion.map { "\($0)" } ?? "?"
    let version =
      spec.versionSource == .configuration
      ? ", as kubeadm of Kubernetes \(kubernetes) has it" : "; Kubernetes v\(kubernetes), as kubeadm on the hosts says"
    return
      "\(console.styled(spec.name, .bold)): \(hosts), etcd \(etcd.map { "\($0)" } ?? "?")\(version); token \(plan.token)"
  }

  private var stageLines: [String] {
    plan.stages.map { stage in
      let how: String =
        switch stage.rollout {
        case .together:
          stage.hosts.count == plan.spec.hosts.count
            ? "on all hosts together" : "on " + stage.hosts.map(\.host).joined(separator: ", ")
        case .oneAtATime: "one member at a time, each while the others are a healthy quorum"
        }
      let after = stage.after.isEmpty ? "" : ", after \(stage.after.map(\.rawValue).joined(separator: " and "))"
      let health = stage.followsHealth ? ", when the members are healthy" : ""
      let plugins = [stage.issuer.map { ", issuer \($0.plugin)" }, stage.transport.map { ", transport \($0.plugin)" }]
      return "  \(stage.id.rawValue.padded(to: 10)) \(how)\(after)\(health)\(plugins.compactMap(\.self).joined())"
    }
  }

  /// What is said of a plan with nothing to do.
  static func unchanged(_ plan: Plan) -> String {
    guard plan.leftOut.isEmpty else { return "No changes in what was selected. " + leftOutText(plan) }
    return "No changes: \(plan.spec.name) is as the configuration describes it."
  }

  /// `Left out: hardening on infra0, infra1 (--skip hardening).`
  static func leftOutText(_ plan: Plan) -> String {
    let parts = plan.leftOut.map { "\($0.id.rawValue) on \($0.hosts.joined(separator: ", ")) (\($0.why))" }
    return parts.isEmpty ? "" : "Left out: \(parts.joined(separator: "; "))."
  }

  /// `Plan: 22 to add, 1 to change, 3 of 3 hosts.`
  var summary: String {
    guard !plan.isEmpty else { return Self.unchanged(plan) }
    let counts = PlanCounts(plan)
    return
      "Plan: \(counts.additions) to add, \(counts.changes) to change, \(counts.certificatesText) to issue, "
      + "on \(counts.hosts) of \(plan.spec.hosts.count) hosts."
      + (plan.leftOut.isEmpty ? "" : "\n" + Self.leftOutText(plan))
  }

  private func lines(for step: Step, _ stage: Stage) -> [String] {
    switch step {
    case .makeFolder(let path, let mode, _): return [added("\(path)/", "mode \(mode.octalText)")]
    case .write(let change):
      var reason = change.reasons.joined(separator: "; ")
      if case .slot(let name) = change.file.content, reason.isEmpty {
        reason = name == Slot.authorityKey ? "the CA's key" : name.hasSuffix(".key") ? "new key" : "issued"
      }
      let line = change.isAddition ? added(change.file.path, reason) : changed(change.file.path, reason)
      return [line] + (showsDifferences ? ContentDifference(change).lines.map { "    " + coloured($0) } : [])
    case .setAttributes(let path, _, _, _, let reasons): return [changed(path, reasons.joined(separator: "; "))]
    case .resumeStaged(let folder): return [changed(folder, "finish a replacement that was interrupted")]
    case .discardStaged(let folder):
      return [console.styled("-", .red) + " \(folder)  left over from an interrupted run"]
    case .remove(let path, _, let reasons):
      return [console.styled("-", .red) + " \(path)  \(console.styled(reasons.joined(separator: "; "), .faint))"]
    case .execute(let command): return ["> \(command.summary)"]
    case .run(let command): return ["> run `\(command.summary)`"]
    case .awaitHealth(_, _, let restarted, _):
      return ["> wait until the member \(restarted ? "has restarted and " : "")answers that it is healthy"]
    case .awaitServed(let endpoint, let certificate): return ["> see \(endpoint) show \(certificate)"]
    }
  }

  private func added(_ path: String, _ reason: String) -> String {
    console.styled("+", .green) + " \(path)\(reason.isEmpty ? "" : "  \(console.styled(reason, .faint))")"
  }

  private func changed(_ path: String, _ reason: String) -> String {
    console.styled("~", .yellow) + " \(path)\(reason.isEmpty ? "" : "  \(console.styled(reason, .faint))")"
  }

  private func coloured(_ line: String) -> String {
    line.hasPrefix("+") ? console.styled(line, .green) : line.hasPrefix("-") ? console.styled(line, .red) : line
  }
}

/// How much a plan does.
struct PlanCounts {
  var additions = 0
  var changes = 0
  var certificates = 0
  var hosts = 0

  /// `1 certificate`, `12 certificates`.
  var certificatesText: String { certificates == 1 ? "1 certificate" : "\(certificates) certificates" }

  init(_ plan: Plan) {
    var touched: Set<String> = []
    // Two stages that need the same folder both make sure of it.
    var folders: Set<String> = []
    for stage in plan.stages {
      certificates += stage.certificates.count
      for host in stage.hosts {
        touched.insert(host.host)
        for step in host.steps {
          switch step {
          case .makeFolder(let path, _, _): additions += folders.insert("\(host.host) \(path)").inserted ? 1 : 0
          case .write(let change): if change.isAddition { additions += 1 } else { changes += 1 }
          case .setAttributes, .resumeStaged, .discardStaged, .remove: changes += 1
          case .execute, .run, .awaitHealth, .awaitServed: break
          }
        }
      }
    }
    hosts = touched.count
  }
}

extension String {
  /// The text with blanks behind it up to a width.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
