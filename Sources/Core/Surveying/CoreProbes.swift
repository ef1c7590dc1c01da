/// What Core itself must know of every host, whatever the plugins are.
enum CoreProbes {
  static let clock = "core.clock"
  static let user = "core.user"
  static let freeSpace = "core.free-space"
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
      .file(path: layout.quorateFolder, limit: 0), .file(path: layout.pendingFolder, limit: 0),
      .file(path: layout.dataFolder, limit: 0),
      .file(path: layout.kubeadmConfiguration, limit: fileLimit),
      .file(path: layout.memberRecord, limit: fileLimit),
      .file(path: layout.authorityCertificate, limit: fileLimit), .file(path: layout.authorityKey, limit: 0),
      .folder(path: layout.dataFolder + "/member"), .folder(path: layout.manifestsFolder),
    ]
    for stage in Stage.ID.own { probes.append(.folder(path: layout.stagingFolder(of: stage))) }
    for role in CertificateRole.allCases {
      probes.append(.file(path: layout.certificate(role), limit: fileLimit))
      probes.append(.secretFile(path: layout.key(role), limit: fileLimit))
      probes.append(.file(path: layout.pendingRequest(role), limit: fileLimit))
      probes.append(.secretFile(path: layout.pendingKey(role), limit: fileLimit))
    }
    // The metrics are a hundred kilobytes; only what needs them asks for them.
    probes += EtcdSurvey.probes(for: host).filter { $0.key != EtcdSurvey.metricsKey }
    return probes
  }
}
