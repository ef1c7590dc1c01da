internal import QuorateCore

/// The state the world was left in by a run that did not come to its end: the line an operator needs first.
struct RunState {
  let report: RunReport
  let plan: Plan

  var text: String {
    var parts: [String] = []
    if !report.finished.isEmpty {
      parts.append("done on every host: \(report.finished.map(\.rawValue).joined(separator: ", "))")
    }
    // Two stages may run at once: a host counts by the worst that happened there.
    // These are found out before anything is changed there.
    let isUntouched = { (failure: RunFailure) in
      failure.stage == nil || ["host.changed", "host.holding", "gate.closed"].contains(failure.code)
    }
    let failed = Set(report.failures.filter { !isUntouched($0) }.compactMap(\.host))
    let done = Set(report.doneHosts).subtracting(failed)
    if !done.isEmpty { parts.append("done on \(list(done.sorted()))") }
    if !failed.isEmpty { parts.append("stopped within its steps: \(list(failed.sorted()))") }
    let spared = Set(report.failures.filter(isUntouched).compactMap(\.host) + report.untouchedHosts)
    let untouched = plan.spec.hosts.map(\.name).filter { spared.contains($0) && !failed.contains($0) }
    if report.failures.contains(where: { $0.code == "issuer.pending" }) {
      // Of these, none but Quorate's own folder was written to.
      let keys = failed.isEmpty ? "the keys" : "the other keys"
      parts.append("\(keys) wait on their hosts, in /etc/kubernetes/quorate/pending; no member was touched")
    } else if report.finished.isEmpty, failed.isEmpty, done.isEmpty {
      parts.append("nothing was changed on any host")
    } else if !untouched.isEmpty {
      parts.append("\(list(untouched)) \(untouched.count == 1 ? "is" : "are") untouched in this stage")
    }
    if report.finished.contains(.founding) {
      parts.append("the cluster is founded")
    } else if plan.stages.contains(where: { $0.id == .founding }) {
      parts.append("the cluster is not founded yet")
    }
    return parts.isEmpty ? "nothing was changed on any host" : parts.joined(separator: "; ")
  }

  private func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
