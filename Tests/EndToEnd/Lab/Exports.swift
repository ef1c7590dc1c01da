import Foundation
import Testing

extension OnTheLab {
  /// What comes next: a control plane that uses the cluster. The last of the lab's hosts plays its node.
  @Suite struct Exports {
    @Test func `A control plane's kubeadm accepts what is exported, and reaches the cluster with it`() async throws {
      var file = ClusterFile.lab()
      file.hosts = Array(file.hosts.prefix(1))
      let someone = try await Lab.blank(file)
      let node = Lab.hosts[2]
      let apply = try await someone.quorate("apply", "--yes", "--accept-downtime")
      try #require(apply.status == 0, "\(apply.everything)")
      let external = try await someone.quorate("export", "kubeadm")
      #expect(external.status == 0)
      #expect(external.output.contains("    - https://\(Lab.hosts[0].address):2379\n"))

      // Before the files are there, its preflight says so; so it looks.
      let without = try await preflight(node, external.output)
      #expect(without.contains("ExternalEtcd") || without.contains("apiserver-etcd-client"), "\(without)")
      let export = try await someone.quorate("export", "certs", "--to-hosts", "ubuntu@\(node.address)")
      #expect(export.status == 0, "\(export.everything)")
      let modes = try await node.modes(below: "/etc/kubernetes/pki")
      #expect(modes["/etc/kubernetes/pki/apiserver-etcd-client.key"] == "600 root:root")
      #expect(modes["/etc/kubernetes/pki/apiserver-etcd-client.crt"] == "644 root:root")
      #expect(modes["/etc/kubernetes/pki/etcd/ca.crt"] == "644 root:root")
      #expect(modes.count == 5, "\(modes)")
      let accepted = try await preflight(node, external.output)
      #expect(!accepted.contains("ExternalEtcd"), "\(accepted)")
      #expect(accepted.contains("preflight"), "\(accepted)")
      // It did ask: where nobody listens it says so.
      let astray = try await preflight(node, external.output.replacing(":2379", with: ":2378"))
      #expect(astray.contains("ExternalEtcdVersion"), "\(astray)")
      let direct = try await node.shell(
        """
        cd /etc/kubernetes/pki
        ETCDCTL_API=3 etcdctl --endpoints https://\(Lab.hosts[0].address):2379 --cacert etcd/ca.crt \
          --cert apiserver-etcd-client.crt --key apiserver-etcd-client.key endpoint health 2>&1
        """)
      #expect(direct.contains("is healthy"))

      let again = try await someone.quorate("export", "certs", "--to-hosts", "ubuntu@\(node.address)")
      #expect(again.status == 0 && again.output.contains("No changes"), "\(again.everything)")
      try await node.shell("echo mine > /etc/kubernetes/pki/apiserver-etcd-client.crt")
      let refused = try await someone.quorate("export", "certs", "--to-hosts", "ubuntu@\(node.address)")
      #expect(refused.status == 1)
      #expect(refused.errorOutput.contains("--replace") && refused.errorOutput.contains("apiserver-etcd-client.crt"))
      #expect(try await node.read("/etc/kubernetes/pki/apiserver-etcd-client.crt") == "mine\n")
      let replaced = try await someone.quorate(
        "export", "certs", "--replace", "--to-hosts", "ubuntu@\(node.address)")
      #expect(replaced.status == 0, "\(replaced.everything)")

      // The key is where it is used, and nowhere else: no copy, no journal, no log.
      let key = try await Lab.hosts[0].read("/etc/kubernetes/pki/apiserver-etcd-client.key")
      let canary = try #require(Canary(privateKey: key))
      #expect(
        try await canary.places() == [
          "host0:/etc/kubernetes/pki/apiserver-etcd-client.key",
          "host2:/etc/kubernetes/pki/apiserver-etcd-client.key",
        ])
      #expect(!canary.isIn(someone.journals + export.everything))
      let local = try await someone.quorate("export", "certs", "--to", "pki")
      #expect(local.status == 0, "\(local.everything)")
      let copy = someone.folder.appending(path: "pki/apiserver-etcd-client.key").path
      #expect(try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? Int == 0o600)
      #expect(try someone.read("pki/apiserver-etcd-client.key") == key)
    }

    /// What the node's kubeadm says before it would make a control plane.
    private func preflight(_ node: LabHost, _ external: String) async throws -> String {
      let configuration =
        external + """
          kubernetesVersion: v1.20.2
          ---
          apiVersion: kubeadm.k8s.io/v1beta2
          kind: InitConfiguration
          nodeRegistration: {criSocket: /run/containerd/containerd.sock}
          localAPIEndpoint: {advertiseAddress: \(node.address)}

          """
      return try await node.shell(
        """
        cat > /root/control-plane.yaml <<'END'
        \(configuration)END
        timeout 100 kubeadm init phase preflight --config /root/control-plane.yaml --ignore-preflight-errors=all 2>&1 ||
          echo "status $?"
        """)
    }
  }

  /// Hosts without a registry.
  @Suite struct Images {
    @Test func `Images that a host lacks are named, brought, and seen to be there`() async throws {
      let someone = try await Lab.blank()
      let images = ["k8s.gcr.io/etcd:3.4.13-0", "k8s.gcr.io/pause:3.2"]
      let present = try await someone.quorate("images", "--detailed-exit-code")
      #expect(present.status == 0, "\(present.everything)")
      for image in images { #expect(present.output.contains(image), "\(present.everything)") }
      #expect(present.output.split(separator: "\n").filter { $0.hasSuffix("present") }.count == 6)

      try await Lab.hosts[0].shell(
        "cd /root; ctr -n k8s.io images export etcd.tar \(images[0]); ctr -n k8s.io images export pause.tar \(images[1])"
      )
      let folder = Lab.hosts[0].disk + "/root"
      try await Lab.hosts[1].shell("ctr -n k8s.io images rm --sync \(images[0]) >&2")
      let missing = try await someone.quorate("images", "--detailed-exit-code")
      #expect(missing.status == 2, "\(missing.everything)")
      #expect(missing.output.contains("missing"))
      let other = try await someone.quorate("images", "load", folder + "/pause.tar")
      #expect(other.status == 1)
      #expect(other.errorOutput.contains("infra1 still has no \(images[0])"), "\(other.everything)")
      let nonsense = try await someone.quorate("images", "load", "cluster.yaml")
      #expect(nonsense.status == 1)
      #expect(nonsense.errorOutput.contains("does not take the archive"), "\(nonsense.everything)")
      let load = try await someone.quorate("images", "load", folder + "/etcd.tar", "--hosts", "infra1", "infra2")
      #expect(load.status == 0, "\(load.everything)")
      #expect(load.output.contains("infra1     images loaded"), "\(load.everything)")
      #expect(!load.output.contains("infra2     images loaded"))
      let again = try await someone.quorate("images", "load", folder + "/etcd.tar", "--output", "json")
      #expect(again.status == 0 && again.output.contains(#""outcome":"done""#), "\(again.everything)")
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
    }
  }
}
