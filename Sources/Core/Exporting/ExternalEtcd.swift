/// The part of a control plane's `ClusterConfiguration` that tells its kubeadm of this cluster: `etcd.external`.
///
/// Source: kubernetes `cmd/kubeadm/app/apis/kubeadm/v1beta2`, `v1beta3`, `v1beta4` (`ExternalEtcd`), whose fields are
/// the same in all three.
public struct ExternalEtcd: Sendable, Hashable {
  /// The API version that the control plane's kubeadm takes.
  public let api: KubeadmAPI
  /// The members' client URLs, in the configuration's order.
  public let endpoints: [String]
  /// Where the files are on a control-plane node.
  public let layout: HostLayout

  /// Describes a cluster.
  ///
  /// - Parameters:
  ///   - spec: The cluster.
  ///   - kubeadm: The version of the control plane's kubeadm.
  public init(of spec: ClusterSpec, kubeadm: Version) {
    api = .taken(by: kubeadm)
    endpoints = spec.hosts.map(\.clientURL)
    layout = HostLayout()
  }

  /// The CA's certificate on a control-plane node.
  public var authorityFile: String { layout.authorityCertificate }
  /// The kube-apiserver's certificate there.
  public var certificateFile: String { layout.certificate(.apiserverEtcdClient) }
  /// Its key there.
  public var keyFile: String { layout.key(.apiserverEtcdClient) }

  /// The YAML document.
  public var text: String {
    var lines = ["apiVersion: \(api.rawValue)", "kind: ClusterConfiguration", "etcd:", "  external:", "    endpoints:"]
    lines += endpoints.map { "    - \(GoYAML.quoted($0))" }
    lines += ["    caFile: \(authorityFile)", "    certFile: \(certificateFile)", "    keyFile: \(keyFile)"]
    return lines.joined(separator: "\n") + "\n"
  }
}
