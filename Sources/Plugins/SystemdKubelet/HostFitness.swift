internal import QuorateCore

/// What keeps a host from running etcd's static pod under its own kubelet, and what is worth knowing.
struct HostFitness {
  let member: MemberContext
  let settings: KubeletSettings
  let host: KubeletHost

  /// The findings, the gravest first.
  var findings: [Finding] { foreignKubelet + missing + unfit + worthKnowing }

  private func finding(
    _ severity: Finding.Severity, _ code: String, _ what: String, why: String = "", fix: String = ""
  ) -> Finding {
    Finding(severity, code: code, host: member.host.name, what: what, why: why, fix: fix)
  }

  /// A kubelet that is somebody else's: it is never turned into a standalone one.
  private var foreignKubelet: [Finding] {
    var found: [Finding] = []
    let evidence = host.nodeFiles + [host.process?.kubeconfig].compactMap(\.self)
    if let first = evidence.first {
      found.append(
        finding(
          .error, "host.kubernetes-node", "the host is a node of a Kubernetes cluster: \(first) is there",
          why: "etcd's kubelet runs without an API server; turning this one around would kill the node",
          fix: "use another host, or take it out of its cluster first (kubeadm reset)"))
    }
    let strangers = host.manifests.filter { $0 != "etcd.yaml" }
    if !strangers.isEmpty {
      let folder = member.host.layout.manifestsFolder
      found.append(
        finding(
          .error, "host.other-static-pods",
          "\(folder) has other files than etcd.yaml: \(strangers.prefix(5).joined(separator: ", "))",
          why: "the kubelet runs every file there whose name does not begin with a dot, copies and backups too",
          fix: "move them out of \(folder); if they are pods of a control plane, use another host"))
    }
    return found
  }

  private var missing: [Finding] {
    guard let unit = host.unit else {
      return [
        finding(
          .error, "host.no-systemd", "systemd does not answer on the host", why: "it runs the kubelet",
          fix: "use a host with systemd, or the service manager `process`")
      ]
    }
    switch unit.loadState {
    case "masked":
      return [
        finding(
          .error, "host.kubelet-masked", "kubelet.service is masked",
          fix: "systemctl unmask kubelet.service, if nobody masked it on purpose")
      ]
    case "not-found":
      return [
        finding(
          .error, "host.no-kubelet", "the host has no kubelet.service",
          fix: "install the kubelet's package, v\(member.kubernetesVersion.minorText)")
      ]
    default: break
    }
    if host.kubelet == nil || host.version == nil {
      return [
        finding(
          .error, "host.no-kubelet", "\(settings.kubelet ?? "the kubelet") does not say its version",
          why: "the version decides which flags it takes",
          fix: "check `kubelet --version` there, or name the program: serviceManager.with.kubelet")
      ]
    }
    return []
  }

  private var unfit: [Finding] {
    var found: [Finding] = []
    if member.host.root != nil {
      found.append(
        finding(
          .error, "host.root", "the host has a root of its own, \(member.host.layout.root)",
          why: "systemd has one root only", fix: "remove `root`, or use the service manager `process`"))
    }
    if let runtime = host.runtime, !host.hasRuntimeSocket {
      found.append(
        finding(
          .error, "host.no-runtime", "\(runtime.socket) is not there", why: "the kubelet starts etcd through it",
          fix: "start the container runtime, or correct serviceManager.with.runtimeEndpoint"))
    } else if host.runtime == nil {
      let sockets = ContainerRuntime.sockets.map(\.path).joined(separator: ", ")
      found.append(
        finding(
          .error, "host.no-runtime", "no container runtime listens on \(sockets)",
          why: "the kubelet starts etcd through one; containerd with its CRI plugin switched off does not count",
          fix: "start one, or name its endpoint: serviceManager.with.runtimeEndpoint"))
    }
    if host.hasSwap && settings.failsOnSwap {
      found.append(
        finding(
          .error, "host.swap", "swap is on", why: "the kubelet does not start on such a host",
          fix: "swapoff -a and take it out of /etc/fstab, or set serviceManager.with.failSwapOn to false"))
    }
    if let version = host.version, version >= Version(1, 35), !host.hasCgroupV2 {
      found.append(
        finding(
          .error, "host.cgroup-v1", "the host has cgroup v1", why: "the kubelet refuses it since 1.35",
          fix: "boot with systemd.unified_cgroup_hierarchy=1, or use an older kubelet"))
    }
    for path in host.laterExecStarts {
      found.append(
        finding(
          .error, "host.drop-in-wins", "\(path) sets ExecStart and comes after \(KubeletFiles.dropInName)",
          why: "systemd takes the last one, so the kubelet would not run as it should",
          fix: "remove that file, or rename it so that it sorts before"))
    }
    return found
  }

  private var worthKnowing: [Finding] {
    var found: [Finding] = []
    if let version = host.version, version != member.kubernetesVersion {
      let isOtherMinor = version.minorText != member.kubernetesVersion.minorText
      found.append(
        finding(
          isOtherMinor ? .warning : .note, "kubelet.version",
          "the kubelet is v\(version), the configuration says v\(member.kubernetesVersion)",
          why: "the kubelet's own version decides its flags and its configuration"))
    }
    if host.hasImage == false {
      found.append(
        finding(
          .warning, "host.no-image", "the image \(member.image) is not on the host",
          why: "the kubelet will pull it, which takes its time and needs the registry",
          fix: "pull or import it beforehand: ctr -n k8s.io images pull \(member.image)"))
    }
    return found
  }
}
