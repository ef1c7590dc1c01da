import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct KubeadmInventoryTests {
  private func read(_ files: [(String, String)]) -> Inventory {
    KubeadmInventory.read(
      files.map { KubeadmInventory.File(name: $0, bytes: Array($1.utf8)) },
      surroundings: InventoryFixtures.surroundings)
  }

  private static let cluster =
    "infra0=https://10.0.0.6:2380,infra1=https://10.0.0.7:2380,infra2=https://10.0.0.8:2380"

  /// The guide's file since v1beta2's time: no InitConfiguration.
  private func old(_ number: Int, more: String = "") -> (String, String) {
    let address = "10.0.0.\(6 + number)"
    return (
      "HOST\(number)/kubeadmcfg.yaml",
      """
      apiVersion: "kubeadm.k8s.io/v1beta2"
      kind: ClusterConfiguration
      etcd:
          local:
              serverCertSANs:
              - "\(address)"
              peerCertSANs:
              - "\(address)"
              extraArgs:
                  initial-cluster: \(Self.cluster)
                  initial-cluster-state: new
                  name: infra\(number)
                  listen-peer-urls: https://\(address):2380
                  listen-client-urls: https://\(address):2379
                  advertise-client-urls: https://\(address):2379
                  initial-advertise-peer-urls: https://\(address):2380
      \(more)
      """
    )
  }

  /// The guide's file of today.
  private func new(_ number: Int, more: String = "", arguments: String = "") -> (String, String) {
    let address = "10.0.0.\(6 + number)"
    return (
      "host\(number).yaml",
      """
      ---
      apiVersion: "kubeadm.k8s.io/v1beta4"
      kind: InitConfiguration
      nodeRegistration:
          name: infra\(number)
      localAPIEndpoint:
          advertiseAddress: \(address)
      ---
      apiVersion: "kubeadm.k8s.io/v1beta4"
      kind: ClusterConfiguration
      \(more)
      etcd:
          local:
              serverCertSANs: ["\(address)", etcd.example.com]
              peerCertSANs: ["\(address)"]
              dataDir: /srv/etcd
              extraArgs:
              - {name: initial-cluster, value: "\(Self.cluster)"}
              - {name: name, value: infra\(number)}
              - {name: listen-client-urls, value: "https://\(address):2379,https://127.0.0.1:2379"}
              - {name: listen-metrics-urls, value: "http://127.0.0.1:2399"}
      \(arguments)
      """
    )
  }

  @Test func `The guide's old files give the hosts, and their CA beside is taken over`() throws {
    let inventory = read((0..<3).map { old($0) })
    #expect(
      InventoryFixtures.text(inventory) == "infra0 10.0.0.6\ninfra1 10.0.0.7\ninfra2 10.0.0.8\n",
      "\(text(inventory.findings))")
    #expect(inventory.authority?.key == "HOST0/ca.key")
    let loaded = try #require(InventoryFixtures.written(inventory))
    #expect(loaded.spec?.authority.certificateFile == "/srv/clusters/HOST0/ca.crt")
  }

  @Test func `The guide's new files say more`() throws {
    let more = "kubernetesVersion: v1.31.2\nimageRepository: registry.example.com/k8s"
    let shared = "        - {name: quota-backend-bytes, value: \"8589934592\"}"
    let inventory = read(
      (0..<3).map {
        new($0, more: more, arguments: $0 == 1 ? shared + "\n        - {name: max-wals, value: '7'}" : shared)
      })
    #expect(
      InventoryFixtures.text(inventory) == """
        infra0 10.0.0.6 ports=2379,2380,2399 data=/srv/etcd server=etcd.example.com
        infra1 10.0.0.7 ports=2379,2380,2399 data=/srv/etcd server=etcd.example.com --max-wals=7
        infra2 10.0.0.8 ports=2379,2380,2399 data=/srv/etcd server=etcd.example.com

        """, "\(text(inventory.findings))")
    #expect(inventory.extraArguments == [EtcdArgument(name: "quota-backend-bytes", value: "8589934592")])
    let loaded = try #require(InventoryFixtures.written(inventory))
    let spec = try #require(loaded.spec)
    #expect(spec.kubernetesVersion == Version(1, 31, 2))
    #expect(spec.imageRepository == "registry.example.com/k8s")
    #expect(spec.extraArguments == inventory.extraArguments)
    #expect(spec.hosts[1].extraArguments == [EtcdArgument(name: "max-wals", value: "7")])
    #expect(spec.hosts.map(\.ports.metrics) == [2399, 2399, 2399])
    #expect(spec.hosts[0].serverSANs == ["etcd.example.com"])
  }

  @Test func `One file is enough for the others' addresses`() {
    let inventory = read([new(0)])
    #expect(InventoryFixtures.text(inventory).hasSuffix("infra1 10.0.0.7\ninfra2 10.0.0.8\n"))
    #expect(text(inventory.findings).contains("warning: the file of `infra1` was not named"))
  }

  @Test func `Files of two clusters, of another kind, and what is left out are told`() {
    let strange = (old(1).0, old(1).1.replacing("10.0.0.8:2380", with: "10.0.0.9:2380"))
    #expect(
      text(read([old(0), strange]).findings).contains(
        "HOST1/kubeadmcfg.yaml:10:30: error: `initial-cluster` is not the one of `HOST0/kubeadmcfg.yaml`"))
    let external = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\netcd: {external: {endpoints: []}}\n"
    #expect(text(read([("cp.yaml", external)]).findings).contains("says nothing of the members"))
    #expect(
      text(read([("a.yaml", "apiVersion: quorate/v1\nkind: EtcdCluster\n")]).findings).contains(
        "has no ClusterConfiguration"))
    #expect(
      text(read([("a.yaml", external.replacing("v1beta4", with: "v1alpha3"))]).findings).contains("which is not read"))
    let more = "kubernetesVersion: stable\nnetworking: {dnsDomain: x}"
    let left = text(read([new(0, more: more, arguments: "        - {name: cert-file, value: /x}")]).findings)
    #expect(
      left.contains("`networking` is left out") && left.contains("`kubernetesVersion` is `stable`, which is left out"))
    #expect(left.contains("the argument `cert-file` is left out: `/x`"))
  }
}
