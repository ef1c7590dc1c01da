import Foundation
import Testing

extension OnTheLab {
  /// The same cluster by every combination of plugins.
  @Suite struct Combinations {
    @Test(arguments: PluginChoices.all)
    func `The same cluster is made by each combination, and a second run changes nothing`(
      _ plugins: PluginChoices
    ) async throws {
      let someone = try await Lab.blank(.lab(plugins: plugins))
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      for host in Lab.hosts {
        let health = try await someone.run(Lab.verb("run"), "etcdctl", host.name, "endpoint", "health")
        #expect(health.status == 0, "\(health.everything)")
        let members = try await someone.run(Lab.verb("run"), "etcdctl", host.name, "member", "list")
        #expect(members.output.split(separator: "\n").count == 3)
        try await host.verifyCertificates()
        let names = try await host.shell(
          "openssl x509 -noout -subject -ext subjectAltName -in /etc/kubernetes/pki/etcd/server.crt")
        #expect(names.contains("CN = \(host.member)"))
        #expect(names.contains("DNS:\(host.member), DNS:localhost, IP Address:\(host.address)"))
      }
      let processes = try await members()
      let again = try await someone.quorate("apply", "--yes")
      #expect(again.status == 0, "\(again.everything)")
      #expect(again.output.contains("No changes: prod is as the configuration describes it."), "\(again.everything)")
      let plan = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(plan.status == 0, "\(plan.everything)")
      let verify = try await someone.quorate("verify")
      #expect(verify.status == 0 && verify.output.contains("files are as they should be."), "\(verify.everything)")
      let status = try await someone.quorate("status")
      #expect(status.status == 0 && status.output.contains("364 days"), "\(status.everything)")
      let health = try await someone.quorate("health")
      #expect(health.status == 0, "\(health.everything)")
      #expect(health.output.contains("quorum 3 of 3, 2 needed: 1 more may fail"))
      // The way to a host may change at any time.
      for other in PluginChoices.all
      where other.transport != plugins.transport && other.manifestWriter == plugins.manifestWriter {
        try someone.write(ClusterFile.lab(plugins: other).text, to: "cluster.yaml")
        let plan = try await someone.quorate("plan", "--detailed-exit-code")
        #expect(plan.status == 0, "\(other): \(plan.everything)")
      }
      #expect(try await members() == processes)
    }

    @Test(arguments: PluginChoices.all.filter { $0.transport == "ssh" })
    func `A member that runs is not moved to another service manager`(_ plugins: PluginChoices) async throws {
      let someone = try await Lab.blank(.lab(plugins: plugins))
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      let before = try await fingerprints()
      let others = [
        PluginChoices("ssh", "systemd-kubelet", "static-pod"), PluginChoices("ssh", "systemd-etcd", "unit-file"),
        PluginChoices("ssh", "process", "unit-file"),
      ].filter { $0.serviceManager != plugins.serviceManager }
      for other in others {
        try someone.write(ClusterFile.lab(plugins: other).text, to: "cluster.yaml")
        for command in [["plan"], ["apply", "--yes"]] {
          let refused = try await someone.start(command).ended()
          #expect(refused.status == 1, "\(other): \(refused.everything)")
          let text =
            "error: infra0, infra1, infra2: the member is run by \(plugins.serviceManager), and the configuration says "
            + other.serviceManager
          #expect(refused.errorOutput.contains(text), "\(refused.everything)")
          #expect(refused.errorOutput.contains("set serviceManager back to {plugin: \(plugins.serviceManager)}"))
          #expect(refused.errorOutput.contains("now: nothing was changed on any host"))
        }
      }
      // The members are well, whatever the configuration says.
      let status = try await someone.quorate("status")
      #expect(
        status.status == 0 && status.errorOutput.contains("warning: infra0, infra1, infra2: the member is run by"),
        "\(status.everything)")
      try someone.write(ClusterFile.lab(plugins: plugins).text, to: "cluster.yaml")
      #expect(try await someone.quorate("plan", "--detailed-exit-code").status == 0)
      #expect(try await fingerprints() == before)
    }

    /// The number of each member's process.
    private func members() async throws -> [String] {
      var processes: [String] = []
      for host in Lab.hosts { processes.append(try await host.shell("pidof etcd")) }
      return processes
    }

    private func fingerprints() async throws -> [String] {
      var fingerprints: [String] = []
      for host in Lab.hosts { fingerprints.append(try await host.fingerprint()) }
      return fingerprints
    }
  }
}
