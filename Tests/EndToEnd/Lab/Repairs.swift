import Foundation
import Testing

extension OnTheLab {
  /// What somebody changed on a founded cluster is seen and put right.
  @Suite struct Repairs {
    @Test func `What was tampered with is named by verify, and repaired one host at a time`() async throws {
      let someone = try await Lab.founded(altering: true)
      try await Lab.hosts[0].shell("echo '# mine' >> /etc/kubernetes/kubeadmcfg.yaml")
      try await Lab.hosts[1].shell(
        "sed -i s/snapshot-count=10000/snapshot-count=10001/ /etc/kubernetes/manifests/etcd.yaml")
      try await Lab.hosts[2].shell(
        "chmod 644 /etc/kubernetes/pki/etcd/server.key; chown nobody /etc/kubernetes/pki/etcd/peer.crt")
      let verify = try await someone.quorate("verify")
      #expect(verify.status == 1)
      for fault in [
        "kubeadmcfg.yaml  content differs", "manifests/etcd.yaml  content differs",
        "server.key  key mode is 0644, not 0600", "peer.crt  certificate owner is nobody",
      ] {
        #expect(verify.output.contains(fault), "\(fault)\n\(verify.everything)")
      }
      #expect(verify.output.contains("4 of 43 files are not as they should be."), "\(verify.everything)")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(apply.output.contains("==> Update, one member at a time"))
      let order = apply.output.split(separator: "\n").filter { $0.contains("updated, healthy") }
        .compactMap { line in Lab.hosts.first { line.contains($0.member) }?.member }
      #expect(order == ["infra0", "infra1", "infra2"])
      #expect(try await someone.quorate("verify").status == 0)
      #expect(
        try await Lab.hosts[1].shell("tr '\\0' ' ' < /proc/$(pidof etcd)/cmdline").contains("snapshot-count=10000"))
    }

    @Test func `A comment in a manifest is taken out, and no member is restarted for it`() async throws {
      let someone = try await Lab.founded(altering: true)
      let target = Lab.hosts[1]
      let manifest = "/etc/kubernetes/manifests/etcd.yaml"
      // Made elsewhere: of a file that comes and goes beside the manifest, as `sed -i` makes one, the kubelet may take the
      // pod for removed, and restart it.
      let before = try await target.shell(
        "sed '1i # mine' \(manifest) >/etc/kubernetes/mine; chmod 644 /etc/kubernetes/mine; mv /etc/kubernetes/mine \(manifest); pidof etcd"
      )
      let plan = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(plan.status == 2)
      #expect(plan.output.contains("> wait until the member answers that it is healthy"), "\(plan.everything)")
      #expect(!plan.output.contains("restarted"), "\(plan.everything)")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try await target.shell("pidof etcd; grep -c mine \(manifest) || true") == before + "0\n")
      #expect(try await someone.quorate("plan", "--detailed-exit-code").status == 0)
    }

    @Test func `A certificate with a wrong SAN is replaced with its key, and every other one is kept`() async throws {
      let someone = try await Lab.founded(altering: true)
      let target = Lab.hosts[1]
      let authority = try await Lab.hosts[0].shell("cd /etc/kubernetes/pki/etcd; tar c ca.crt ca.key | base64 -w 0")
      try await target.shell(
        """
        cd /run
        echo '\(authority)' | base64 -d | tar x
        printf 'subjectAltName=DNS:infra1,DNS:localhost,IP:127.0.0.1,IP:::1,IP:192.0.2.7\\nextendedKeyUsage=serverAuth,clientAuth\\nkeyUsage=critical,digitalSignature,keyEncipherment\\nbasicConstraints=critical,CA:FALSE\\n' > ext
        openssl req -new -key /etc/kubernetes/pki/etcd/server.key -subj /CN=infra1 -out req
        openssl x509 -req -in req -CA ca.crt -CAkey ca.key -CAcreateserial -days 300 -extfile ext -out /etc/kubernetes/pki/etcd/server.crt
        rm ca.key
        """)
      let before = try await fingerprints()
      let plan = try await someone.quorate("plan")
      #expect(plan.output.contains(target.address) && plan.output.contains("192.0.2.7"), "\(plan.everything)")
      #expect(plan.output.contains("1 certificate to issue, on 1 of 3 hosts"), "\(plan.everything)")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      let after = try await fingerprints()
      let changed = Set(before).symmetricDifference(after).map { String($0.split(separator: " ")[1]) }
      #expect(Set(changed) == ["host1/etcd/server.crt", "host1/etcd/server.key"])
      try await target.verifyCertificates()
      let served = try await target.shell(
        """
        cd /etc/kubernetes/pki/etcd
        openssl s_client -connect \(target.address):2379 -CAfile ca.crt -cert peer.crt -key peer.key </dev/null 2>/dev/null |
          openssl x509 -noout -serial
        openssl x509 -noout -serial -in server.crt
        """
      ).split(separator: "\n")
      #expect(served.count == 2 && served[0] == served[1])
    }

    /// `SHA HOST/PATH` of every key and certificate.
    private func fingerprints() async throws -> [String] {
      var all: [String] = []
      for host in Lab.hosts {
        let sums = try await host.shell("cd /etc/kubernetes/pki; find . -type f | sort | xargs sha256sum")
        all += sums.split(separator: "\n").map { $0.replacingOccurrences(of: "  ./", with: " \(host.name)/") }
      }
      return all
    }
  }
}
