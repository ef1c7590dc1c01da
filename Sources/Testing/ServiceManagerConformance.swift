public import QuorateCore

/// The conformance suite of ``ServiceManager``: what every service manager must keep, tried with the members of
/// ``MemberFixture`` and with answers from empty to nonsense. It needs no host.
public struct ServiceManagerConformance: Sendable {
  private let manager: any ServiceManager
  private let answers: @Sendable (MemberContext) -> ProbeAnswers

  /// Makes a suite.
  ///
  /// - Parameters:
  ///   - manager: The service manager.
  ///   - answers: The answers of a host that is fit.
  public init(
    _ manager: any ServiceManager,
    answers: @escaping @Sendable (MemberContext) -> ProbeAnswers = { _ in ProbeAnswers() }
  ) {
    self.manager = manager
    self.answers = answers
  }

  /// What the service manager does not keep, a sentence each.
  public func violations() async throws -> [String] {
    var found: [String] = []
    for (name, member) in MemberFixture.all() {
      var violations: [String] = []
      let probes = try await manager.probes(for: member)
      if try await manager.probes(for: member) != probes { violations.append("asks for other probes the second time") }
      violations += PluginConformance.violations(inProbes: probes)
      let usual = answers(member)
      for (situation, odd) in [("a fit host", usual)] + PluginConformance.answers(to: probes) {
        let reply = try await manager.service(for: member, answers: odd)
        let unasked = PluginConformance.violations(unasked: reply.files, probes: probes, of: member.host)
        for violation in try await check(reply, member, odd) + unasked {
          violations.append("\(situation): \(violation)")
        }
      }
      found += violations.map { "\(name): \($0)" }
    }
    return found
  }

  private func check(
    _ reply: ServiceReply, _ member: MemberContext, _ answers: ProbeAnswers
  ) async throws -> [String] {
    var found: [String] = []
    if try await manager.service(for: member, answers: answers) != reply {
      found.append("gives another reply the second time")
    }
    let isRefused = reply.findings.contains { $0.severity == .error }
    for file in reply.files {
      // A host that was refused is not written to, so where its files would be does not matter.
      if !isRefused { found += PluginConformance.violations(inFile: file, of: member.host) }
      if case .slot(let name) = file.content { found.append("\(file.path) waits for \(name)") }
    }
    if Set(reply.files.map(\.path)).count != reply.files.count { found.append("writes a file twice") }
    for command in reply.activation + reply.start + reply.restart + reply.restartUnchanged
      + [reply.instance].compactMap(\.self)
    {
      found += PluginConformance.violations(inCommand: command)
    }
    if reply.needsActivation && reply.activation.isEmpty { found.append("needs an activation that it does not have") }
    if reply.needsStart && reply.start.isEmpty { found.append("needs a start that it does not have") }
    if reply.needsRestart && reply.restart.isEmpty { found.append("needs a restart that it does not have") }
    for owner in [reply.owner, reply.memberOwner].compactMap(\.self) where owner.user.isEmpty || owner.group.isEmpty {
      found.append("names no owner")
    }
    if reply.makesMemberOwner && (reply.memberOwner == nil || !reply.needsActivation) {
      found.append("makes an owner that it does not name, or without an activation")
    }
    found += PluginConformance.violations(inImages: reply.images)
    found += PluginConformance.violations(inFindings: reply.findings, of: member.host)
    return found
  }
}
