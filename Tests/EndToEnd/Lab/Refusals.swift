import Foundation
import Testing

extension OnTheLab {
  /// What a run must not begin.
  @Suite struct Refusals {
    @Test func `A host that is down at the start is named, and nothing is changed on the others`() async throws {
      let someone = try await Lab.blank()
      try await Lab.call("power-cut", "host1")
      let before = [try await Lab.hosts[0].fingerprint(), try await Lab.hosts[2].fingerprint()]
      let apply = try await someone.quorate("apply", "--yes", "--connect-timeout", "3")
      #expect(apply.status == 69, "\(apply.everything)")
      #expect(apply.errorOutput.contains("cannot connect to infra1 (\(Lab.hosts[1].address):22)"))
      #expect(apply.errorOutput.contains("now: nothing was changed on any host"))
      #expect([try await Lab.hosts[0].fingerprint(), try await Lab.hosts[2].fingerprint()] == before)
      try await Lab.call("start", "host1")
      let again = try await someone.quorate("apply", "--yes")
      #expect(again.status == 0, "\(again.everything)")
    }

    @Test func `A node of another cluster is refused and left as it is`() async throws {
      let someone = try await Lab.blank()
      try await Lab.call("make-node", "host2")
      let before = try await Lab.hosts[2].fingerprint()
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 1, "\(apply.everything)")
      #expect(apply.errorOutput.contains("infra2"))
      #expect(apply.errorOutput.contains("/etc/kubernetes/kubelet.conf"))
      #expect(apply.errorOutput.contains("now: nothing was changed on any host"))
      #expect(try await Lab.hosts[2].fingerprint() == before)
      for host in Lab.hosts { try await host.shell("test ! -e /etc/kubernetes/pki") }
    }

    @Test func `Other static pods in the manifests folder are not put under a new kubelet`() async throws {
      let someone = try await Lab.blank()
      try await Lab.call("make-node", "host0")
      try await Lab.hosts[0].shell("rm /etc/kubernetes/kubelet.conf")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 1, "\(apply.everything)")
      #expect(apply.errorOutput.contains("haproxy.yaml"), "\(apply.everything)")
      for host in Lab.hosts { try await host.shell("test ! -e /etc/kubernetes/pki") }
    }

    @Test func `The data of an unknown member is never touched`() async throws {
      let someone = try await Lab.blank()
      try await Lab.hosts[0].shell("mkdir -p /var/lib/etcd/member/wal; touch /var/lib/etcd/member/wal/0-0.wal")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 1)
      #expect(apply.errorOutput.contains("infra0: /var/lib/etcd holds the data of a member that Quorate did not make"))
      try await Lab.hosts[0].shell("test -e /var/lib/etcd/member/wal/0-0.wal; test ! -e /etc/kubernetes/pki")
    }

    @Test func `An unknown host key stops everything and is shown`() async throws {
      var file = ClusterFile.lab(knownHosts: "./known_hosts")
      file.name = "prod"
      let someone = try await Lab.blank(file)
      let known = try String(contentsOfFile: Lab.folder + "/known_hosts", encoding: .utf8)
      let lines = known.split(separator: "\n").filter { !$0.contains(Lab.hosts[1].address) }
      try someone.write(lines.joined(separator: "\n") + "\n", to: "known_hosts")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 1, "\(apply.everything)")
      #expect(apply.errorOutput.contains("infra1"))
      #expect(apply.errorOutput.contains(try await fingerprint("host1")))
      for host in Lab.hosts { try await host.shell("test ! -e /etc/kubernetes/pki") }
    }

    @Test func `A changed host key stops everything, and both fingerprints are shown`() async throws {
      let someone = try await Lab.blank(.lab(knownHosts: "./known_hosts"))
      let known = try String(contentsOfFile: Lab.folder + "/known_hosts", encoding: .utf8)
      let keys = known.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
      let first = try #require(keys.first { $0[0].contains(Lab.hosts[0].address) })
      let second = try #require(keys.first { $0[0].contains(Lab.hosts[1].address) })
      // host1 is known by host0's key.
      try someone.write("\(first[0]) \(first[1])\n\(second[0]) \(first[1])\n", to: "known_hosts")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 1, "\(apply.everything)")
      #expect(apply.errorOutput.contains(try await fingerprint("host0")))
      #expect(apply.errorOutput.contains(try await fingerprint("host1")))
      for host in Lab.hosts { try await host.shell("test ! -e /etc/kubernetes/pki") }
    }

    @Test func `A hashed known_hosts with one kind of key is enough`() async throws {
      let someone = try await Lab.blank(.lab(knownHosts: Lab.folder + "/known_hosts.hashed"))
      let plan = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(plan.status == 2, "\(plan.everything)")
    }

    @Test func `An encrypted key is opened with the passphrase that a descriptor gives`() async throws {
      let someone = try await Lab.blank(.lab(key: "id_ed25519_encrypted"))
      let plan = try await someone.quorate(
        "plan", "--detailed-exit-code", "--key-pass-fd", "3", secrets: ["lab-passphrase\n"])
      #expect(plan.status == 2, "\(plan.everything)")
      let wrong = try await someone.quorate("plan", "--key-pass-fd", "3", secrets: ["another\n"])
      #expect(wrong.status == 1)
      #expect(wrong.errorOutput.contains("passphrase"), "\(wrong.everything)")
      #expect(!wrong.everything.contains("another"))
    }

    @Test func `An RSA key is refused with what to do about it, where the library cannot use it`() async throws {
      let someone = try await Lab.blank(.lab(key: "id_rsa"))
      let plan = try await someone.quorate("plan", "--detailed-exit-code")
      if plan.status != 2 { #expect(plan.errorOutput.contains("RSA"), "\(plan.everything)") }
    }

    private func fingerprint(_ host: String) async throws -> String {
      let text = try await Lab.run(["ssh-keygen", "-lf", "\(Lab.folder)/\(host)/keys/ssh_host_ed25519_key.pub"])
      return try #require(text.split(separator: " ").dropFirst().first.map(String.init))
    }
  }
}
