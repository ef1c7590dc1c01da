/// What Core itself must know of every host, whatever the plugins are.
enum CoreProbes {
  static let clock = "core.clock"
  static let user = "core.user"
  static let freeSpace = "core.free-space"
  static let health = "core.health"
  static let members = "core.etcd.members"
  static let status = "core.etcd.status"
  static let alarms = "core.etcd.alarms"
  static let machineIDPath = "/etc/machine-id"

  /// The largest certificate, key or configuration file that is read, in bytes.
  static let fileLimit = 65_536

  static func probes(for host: HostSpec) -> [Probe] {
    let layout = host.layout
    var probes: [Probe] = [
      .command(id: clock, HostCommand(["date", "+%s.%N"], timeoutSeconds: 5)),
      .command(id: user, HostCommand(["id", "-un"], timeoutSeconds: 5)),
      // The nearest folder that exists; the text is a constant, the path an argument.
      .command(
        id: freeSpace,
        HostCommand(
          [
            "sh", "-c", #"p=$1; while [ ! -d "$p" ]; do p=${p%/*}; [ -n "$p" ] || p=/; done; df -Pk -- "$p""#, "sh",
            layout.dataFolder,
          ],
          timeoutSeconds: 5)),
      .file(path: machineIDPath, limit: 256),
      .file(path: "/proc/net/tcp", limit: 1 << 20), .file(path: "/proc/net/tcp6", limit: 1 << 20),
      .file(path: layout.kubernetesFolder, limit: 0), .file(path: layout.pkiFolder, limit: 0),
      .file(path: layout.etcdPKIFolder, limit: 0), .file(path: layout.manifestsFolder, limit: 0),
      .file(path: layout.quorateFolder, limit: 0), .file(path: layout.dataFolder, limit: 0),
      .file(path: layout.kubeadmConfiguration, limit: fileLimit),
      .file(path: layout.memberRecord, limit: fileLimit),
      .file(path: layout.authorityCertificate, limit: fileLimit), .file(path: layout.authorityKey, limit: 0),
      .folder(path: layout.dataFolder + "/member"), .folder(path: layout.manifestsFolder),
      .http(
        id: health, host: host.metricsEndpoint.address.description, port: host.metricsEndpoint.port, path: "/health"),
    ]
    for stage in Stage.ID.allCases { probes.append(.folder(path: layout.stagingFolder(of: stage))) }
    for role in CertificateRole.allCases {
      probes.append(.file(path: layout.certificate(role), limit: fileLimit))
      probes.append(.secretFile(path: layout.key(role), limit: fileLimit))
    }
    for (id, path, body) in [
      (members, "/v3/cluster/member/list", "{}"), (status, "/v3/maintenance/status", "{}"),
      (alarms, "/v3/maintenance/alarm", #"{"action":"GET"}"#),
    ] {
      probes.append(
        .etcd(
          id: id,
          EtcdProbe(
            endpoint: host.clientEndpoint, path: path, body: body, certificate: layout.certificate(.healthcheckClient),
            key: layout.key(.healthcheckClient), authority: layout.authorityCertificate)))
    }
    return probes
  }
}
