import QuorateCore

@testable import KubeadmWriter

/// What hosts answer to the writer's probes.
enum KubeadmAnswers {
  /// The answers of a host whose kubeadm is of the member's version and writes the least that one could.
  static func usual(of member: MemberContext, image: String? = nil) -> ProbeAnswers {
    var output = "inside\n"
    for phase in [MemberPhase.founding, .existing] {
      let text = manifest(of: member, phase: phase, image: image ?? member.image)
      output += "\(phase.rawValue) \(text.utf8.count)\n\(text)"
    }
    return answers(version: "v\(member.kubernetesVersion)\n", run: (0, output))
  }

  static func answers(version: String?, run: (status: Int32, output: String)?) -> ProbeAnswers {
    var answers = ProbeAnswers()
    answers.byKey[HostKubeadm.probe.key] = .command(
      status: version == nil ? 127 : 0, output: Array((version ?? "").utf8))
    if let run { answers.byKey[KubeadmRun.id] = .command(status: run.status, output: Array(run.output.utf8)) }
    return answers
  }

  /// A manifest's part that the writer looks at.
  static func manifest(of member: MemberContext, phase: MemberPhase, image: String) -> String {
    var member = member
    member.phase = phase
    member.token = KubeadmRun.token
    let flags = EtcdFlags.overrides(of: member).map { argument in
      "    - \(GoYAML.scalar("--\(argument.name)=\(argument.value)", column: 6, indent: 6))\n"
    }
    return "apiVersion: v1\nspec:\n  containers:\n  - command:\n    - etcd\n\(flags.joined())    image: \(image)\n"
  }
}
