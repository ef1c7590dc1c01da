import Foundation
import Testing

extension OnTheLab {
  /// Hosts whose own kubeadm writes the manifest, decides the version, or has made certificates already.
  @Suite struct OwnKubeadm {
    private static let kubeadm = ClusterFile.lab(plugins: PluginChoices("ssh", "systemd-kubelet", "kubeadm")).text
    private static let versionLine = "  kubernetesVersion: v1.20.2\n"

    @Test func `What kubeadm writes is what static-pod writes: one line changed, nothing to do`() async throws {
      let someone = try await Lab.blank()
      try someone.write(Self.kubeadm, to: "cluster.yaml")
      var before: [String] = []
      for host in Lab.hosts { before.append(try await state(of: host)) }
      let first = try await someone.quorate("plan", "--diff")
      #expect(first.status == 0, "\(first.everything)")
      #expect(first.output.contains("+     - --initial-cluster-state=new"), "\(first.everything)")
      // kubeadm ran on every host, and left nothing there.
      for (host, state) in zip(Lab.hosts, before) { #expect(try await self.state(of: host) == state) }
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      var manifests: [String] = []
      for host in Lab.hosts { manifests.append(try await host.read("/etc/kubernetes/manifests/etcd.yaml")) }
      #expect(manifests.allSatisfy { $0.contains("--initial-cluster-state=existing") })
      let again = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(again.status == 0, "\(again.everything)")
      try someone.write(ClusterFile.lab().text, to: "cluster.yaml")
      let other = try await someone.quorate("plan", "--detailed-exit-code")
      #expect(other.status == 0, "\(other.everything)")
      #expect(other.output.contains("No changes"))
    }

    @Test func `Without a version in the configuration the hosts' kubeadm decide, and must agree`() async throws {
      let someone = try await Lab.blank()
      try someone.write(
        ClusterFile.lab().text.replacing(Self.versionLine, with: ""), to: "cluster.yaml")
      let plan = try await someone.quorate("plan")
      #expect(plan.status == 0, "\(plan.everything)")
      #expect(plan.output.contains("Kubernetes v1.20.2, as kubeadm on the hosts says"))
      try await Lab.hosts[1].shell(
        "printf '#!/bin/sh\\necho v1.20.4\\n' > /usr/local/bin/kubeadm; chmod 755 /usr/local/bin/kubeadm")
      let refused = try await someone.quorate("plan")
      #expect(refused.status == 1, "\(refused.everything)")
      #expect(
        refused.errorOutput.contains("different versions: infra0 v1.20.2, infra1 v1.20.4, infra2 v1.20.2"),
        "\(refused.everything)")
      // Looking needs no version.
      let health = try await someone.quorate("health")
      #expect(!health.errorOutput.contains("kubernetesVersion"), "\(health.everything)")
      // The same two hosts, and one without, for the writer that needs kubeadm.
      try await Lab.hosts[2].shell(
        "printf '#!/bin/sh\\nexit 127\\n' > /usr/local/bin/kubeadm; chmod 755 /usr/local/bin/kubeadm")
      try someone.write(Self.kubeadm, to: "cluster.yaml")
      let unfit = try await someone.quorate("plan")
      #expect(unfit.status == 1)
      #expect(unfit.errorOutput.contains("infra1: the host's kubeadm is v1.20.4, the configuration says v1.20.2"))
      #expect(
        unfit.errorOutput.contains("infra2: the host has no kubeadm that says its version"), "\(unfit.everything)")
      #expect(unfit.errorOutput.contains("install kubeadm v1.20.2 on the host"))
    }

    @Test func `Certificates that kubeadm made are kept where they are right, and replaced where they are not`()
      async throws
    {
      let someone = try await Lab.blank(.lab(also: ["issuer: {plugin: openssl, with: {keyAlgorithm: RSA-2048}}"]))
      let first = Lab.hosts[0]
      try await first.shell(
        """
        cat > /root/kubeadmcfg.yaml <<END
        apiVersion: kubeadm.k8s.io/v1beta2
        kind: InitConfiguration
        nodeRegistration: {name: \(first.member)}
        localAPIEndpoint: {advertiseAddress: \(first.address)}
        ---
        apiVersion: kubeadm.k8s.io/v1beta2
        kind: ClusterConfiguration
        kubernetesVersion: v1.20.2
        etcd: {local: {serverCertSANs: [\(first.address)], peerCertSANs: [\(first.address)]}}
        END
        for phase in etcd-ca etcd-server etcd-peer etcd-healthcheck-client apiserver-etcd-client; do
          kubeadm init phase certs $phase --config /root/kubeadmcfg.yaml >&2
        done
        """)
      // As the old guide had it: the first host's certificates on another host.
      let pairs = try await first.shell("cd /etc/kubernetes; tar c --exclude=ca.key pki | base64 -w 0")
      try await Lab.hosts[1].shell("mkdir -p /etc/kubernetes; echo '\(pairs)' | base64 -d | tar x -C /etc/kubernetes")
      let before = try await sums(of: first)
      let copied = try await sums(of: Lab.hosts[1])
      let plan = try await someone.quorate("plan")
      #expect(plan.status == 0, "\(plan.everything)")
      // Two for the host with the first one's names, four for the host with none.
      #expect(plan.output.contains("6 certificates to issue"), "\(plan.everything)")
      #expect(plan.output.contains("infra0") && plan.output.contains("infra1"))
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try await sums(of: first) == before)
      let after = try await sums(of: Lab.hosts[1])
      let changed = Set(copied).subtracting(after).map { String($0.split(separator: " ").last ?? "") }
      #expect(
        changed.sorted() == ["./etcd/peer.crt", "./etcd/peer.key", "./etcd/server.crt", "./etcd/server.key"])
      for host in Lab.hosts { try await host.verifyCertificates() }
      #expect(try await someone.quorate("plan", "--detailed-exit-code").status == 0)
    }

    /// What a probe must leave alone.
    private func state(of host: LabHost) async throws -> String {
      try await host.shell(
        "find /etc/kubernetes /var/lib/etcd /run -maxdepth 2 ! -path '/run/systemd*' ! -path '/run/user*' ! -path "
          + "'/run/sudo*' ! -path '/run/udev*' ! -path '/run/containerd*' 2>/dev/null | sort; grep -c . /proc/mounts")
    }

    private func sums(of host: LabHost) async throws -> [String] {
      try await host.shell("cd /etc/kubernetes/pki; find . -type f | sort | xargs sha256sum").split(separator: "\n")
        .map(String.init)
    }
  }
}
