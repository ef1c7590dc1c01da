/// A cluster.yaml: the parts that scenarios differ in.
struct ClusterFile: Sendable {
  var name = "prod"
  /// Flow mappings, one a host.
  var hosts: [String]
  /// What stands under `spec` besides the hosts, a line each, indented by two blanks.
  var spec: [String]
  /// What stands behind `spec`, as it is.
  var rest = ""

  var text: String {
    """
    apiVersion: quorate/v1
    kind: EtcdCluster
    metadata: {name: \(name)}
    spec:
      kubernetesVersion: v1.20.2
      hosts:
    \(hosts.map { "    - \($0)" }.joined(separator: "\n"))
    \(spec.map { "  " + $0 }.joined(separator: "\n"))
    \(rest)
    """
  }

  /// The lab's hosts over SSH, with the kubelet and static pods, as in the guide, or with other plugins.
  ///
  /// - Parameters:
  ///   - plugins: The transport, the service manager and the manifest writer.
  ///   - user: The login name.
  ///   - key: The name of a private key in the lab's cache.
  ///   - knownHosts: The name of a file in the running lab's folder, or a path.
  static func lab(
    plugins: PluginChoices = .guide, user: String = "ubuntu", key: String = "id_ed25519", knownHosts: String? = nil,
    also settings: [String] = [],
    addresses: [String]? = nil
  ) -> ClusterFile {
    let known = knownHosts ?? Lab.folder + "/known_hosts"
    // Nothing of whoever runs the tests counts: neither their agent nor their ssh_config.
    let own =
      plugins.transport == "openssh"
      ? "configFile: none, options: [UserKnownHostsFile=\(known)]" : "agent: false, knownHosts: \(known)"
    return ClusterFile(
      hosts: zip(Lab.hosts, addresses ?? Lab.hosts.map(\.address)).map { "{name: \($0.member), address: \"\($1)\"}" },
      spec: [
        "transport: {plugin: \(plugins.transport), with: {user: \(user), identityFile: \(Lab.cache)/\(key), "
          + "become: sudo, \(own)}}",
        "serviceManager: {plugin: \(plugins.serviceManager)}", "manifestWriter: {plugin: \(plugins.manifestWriter)}",
      ] + settings)
  }

  /// Members on this machine, as the demo has them, on ports that are free now.
  static func laptop(ports: [Int]) -> ClusterFile {
    ClusterFile(
      name: "laptop",
      hosts: stride(from: 0, to: ports.count, by: 3).map { first in
        "{name: infra\(first / 3), address: 127.0.0.1, root: ./infra\(first / 3), ports: {client: \(ports[first]), "
          + "peer: \(ports[first + 1]), metrics: \(ports[first + 2])}}"
      },
      spec: [
        "transport: {plugin: local}", "serviceManager: {plugin: process}", "manifestWriter: {plugin: unit-file}",
      ])
  }
}
