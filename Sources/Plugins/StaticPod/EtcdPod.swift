internal import QuorateCore

/// The manifest of a member's static pod, as kubeadm writes it: keys sorted, scalars as `sigs.k8s.io/yaml` prints
/// them.
struct EtcdPod {
  let form: EtcdPodForm
  let probes: EtcdPodForm.Probes
  let advertisedClientURL: String
  let command: [String]
  let image: String
  let probe: ProbeEndpoint
  let dataFolder: String
  let certificatesFolder: String

  init(member: MemberContext, release: KubernetesRelease) {
    let host = member.host
    form = EtcdPodForm(kubernetes: release.version)
    probes = form.probes(for: member.etcdVersion)
    // kubeadm builds the annotation from the address alone, whatever the arguments say.
    advertisedClientURL = NetworkEndpoint(address: host.address, port: 2379).url()
    let flags = EtcdFlags(of: member, release: release, etcd: member.etcdVersion)
    command = ["etcd"] + flags.commandLine
    image = member.image
    let given = EtcdFlags.overrides(of: member).first { $0.name == "listen-metrics-urls" }
    probe = ProbeEndpoint(metricsURLs: given?.value, loopback: host.address.loopback)
    dataFolder = host.layout.dataFolder
    certificatesFolder = host.layout.etcdPKIFolder
  }

  /// The text of `etcd.yaml`.
  var text: String {
    var manifest = Manifest()
    manifest.line(0, "apiVersion: v1")
    manifest.line(0, "kind: Pod")
    manifest.line(0, "metadata:")
    manifest.line(2, "annotations:")
    manifest.value(4, "kubeadm.kubernetes.io/etcd.advertise-client-urls: ", advertisedClientURL)
    if form.printsCreationTimestamp { manifest.line(2, "creationTimestamp: null") }
    manifest.line(2, "labels:")
    manifest.line(4, "component: etcd")
    manifest.line(4, "tier: control-plane")
    manifest.line(2, "name: etcd")
    manifest.line(2, "namespace: kube-system")
    manifest.line(0, "spec:")
    manifest.line(2, "containers:")
    manifest.line(2, "- command:")
    for argument in command { manifest.value(4, "- ", argument) }
    manifest.value(4, "image: ", image)
    manifest.line(4, "imagePullPolicy: IfNotPresent")
    add(.liveness, to: &manifest)
    manifest.line(4, "name: etcd")
    if form.namesProbePort {
      manifest.line(4, "ports:")
      manifest.line(4, "- containerPort: \(probe.port)")
      manifest.line(4, "  name: probe-port")
      manifest.line(4, "  protocol: TCP")
    }
    if probes == .livez { add(.readiness, to: &manifest) }
    manifest.line(4, "resources:")
    manifest.line(6, "requests:")
    manifest.line(8, "cpu: 100m")
    if form.requestsEphemeralStorage { manifest.line(8, "ephemeral-storage: 100Mi") }
    manifest.line(8, "memory: 100Mi")
    add(.startup, to: &manifest)
    manifest.line(4, "volumeMounts:")
    manifest.value(4, "- mountPath: ", dataFolder)
    manifest.line(4, "  name: etcd-data")
    manifest.value(4, "- mountPath: ", certificatesFolder)
    manifest.line(4, "  name: etcd-certs")
    manifest.line(2, "hostNetwork: true")
    if form.hasPriority { manifest.line(2, "priority: 2000001000") }
    manifest.line(2, "priorityClassName: system-node-critical")
    if form.hasSeccompProfile {
      manifest.line(2, "securityContext:")
      manifest.line(4, "seccompProfile:")
      manifest.line(6, "type: RuntimeDefault")
    }
    manifest.line(2, "volumes:")
    for (name, path) in [("etcd-certs", certificatesFolder), ("etcd-data", dataFolder)] {
      manifest.line(2, "- hostPath:")
      manifest.value(6, "path: ", path)
      manifest.line(6, "type: DirectoryOrCreate")
      manifest.line(4, "name: \(name)")
    }
    manifest.line(0, "status: {}")
    return manifest.text
  }

  /// The kubelet's three questions.
  private enum Question { case liveness, readiness, startup }

  private func add(_ question: Question, to manifest: inout Manifest) {
    let (key, failures, delay, period): (String, Int, Int?, Int) =
      switch question {
      case .liveness: ("livenessProbe", 8, 10, 10)
      case .readiness: ("readinessProbe", 3, nil, 1)
      // kubeadm's wait for a control plane, 4 minutes, in periods of 10 seconds.
      case .startup: ("startupProbe", 24, 10, 10)
      }
    manifest.line(4, "\(key):")
    manifest.line(6, "failureThreshold: \(failures)")
    manifest.line(6, "httpGet:")
    manifest.value(8, "host: ", probe.host)
    manifest.line(8, "path: \(path(question))")
    manifest.line(8, "port: \(form.namesProbePort ? "probe-port" : "\(probe.port)")")
    manifest.line(8, "scheme: \(probe.scheme)")
    if let delay { manifest.line(6, "initialDelaySeconds: \(delay)") }
    manifest.line(6, "periodSeconds: \(period)")
    manifest.line(6, "timeoutSeconds: 15")
  }

  private func path(_ question: Question) -> String {
    switch (probes, question) {
    case (.health, _): "/health"
    case (.serializable, .liveness): "/health?exclude=NOSPACE&serializable=true"
    case (.serializable, _): "/health?serializable=false"
    case (.livez, .liveness): "/livez"
    case (.livez, _): "/readyz"
    }
  }

  /// A text of indented lines.
  private struct Manifest {
    var text = ""

    mutating func line(_ indent: Int, _ line: String) { text += String(repeating: " ", count: indent) + line + "\n" }

    /// A key or a dash, and a scalar behind it; a folded scalar goes on two spaces inside of the key.
    mutating func value(_ indent: Int, _ key: String, _ value: String) {
      // Behind "- name: " the mapping's own indentation counts, which is that of the dash and two more.
      let inner = key.hasPrefix("- ") && key.utf8.count > 2 ? indent + 2 : indent
      let scalar = GoYAML.scalar(value, column: indent + key.unicodeScalars.count, indent: inner + 2)
      line(indent, key + scalar)
    }
  }
}
