import Foundation
import Testing

extension OnTheLab {
  /// What Quorate writes beside what the host's own kubeadm makes of the same kubeadmcfg.yaml.
  @Suite struct RealKubeadm {
    @Test func `The manifest is kubeadm's to the byte, while the cluster is founded and after`() async throws {
      let someone = try await Lab.blank()
      let stopped = try someone.start(["apply", "--yes", "--output", "json"])
      #expect(await stopped.wrote(#""type":"stage-finished","stage":"founding""#))
      stopped.signal(SIGINT)
      _ = await stopped.ended()
      var states: Set<String> = []
      for host in Lab.hosts { states.insert(try await compareManifest(of: host)) }
      #expect(states.contains("new"))
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      for host in Lab.hosts { #expect(try await compareManifest(of: host) == "existing") }
    }

    /// Leaves of kubeadm before 1.21 have no basicConstraints; ours say CA:FALSE (decision 0005).
    @Test func `Every certificate says what kubeadm's says, with each member's own names`() async throws {
      let someone = try await Lab.blank(.lab(also: ["issuer: {plugin: openssl, with: {keyAlgorithm: RSA-2048}}"]))
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      let authority = try await Lab.hosts[0].shell("cd /etc/kubernetes/pki/etcd; tar c ca.crt ca.key | base64 -w 0")
      for host in Lab.hosts {
        let pairs = try await host.shell(
          """
          show() { openssl x509 -noout -text -in "$1" | grep -vE '^ +([0-9a-f]{2}:)+|Serial Number|Not (Before|After)|Signature Value|Modulus|Basic Constraints|CA:FALSE'; }
          cd /etc/kubernetes/pki
          for name in etcd/server etcd/peer etcd/healthcheck-client apiserver-etcd-client; do show $name.crt > /run/$(basename $name).ours; done
          exec unshare --mount sh -euc '
            mount -t tmpfs tmpfs /etc/kubernetes/pki
            mkdir /etc/kubernetes/pki/etcd
            echo "\(authority)" | base64 -d | tar x -C /etc/kubernetes/pki/etcd
            for phase in etcd-server etcd-peer etcd-healthcheck-client apiserver-etcd-client; do
              kubeadm init phase certs $phase --config /etc/kubernetes/kubeadmcfg.yaml >&2
            done
            cd /etc/kubernetes/pki
            for name in etcd/server etcd/peer etcd/healthcheck-client apiserver-etcd-client; do
              openssl x509 -noout -text -in $name.crt | grep -vE "^ +([0-9a-f]{2}:)+|Serial Number|Not (Before|After)|Signature Value|Modulus|Basic Constraints|CA:FALSE" > /run/$(basename $name).kubeadm
              echo "$(basename $name) $(stat -c %a $name.key) $(stat -c %a $name.crt)"
              diff /run/$(basename $name).ours /run/$(basename $name).kubeadm
              [ "$(head -n 1 $name.key)" = "-----BEGIN RSA PRIVATE KEY-----" ]
            done'
          """)
        #expect(
          pairs.split(separator: "\n") == [
            "server 600 644", "peer 600 644", "healthcheck-client 600 644", "apiserver-etcd-client 600 644",
          ])
        let server = try await host.shell("cat /run/server.ours")
        #expect(server.contains("CN = \(host.member)"))
        #expect(server.contains("DNS:\(host.member), DNS:localhost, IP Address:\(host.address)"))
      }
    }

    /// Compares a host's manifest with the one that its kubeadm makes, where nothing else sees it.
    ///
    /// - Returns: The manifest's `initial-cluster-state`.
    private func compareManifest(of host: LabHost) async throws -> String {
      let theirs = try await host.shell(
        """
        exec unshare --mount sh -euc '
          mount -t tmpfs tmpfs /etc/kubernetes/manifests
          kubeadm init phase etcd local --config /etc/kubernetes/kubeadmcfg.yaml >&2
          cat /etc/kubernetes/manifests/etcd.yaml'
        """)
      let ours = try await host.read("/etc/kubernetes/manifests/etcd.yaml")
      #expect(ours == theirs, "\(host.name)")
      return try String(#require(ours.firstMatch(of: /--initial-cluster-state=(\w+)/)).output.1)
    }
  }
}
