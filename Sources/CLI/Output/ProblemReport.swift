internal import QuorateCore

/// How errors and findings are told: what, why, the state the world was left in, and how to mend it.
struct ProblemReport {
  let console: Console

  /// A failure of a run.
  func report(_ failure: RunFailure, now: String, place: String? = nil) {
    if console.format == .json {
      console.result(
        JSONLine(
          "diagnostic",
          [
            ("severity", .string("error")), ("code", .string(failure.code)), ("host", .optional(failure.host)),
            ("stage", .optional(failure.stage?.rawValue)), ("what", .string(failure.what)),
            ("why", .string(failure.why)), ("now", .string(now)), ("fix", .string(failure.fix)),
          ]
        ).text)
    }
    tell("error", .red, failure.what, failure.why, now, failure.fix, place)
  }

  /// A finding of the configuration or of the survey.
  func report(_ finding: Finding, now: String = "") {
    if console.format == .json { console.result(finding.json.text) }
    let style: Console.Style = finding.severity == .error ? .red : .yellow
    let what = finding.host.map { finding.what.names($0) ? finding.what : "\($0): \(finding.what)" } ?? finding.what
    tell(finding.severity.rawValue, style, what, finding.why, now, finding.fix, finding.position?.description)
  }

  /// Findings in their order. For a reader, those that say the same of several hosts are one, with the hosts' names.
  ///
  /// - Parameter now: The state the world was left in, told with the last error.
  func report(_ findings: [Finding], now: String = "") {
    guard console.format == .text else {
      for finding in findings { report(finding) }
      return
    }
    var groups: [(first: Finding, hosts: [String])] = []
    var indices: [Finding: Int] = [:]
    for finding in findings {
      var key = finding
      (key.host, key.position) = (nil, nil)
      if let host = finding.host, let index = indices[key] {
        if !groups[index].hosts.contains(host) { groups[index].hosts.append(host) }
      } else {
        if finding.host != nil { indices[key] = groups.count }
        groups.append((finding, finding.host.map { [$0] } ?? []))
      }
    }
    let last = groups.lastIndex { $0.first.severity == .error }
    for (index, (first, hosts)) in groups.enumerated() {
      var finding = first
      if hosts.count > 1 {
        finding.host = nil
        finding.what = "\(Self.list(hosts)): \(first.what)"
      }
      report(finding, now: index == last ? now : "")
    }
  }

  /// `infra0, infra1, infra2`, and a count of what is more than a line holds.
  private static func list(_ hosts: [String]) -> String {
    hosts.count <= 9
      ? hosts.joined(separator: ", ") : hosts.prefix(8).joined(separator: ", ") + " and \(hosts.count - 8) more"
  }

  private func tell(
    _ word: String, _ style: Console.Style, _ what: String, _ why: String, _ now: String, _ fix: String,
    _ place: String?
  ) {
    console.complaint("\(place.map { "\($0): " } ?? "")\(console.styled(word + ":", style)) \(what)")
    for (label, text) in [("why", why), ("now", now), ("fix", fix)] where !text.isEmpty {
      let lines = text.split(separator: "\n").map(String.init)
      console.complaint("  \(label): \(lines.joined(separator: "\n       "))")
    }
  }
}

extension Finding {
  /// The finding as an object of `--output json`.
  var json: JSONLine {
    JSONLine(
      "diagnostic",
      [
        ("severity", .string(severity.rawValue)), ("code", .string(code)), ("host", .optional(host)),
        ("file", .optional(position?.file)), ("line", position.map { .integer($0.line) } ?? .null),
        ("column", position.map { .integer($0.column) } ?? .null), ("what", .string(what)), ("why", .string(why)),
        ("fix", .string(fix)),
      ])
  }
}

extension String {
  /// Whether a host stands in the sentence by its name, rather than as part of a path: it is named once.
  fileprivate func names(_ host: String) -> Bool {
    split { $0 == " " || $0 == "," || $0 == ":" || $0 == "(" || $0 == ")" }.contains { $0 == host }
  }
}
