import Foundation
import Testing

extension OnTheLab {
  /// Operators who vanish, who change their minds, and who are two.
  @Suite struct Interruptions {
    @Test(arguments: [
      #""type":"locked""#, #""type":"certificates-issued""#, #""type":"host-started","stage":"founding""#,
      #""type":"host-finished","stage":"hardening""#,
    ])
    func `An operator who is killed in the middle applies again and has a healthy cluster`(_ moment: String)
      async throws
    {
      let someone = try await Lab.blank()
      let killed = try someone.start(["apply", "--yes", "--output", "json"])
      let came = await killed.wrote(moment)
      killed.signal(SIGKILL)
      let ending = await killed.ended()
      try #require(came && ending.status == 128 + SIGKILL, "\(ending.everything)")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(apply.output.contains("3 members are healthy") || apply.output.contains("No changes"))
      let verify = try await someone.quorate("verify")
      #expect(verify.output.contains("All 43 files are as they should be."), "\(verify.everything)")
      let health = try await someone.quorate("health")
      #expect(health.status == 0, "\(health.everything)")
      // One cluster, whoever founded it: all members know each other under one token.
      var tokens: Set<Substring> = []
      for host in Lab.hosts {
        let manifest = try await host.read("/etc/kubernetes/manifests/etcd.yaml")
        tokens.insert(try #require(manifest.firstMatch(of: /--initial-cluster-token=(\S+)/)).output.1)
      }
      #expect(tokens.count == 1)
    }

    @Test func `A second operator is told who holds the lock, and since when`() async throws {
      let someone = try await Lab.blank()
      let first = try someone.start(["apply", "--yes", "--output", "json"])
      #expect(await first.wrote(#""type":"certificates-issued""#))
      let other = try Operator(at: .lab)
      try other.write(ClusterFile.lab().text, to: "cluster.yaml")
      let second = try await other.quorate("apply", "--yes")
      #expect(second.status == 75, "\(second.everything)")
      #expect(second.errorOutput.contains("another run holds the lock on infra0"))
      #expect(second.errorOutput.contains("process \(first.process), since 20"), "\(second.everything)")
      #expect(second.errorOutput.contains("now: nothing was changed on any host"))
      // Looking is allowed meanwhile.
      let looking = try await other.quorate("plan")
      #expect(looking.status != 75)
      let ending = await first.ended()
      #expect(ending.status == 0, "\(ending.everything)")
    }

    @Test func `Ctrl-C stops at a step's end, and what the last line says is true`() async throws {
      let someone = try await Lab.blank()
      let stopped = try someone.start(["apply", "--yes"])
      #expect(await stopped.wrote("Certificates and configuration"))
      stopped.signal(SIGINT)
      let ending = await stopped.ended()
      #expect(ending.status == 130, "\(ending.everything)")
      let now = try #require(ending.errorOutput.split(separator: "\n").last { $0.contains("now: ") })
      #expect(now.contains("done on every host:") && now.contains("service") && now.contains("files"), "\(now)")
      #expect(now.contains("the cluster is not founded yet"))
      for host in Lab.hosts {
        try await host.verifyCertificates()
        try await host.shell("test ! -e /etc/kubernetes/manifests/etcd.yaml; ! pidof etcd")
      }
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
    }
  }
}
