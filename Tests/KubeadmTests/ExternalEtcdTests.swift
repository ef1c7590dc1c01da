import QuorateTesting
import Testing

@testable import QuorateCore

@Suite struct ExternalEtcdTests {
  private func spec(_ addresses: [String]) throws -> ClusterSpec {
    let hosts = try addresses.enumerated().map { HostSpec(name: "infra\($0)", address: try #require(IPAddress($1))) }
    return ClusterSpec(
      name: "prod", kubernetesVersion: Version(1, 20, 2), hosts: hosts, transport: PluginChoice("t"),
      issuer: PluginChoice("i"), serviceManager: PluginChoice("s"), manifestWriter: PluginChoice("m"))
  }

  @Test(arguments: [(20, "v1beta2"), (22, "v1beta3"), (30, "v1beta3"), (31, "v1beta4"), (37, "v1beta4")])
  func `It is written in the API version of the control plane's kubeadm`(_ minor: Int, _ api: String) throws {
    let external = ExternalEtcd(of: try spec(["10.0.0.6"]), kubeadm: Version(1, minor, 0))
    #expect(external.text.hasPrefix("apiVersion: kubeadm.k8s.io/\(api)\nkind: ClusterConfiguration\n"))
  }

  @Test func `Endpoints and files are those of the guide`() throws {
    let external = ExternalEtcd(of: try spec(["10.0.0.6", "fd00::7"]), kubeadm: Version(1, 20, 2))
    #expect(
      external.text == """
        apiVersion: kubeadm.k8s.io/v1beta2
        kind: ClusterConfiguration
        etcd:
          external:
            endpoints:
            - https://10.0.0.6:2379
            - https://[fd00::7]:2379
            caFile: /etc/kubernetes/pki/etcd/ca.crt
            certFile: /etc/kubernetes/pki/apiserver-etcd-client.crt
            keyFile: /etc/kubernetes/pki/apiserver-etcd-client.key

        """)
  }
}
