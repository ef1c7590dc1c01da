import Foundation
import Testing

extension OnTheLab {
  /// etcd as a systemd unit of its own, without a kubelet.
  @Suite struct OwnUnit {
    private static let unit = "quorate-etcd.service"

    private func founded() async throws -> Operator {
      let someone = try await Lab.blank(.lab(plugins: .ownUnit))
      // Debian's package, which brings etcd's program here, makes this user; a host may have etcd from elsewhere.
      try await Lab.hosts[2].shell("userdel etcd")
      let apply = try await someone.quorate("apply", "--yes")
      try #require(apply.status == 0, "\(apply.everything)")
      return someone
    }

    @Test func `etcd runs as its own user, who can read its keys and no other, and has no rights`() async throws {
      let someone = try await founded()
      let expected = [
        "pki/etcd/ca.key": "600 root:root", "pki/etcd/ca.crt": "644 root:root",
        "pki/etcd/server.key": "600 etcd:etcd", "pki/etcd/server.crt": "644 etcd:etcd",
        "pki/etcd/peer.key": "600 etcd:etcd", "pki/etcd/healthcheck-client.key": "600 root:root",
        "pki/apiserver-etcd-client.key": "600 root:root", "pki/etcd": "755 root:root",
        "kubeadmcfg.yaml": "600 root:root", "quorate": "700 root:root", "quorate/member.json": "600 root:root",
        "quorate/member.unit": "600 root:root", "start-etcd.sh": "755 root:root",
      ]
      for host in Lab.hosts {
        let modes = try await host.modes(below: "/etc/kubernetes /var/lib/etcd -maxdepth 4")
        for (path, mode) in expected where path != "pki/etcd/ca.key" || host.name == "host0" {
          #expect(modes["/etc/kubernetes/" + path] == mode, "\(host.name) \(path)")
        }
        #expect(modes["/var/lib/etcd"] == "700 etcd:etcd")
        let process = try await host.shell(
          "p=$(systemctl show -p MainPID --value \(Self.unit)); stat -c %U /proc/$p; "
            + "grep -E '^(NoNewPrivs|CapBnd|Seccomp):' /proc/$p/status | tr -d '\\t'"
        ).split(separator: "\n")
        #expect(process == ["etcd", "CapBnd:0000000000000000", "NoNewPrivs:1", "Seccomp:2"], "\(process)")
        let unit = try await host.shell("systemctl is-active \(Self.unit); systemctl is-enabled \(Self.unit)")
        #expect(unit == "active\nenabled\n")
        // The score is in docs/plugins.md; 2.0 and better is what systemd calls OK.
        try await host.shell("systemd-analyze security --no-pager --threshold=20 \(Self.unit)")
      }
      try await Lab.hosts[0].shell("! runuser -u etcd -- cat /etc/kubernetes/pki/etcd/ca.key")
      // The kubelet of these hosts is left as it is.
      for host in Lab.hosts {
        try await host.shell("test ! -e /etc/systemd/system/kubelet.service.d/20-etcd-service-manager.conf")
      }
      // Another argument restarts one member after the other.
      try someone.write(
        ClusterFile.lab(plugins: .ownUnit, also: ["etcd: {extraArgs: {snapshot-count: 5000}}"]).text, to: "cluster.yaml"
      )
      let changed = try await someone.quorate("apply", "--yes")
      #expect(changed.status == 0, "\(changed.everything)")
      #expect(changed.output.contains("==> Update, one member at a time"), "\(changed.everything)")
      for host in Lab.hosts {
        let arguments = try await host.shell("tr '\\0' '\\n' < /proc/$(pidof etcd)/cmdline").split(separator: "\n")
        #expect(arguments.contains("--snapshot-count=5000") && arguments.contains("--initial-cluster-state=existing"))
      }
      #expect(try await someone.quorate("plan", "--detailed-exit-code").status == 0)
    }

    @Test func `A key is given back to etcd's user, a new pair belongs to it, and no other file does`() async throws {
      let someone = try await founded()
      let target = Lab.hosts[1]
      let pki = "/etc/kubernetes/pki/etcd"
      let before = try await target.shell(
        "pidof etcd; chown root:root \(pki)/server.key; rm \(pki)/peer.crt; chown etcd: \(pki)/healthcheck-client.key; pidof etcd"
      )
      let verify = try await someone.quorate("verify")
      #expect(verify.status == 1)
      for fault in [
        "server.key  key owner is root:root, not etcd:etcd", "peer.crt  missing",
        "healthcheck-client.key  key owner is etcd:etcd, not root:root",
      ] {
        #expect(verify.output.contains(fault), "\(fault)\n\(verify.everything)")
      }
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      let modes = try await target.modes(below: pki)
      for (name, mode) in [
        "server.key": "600 etcd:etcd", "peer.key": "600 etcd:etcd", "peer.crt": "644 etcd:etcd",
        "healthcheck-client.key": "600 root:root",
      ] {
        #expect(modes["\(pki)/\(name)"] == mode, "\(name)")
      }
      try await target.verifyCertificates()
      // etcd reads its certificates at each handshake: the process is the one of before.
      #expect(try await target.shell("pidof etcd; pidof etcd") == before)
      #expect(try await someone.quorate("plan", "--detailed-exit-code").status == 0)
    }

    @Test func `An operator who is killed in the middle applies again and has a healthy cluster`() async throws {
      let someone = try await Lab.blank(.lab(plugins: .ownUnit))
      for host in Lab.hosts { try await host.shell("userdel etcd") }
      for moment in [
        #""type":"stage-finished","stage":"service""#, #""type":"host-started","stage":"founding""#,
        #""type":"host-finished","stage":"hardening""#,
      ] {
        let killed = try someone.start(["apply", "--yes", "--output", "json"])
        let came = await killed.wrote(moment)
        killed.signal(SIGKILL)
        let ending = await killed.ended()
        try #require(came && ending.status == 128 + SIGKILL, "\(moment) \(ending.everything)")
      }
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try await someone.quorate("plan", "--detailed-exit-code").status == 0)
      #expect(try await someone.quorate("health").status == 0)
    }

    @Test func `Members come back by themselves after a reboot, one alone and all together`() async throws {
      let someone = try await founded()
      try await Lab.call("stop", "host1")
      try await Lab.call("start", "host1")
      while try await someone.quorate("health").status != 0 { try Task.checkCancellation() }
      try await Lab.call("power-cut", "host0", "host1", "host2")
      try await Lab.call("start", "host0", "host1", "host2")
      while try await someone.quorate("health").status != 0 { try Task.checkCancellation() }
      let plan = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(plan.status == 0, "\(plan.everything)")
    }

    @Test(arguments: ["/var/lib/etcd/member", "/var/lib/etcd"])
    func `A member whose data is gone does not start, not by a reboot either`(_ lost: String) async throws {
      let someone = try await founded()
      let target = Lab.hosts[1]
      try await target.shell("systemctl stop \(Self.unit); rm -rf \(lost); ! systemctl start \(Self.unit)")
      let journal = try await target.shell("journalctl -o cat -p err -u \(Self.unit)")
      #expect(journal.contains("refused: the cluster was founded, and /var/lib/etcd holds no data"), "\(journal)")
      let status = try await someone.quorate("status")
      #expect(status.status == 1)
      #expect(status.errorOutput.contains("infra1: the member was not started: the cluster was founded"))
      #expect(status.errorOutput.contains("infra1: the member has lost its data"), "\(status.everything)")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 1)
      #expect(apply.errorOutput.contains("infra1: the member has lost its data"))
      #expect(apply.errorOutput.contains("now: nothing was changed on any host"))
      try await Lab.call("stop", "host1")
      try await Lab.call("start", "host1")
      // systemd does not try again: it is over when it has failed.
      try await target.shell(
        "timeout 60 sh -c 'until systemctl is-failed --quiet \(Self.unit); do :; done'; ! pidof etcd; "
          + "[ \"$(systemctl show -p NRestarts --value \(Self.unit))\" = 0 ]; test ! -e /var/lib/etcd/member")
      let health = try await someone.quorate("health")
      #expect(health.output.contains("quorum 2 of 3, 2 needed"), "\(health.everything)")
    }

    @Test func `A member that was stopped is told by status, and started by apply`() async throws {
      let someone = try await founded()
      try await Lab.hosts[1].shell("systemctl stop \(Self.unit); systemctl disable \(Self.unit)")
      let status = try await someone.quorate("status")
      #expect(status.status == 1)
      #expect(status.errorOutput.contains("infra1: the member does not run"), "\(status.everything)")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try await Lab.hosts[1].shell("systemctl is-enabled \(Self.unit)") == "enabled\n")
      #expect(try await someone.quorate("health").status == 0)
    }

    @Test func `Debian's own etcd on the same ports is refused with what to do about it`() async throws {
      let someone = try await Lab.blank(.lab(plugins: .ownUnit))
      let target = Lab.hosts[0]
      try await target.shell(
        "install -d -o etcd -g etcd /var/lib/etcd; systemctl unmask etcd.service; systemctl enable --now etcd.service")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 1, "\(apply.everything)")
      #expect(
        apply.errorOutput.contains("infra0: etcd.service runs on the host and has the client port 2379"),
        "\(apply.everything)")
      #expect(apply.errorOutput.contains("systemctl disable --now etcd.service"))
      #expect(apply.errorOutput.contains("now: nothing was changed on any host"))
      for host in Lab.hosts { try await host.shell("test ! -e /etc/kubernetes/pki; test ! -e /etc/kubernetes/quorate") }
      try await target.shell("systemctl is-active etcd.service; systemctl disable --now etcd.service")
      let again = try await someone.quorate("apply", "--yes")
      #expect(again.status == 0, "\(again.everything)")
    }
  }
}
