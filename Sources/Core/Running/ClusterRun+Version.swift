extension ClusterRun {
  /// The Kubernetes version, asked of the connected hosts' kubeadm where the configuration names none.
  ///
  /// - Returns: The version, nil where an error is among the findings; and what was found.
  public func hostsVersion() async -> (version: Version?, findings: [Finding]) {
    let findings = settings.spec.kubernetesVersion == nil ? await askVersion() : []
    return (settings.spec.kubernetesVersion, findings)
  }

  /// Asks the hosts' kubeadm for the Kubernetes version, where the configuration names none. It costs a round trip a
  /// host, before the survey: what a survey asks for follows the version (an image, a kubeadm's manifest).
  ///
  /// - Returns: What was found; with an error among it the version is still unknown.
  func askVersion() async -> [Finding] {
    let spec = settings.spec
    let hosts = spec.hosts.filter { session(of: $0.name) != nil }
    let (toolkit, clock) = (settings.toolkit, settings.wallClock)
    let answers = await forEachHost(hosts) { [sessions] host -> Result<Version?, RunFailure> in
      guard let session = sessions[host.name] else { return .failure(RunFailure.notConnected(host)) }
      do {
        let observed = try await Survey([HostKubeadm.probe]).observe(session, toolkit: toolkit, wallClock: clock)
        return .success(HostKubeadm.version(in: observed.answers))
      } catch { return .failure(RunFailure(error, doing: "ask the kubeadm of", host: host)) }
    }
    // Who did not answer fails in the survey as well, and is told there.
    let said = zip(hosts, answers).compactMap { host, answer in
      if case .success(let version) = answer { (host: host.name, version: version) } else { nil }
    }
    guard !said.isEmpty else { return [] }
    let versions = HostVersions(said)
    guard let version = versions.version else { return versions.findings }
    resolve(version)
    let evidence = spec.letsKubeadmWrite ? nil : KubernetesRelease(version)?.evidenceFinding
    return versions.findings + [evidence].compactMap(\.self)
  }
}
