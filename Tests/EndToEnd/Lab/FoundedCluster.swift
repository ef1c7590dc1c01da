import Foundation
import Testing

extension OnTheLab {
  /// What a plain `apply` leaves on the hosts.
  @Suite struct FoundedCluster {
    @Test func `Blank hosts become a healthy cluster of three with one command`() async throws {
      let someone = try await Lab.founded()
      for host in Lab.hosts {
        let health = try await someone.run(Lab.verb("run"), "etcdctl", host.name, "endpoint", "health")
        #expect(health.status == 0, "\(health.everything)")
        let members = try await someone.run(Lab.verb("run"), "etcdctl", host.name, "member", "list")
        #expect(members.output.split(separator: "\n").count == 3)
      }
      let health = try await someone.quorate("health")
      #expect(health.status == 0)
      #expect(health.output.contains("quorum 3 of 3, 2 needed: 1 more may fail"))
      let status = try await someone.quorate("status")
      #expect(status.status == 0)
      #expect(status.output.contains("364 days"))
    }

    @Test func `A second run changes nothing and says so`() async throws {
      let someone = try await Lab.founded()
      let before = try await fingerprints()
      let plan = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(plan.status == 0, "\(plan.everything)")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0)
      #expect(apply.output.contains("No changes: prod is as the configuration describes it."))
      let verify = try await someone.quorate("verify")
      #expect(verify.output.contains("All 43 files are as they should be."), "\(verify.everything)")
      #expect(try await fingerprints() == before)
    }

    @Test func `Every file has the mode and owner that kubeadm gives it`() async throws {
      _ = try await Lab.founded()
      for host in Lab.hosts {
        let modes = try await host.modes(below: "/etc/kubernetes /var/lib/etcd -maxdepth 3")
        for (path, mode) in modes where path.hasPrefix("/etc/kubernetes/pki/") {
          let expected = path.hasSuffix(".key") ? "600" : path.hasSuffix(".crt") ? "644" : "755"
          #expect(mode == expected + " root:root", "\(path)")
        }
        #expect(modes["/etc/kubernetes/kubeadmcfg.yaml"] == "600 root:root")
        #expect(modes["/etc/kubernetes/manifests/etcd.yaml"] == "600 root:root")
        #expect(modes["/etc/kubernetes/quorate"] == "700 root:root")
        #expect(modes["/var/lib/etcd"] == "700 root:root")
        // Nothing is left of the files that waited there.
        #expect(!modes.keys.contains { $0.contains("/staged") })
      }
    }

    @Test func `The CA's key rests on the first host and nowhere else`() async throws {
      let someone = try await Lab.founded()
      let key = try await Lab.hosts[0].read("/etc/kubernetes/pki/etcd/ca.key")
      let canary = try #require(Canary(privateKey: key))
      #expect(try await canary.places() == ["host0:/etc/kubernetes/pki/etcd/ca.key"])
      #expect(!canary.isIn(someone.journals))
    }

    @Test func `A private key rests on its own host, in its own file alone`() async throws {
      _ = try await Lab.founded()
      var keys: [(place: String, canary: Canary)] = []
      for host in Lab.hosts {
        for name in ["etcd/server", "etcd/peer", "etcd/healthcheck-client", "apiserver-etcd-client"] {
          let path = "/etc/kubernetes/pki/\(name).key"
          keys.append(("\(host.name):\(path)", try #require(Canary(privateKey: try await host.read(path)))))
        }
      }
      let places = try await Canary.places(of: keys.map(\.canary))
      for key in keys { #expect(places[key.canary.text] == [key.place]) }
    }

    @Test func `The kubelet's ports are closed to the network, and to strangers on the host`() async throws {
      let someone = try await Lab.founded()
      for host in Lab.hosts {
        for port in ["10250", "10255"] {
          let answer = try await someone.run(
            "timeout", "3", "bash", "-c", "exec 3<>/dev/tcp/$0/$1", host.address, port)
          #expect(answer.status != 0, "\(host.name):\(port) is open to the network")
        }
        let listeners = try await host.shell("ss -Hltn | awk '{ print $4 }'").split(separator: "\n")
        #expect(listeners.filter { $0.hasSuffix(":10250") } == ["127.0.0.1:10250"])
        #expect(!listeners.contains { $0.hasSuffix(":10255") })
        let anonymous = try await host.shell("curl -ks -o /dev/null -w '%{http_code}' https://127.0.0.1:10250/pods")
        #expect(anonymous == "401")
      }
    }

    @Test func `Members run with the live member list, never to be founded again`() async throws {
      _ = try await Lab.founded()
      for host in Lab.hosts {
        let arguments = try await host.shell("tr '\\0' '\\n' < /proc/$(pidof etcd)/cmdline").split(separator: "\n")
        #expect(arguments.contains("--initial-cluster-state=existing"))
        let list = Lab.hosts.map { "\($0.member)=https://\($0.address):2380" }.joined(separator: ",")
        #expect(arguments.contains("--initial-cluster=\(list)"))
        #expect(arguments.contains { $0.hasPrefix("--initial-cluster-token=prod-") })
      }
    }

    private func fingerprints() async throws -> [String] {
      var fingerprints: [String] = []
      for host in Lab.hosts { fingerprints.append(try await host.fingerprint()) }
      return fingerprints
    }
  }
}
