import Foundation
import Testing

extension OnTheLab {
  /// A CA that was there before Quorate.
  @Suite struct Authorities {
    @Test func `A CA that a real kubeadm made on the first host is kept and used`() async throws {
      let someone = try await Lab.blank()
      let first = Lab.hosts[0]
      try await first.shell("kubeadm init phase certs etcd-ca")
      let before = try await first.shell("cd /etc/kubernetes/pki/etcd; sha256sum ca.crt ca.key")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try await first.shell("cd /etc/kubernetes/pki/etcd; sha256sum ca.crt ca.key") == before)
      for host in Lab.hosts { try await host.verifyCertificates() }
      #expect(
        try await Lab.hosts[1].read("/etc/kubernetes/pki/etcd/ca.crt") == first.read("/etc/kubernetes/pki/etcd/ca.crt"))
      #expect(try await Lab.hosts[1].shell("ls /etc/kubernetes/pki/etcd").contains("ca.key") == false)
    }

    @Test func `The operator's own CA signs, and its key comes to no host`() async throws {
      let someone = try await Lab.blank(
        .lab(also: ["ca: {keyAt: operator, certificate: ./ca.crt, key: ./ca.key}"]))
      let made = try await someone.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
        "-subj", "/CN=our-own-ca", "-keyout", "ca.key", "-out", "ca.crt")
      try #require(made.status == 0, "\(made.everything)")
      let key = try someone.read("ca.key")
      let canary = try #require(Canary(privateKey: key))
      let watch = ProcessWatch(for: canary)
      let apply = try await someone.quorate("apply", "--yes")
      #expect(watch.end().found.isEmpty)
      #expect(apply.status == 0, "\(apply.everything)")
      for host in Lab.hosts {
        try await host.verifyCertificates()
        #expect(try await host.read("/etc/kubernetes/pki/etcd/ca.crt") == someone.read("ca.crt"))
      }
      #expect(try await canary.places() == [])
      #expect(!canary.isIn(apply.everything + someone.journals))
      #expect(try someone.read("ca.key") == key)
      let again = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(again.status == 0, "\(again.everything)")
    }

    @Test func `A new CA whose key the operator keeps is made on the operator's side alone`() async throws {
      let someone = try await Lab.blank(
        .lab(also: ["ca: {keyAt: operator, certificate: ./ca.crt, key: ./ca.key}"]))
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      let attributes = try FileManager.default.attributesOfItem(atPath: someone.folder.appending(path: "ca.key").path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      let canary = try #require(Canary(privateKey: try someone.read("ca.key")))
      #expect(try await canary.places() == [])
      let again = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(again.status == 0, "\(again.everything)")
    }

    @Test func `An authority that signs by hand: keys wait on their hosts and nowhere else, also over a killed run`()
      async throws
    {
      let someone = try await Lab.blank(
        .lab(also: [
          "issuer: {plugin: csr, with: {folder: ./requests}}", "ca: {keyAt: issuer, certificate: ./ca.crt}",
        ]))
      let made = try await someone.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
        "-subj", "/CN=our-own-ca", "-keyout", "ca.key", "-out", "ca.crt")
      try #require(made.status == 0, "\(made.everything)")
      let killed = try someone.start(["apply", "--yes", "--output", "json"])
      #expect(await killed.wrote("\"certificate-pending\""))
      killed.signal(SIGKILL)
      _ = await killed.ended()
      // Whoever was killed may leave its lock for a moment; the time limit bounds it.
      var first = try await someone.quorate("apply", "--yes")
      while first.errorOutput.contains("holds the lock") { first = try await someone.quorate("apply", "--yes") }
      #expect(first.status == 75, "\(first.everything)")
      #expect(first.errorOutput.contains("12 certificates are not issued yet"), "\(first.everything)")
      let waiting = "/etc/kubernetes/quorate/pending"
      for host in Lab.hosts {
        let modes = try await host.modes(below: waiting)
        #expect(modes.count == 9, "\(modes)")
        #expect(modes[waiting] == "700 root:root")
        #expect(modes.allSatisfy { $0.key == waiting || $0.value == "600 root:root" }, "\(modes)")
      }
      let key = try await Lab.hosts[1].read(waiting + "/server.key")
      let canary = try #require(Canary(privateKey: key))
      #expect(try await canary.places() == ["host1:\(waiting)/server.key"])

      let signed = try await someone.run(
        "sh", "-ec",
        """
        cd requests
        sed -n 's/^  openssl/openssl/p' REQUESTS.txt |
          sed 's:-CA ca.crt -CAkey ca.key:-CA ../ca.crt -CAkey ../ca.key:' >sign
        sh -e sign
        """)
      try #require(signed.status == 0, "\(signed.everything)")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      for host in Lab.hosts {
        try await host.verifyCertificates()
        #expect(try await host.shell("ls \(waiting)").isEmpty)
      }
      #expect(try await Lab.hosts[1].read("/etc/kubernetes/pki/etcd/server.key") == key)
      #expect(!canary.isIn(first.everything + apply.everything + someone.journals))
      let again = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(again.status == 0, "\(again.everything)")
    }
  }
}

extension LabHost {
  /// Checks by openssl that every certificate on the host was issued by its CA and belongs to its key.
  func verifyCertificates() async throws {
    try await shell(
      """
      cd /etc/kubernetes/pki
      for name in etcd/server etcd/peer etcd/healthcheck-client apiserver-etcd-client; do
        openssl verify -CAfile etcd/ca.crt $name.crt >&2
        [ "$(openssl x509 -noout -pubkey -in $name.crt)" = "$(openssl pkey -pubout -in $name.key)" ]
      done
      """)
  }
}
