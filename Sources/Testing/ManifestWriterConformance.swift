public import QuorateCore

/// The conformance suite of ``ManifestWriter``: what every writer must keep, tried with the members of
/// ``MemberFixture`` and with answers from empty to nonsense. It needs no host.
///
/// ```swift
/// #expect(try await ManifestWriterConformance(StaticPod(), answers: usual).violations() == [])
/// ```
public struct ManifestWriterConformance: Sendable {
  private let writer: any ManifestWriter
  private let answers: @Sendable (MemberContext) -> ProbeAnswers

  /// Makes a suite.
  ///
  /// - Parameters:
  ///   - writer: The writer.
  ///   - answers: The answers of a host on which the writer can describe the member.
  public init(
    _ writer: any ManifestWriter,
    answers: @escaping @Sendable (MemberContext) -> ProbeAnswers = { _ in ProbeAnswers() }
  ) {
    self.writer = writer
    self.answers = answers
  }

  /// What the writer does not keep, a sentence each.
  public func violations() async throws -> [String] {
    var found: [String] = []
    for (name, member) in MemberFixture.all() {
      var violations: [String] = []
      let probes = try await writer.probes(for: member)
      if try await writer.probes(for: member) != probes { violations.append("asks for other probes the second time") }
      violations += PluginConformance.violations(inProbes: probes)
      let good = try await writer.manifest(for: member, answers: answers(member))
      violations += try await checkUsable(good, member)
      violations += PluginConformance.violations(
        unasked: good.configuration + good.manifest, probes: probes, of: member.host)
      for (situation, odd) in PluginConformance.answers(to: probes) {
        let reply = try await writer.manifest(for: member, answers: odd)
        for violation in try await check(reply, member, odd) { violations.append("\(situation): \(violation)") }
      }
      found += violations.map { "\(name): \($0)" }
    }
    return found
  }

  /// What holds for any reply.
  private func check(
    _ reply: ManifestReply, _ member: MemberContext, _ answers: ProbeAnswers
  ) async throws -> [String] {
    var found: [String] = []
    if try await writer.manifest(for: member, answers: answers) != reply {
      found.append("gives another reply the second time")
    }
    for file in reply.configuration + reply.manifest {
      found += PluginConformance.violations(inFile: file, of: member.host)
      if case .slot(let name) = file.content { found.append("\(file.path) waits for \(name)") }
    }
    found += PluginConformance.violations(inImages: reply.images)
    found += PluginConformance.violations(inFindings: reply.findings, of: member.host)
    let isRefused = reply.findings.contains { $0.severity == .error }
    if reply.manifest.isEmpty && !isRefused { found.append("describes no member and does not say why") }
    return found
  }

  /// What holds for a host that is as it should be.
  private func checkUsable(_ reply: ManifestReply, _ member: MemberContext) async throws -> [String] {
    var found = try await check(reply, member, answers(member))
    for finding in reply.findings where finding.severity == .error { found.append("refuses: \(finding.what)") }
    let kubeadm = reply.configuration.first { $0.path == member.host.layout.kubeadmConfiguration }
    if kubeadm == nil { found.append("writes no kubeadmcfg.yaml") }
    for file in [kubeadm].compactMap(\.self) + reply.manifest where file.mode != 0o600 {
      found.append("\(file.path) has the mode \(String(file.mode, radix: 8)), not 600")
    }
    // Who reads the description must find the member's address, and another description after the founding.
    for file in reply.manifest {
      guard case .bytes(let bytes) = file.content else { continue }
      let text = String(decoding: bytes, as: UTF8.self)
      if !text.contains(member.host.peerURL) { found.append("\(file.path) does not have \(member.host.peerURL)") }
      if !text.contains("--initial-cluster-state=\(member.phase.rawValue)") {
        found.append("\(file.path) does not say initial-cluster-state=\(member.phase.rawValue)")
      }
      if let token = member.token, !text.contains(token) { found.append("\(file.path) has no token") }
    }
    return found
  }
}
