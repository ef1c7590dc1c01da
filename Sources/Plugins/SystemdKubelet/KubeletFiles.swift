internal import QuorateCore

/// The drop-in of `kubelet.service`, the kubelet's configuration file, and the command line that results.
///
/// Sources: the kubeadm guide "Set up a High Availability etcd cluster with kubeadm", step 1, as it was in 2018
/// (kubernetes/website 9227), since 2022 (31287) and since 2023 (41560, 41714); kubernetes
/// `pkg/kubelet/apis/config`; kubernetes/website 41401 for the flag `--container-runtime`, which went with 1.27.
struct KubeletFiles: Equatable {
  /// The drop-in's name: it sorts behind kubeadm's `10-kubeadm.conf`, whichever folder that is in.
  static let dropInName = "20-etcd-service-manager.conf"
  static let dropInFolder = "/etc/systemd/system/kubelet.service.d"
  /// The variable that names the configuration the kubelet was started with: the kubelet reads its file only then.
  static let variable = "QUORATE_KUBELET_CONFIG"

  /// Every path that may be written on a host, and the drop-ins' folder.
  static func paths(_ layout: HostLayout) -> [String] {
    [
      configuration(layout), layout.path(dropInFolder), layout.path(dropInFolder + "/" + dropInName),
      layout.path(dropInFolder + "/kubelet.conf"),
    ]
  }

  private static func configuration(_ layout: HostLayout) -> String { layout.quorateFolder + "/kubelet.yaml" }

  /// The program and its arguments.
  let command: [String]
  /// The configuration's fingerprint in the environment; nil in the guide's form.
  let fingerprint: String?
  /// The files, in the order in which they are written.
  let files: [DesiredFile]

  init(
    settings: KubeletSettings, kubelet: String, version: Version, endpoint: String,
    driver: KubeletSettings.CgroupDriver, layout: HostLayout
  ) {
    let dropIn = layout.path(Self.dropInFolder + "/" + Self.dropInName)
    switch settings.form {
    case .quorate:
      let path = Self.configuration(layout)
      let text = Self.configuration(
        settings: settings, version: version, endpoint: endpoint, driver: driver, manifests: layout.manifestsFolder)
      var arguments = ["--config=\(path)"]
      if version < Version(1, 27) {
        arguments += ["--container-runtime=remote", "--container-runtime-endpoint=\(endpoint)"]
      }
      command = [kubelet] + arguments
      let fingerprint = Self.fingerprint(of: text)
      self.fingerprint = fingerprint
      files = [
        DesiredFile(path: path, mode: 0o644, text: text),
        DesiredFile(
          path: dropIn, mode: 0o644,
          text: Self.dropIn(command: command, environment: [(Self.variable, fingerprint)] + settings.environment)),
      ]
    case .guide:
      fingerprint = nil
      if version < Version(1, 27) {
        command = [kubelet] + Self.guideFlags(version, endpoint: endpoint, driver: driver, layout: layout)
        files = [
          DesiredFile(
            path: dropIn, mode: 0o644, text: Self.dropIn(command: command, environment: settings.environment))
        ]
      } else {
        let path = layout.path(Self.dropInFolder + "/kubelet.conf")
        command = [kubelet, "--config=\(path)"]
        files = [
          DesiredFile(
            path: path, mode: 0o644,
            text: Self.guideConfiguration(endpoint: endpoint, driver: driver, manifests: layout.manifestsFolder)),
          DesiredFile(
            path: dropIn, mode: 0o644, text: Self.dropIn(command: command, environment: settings.environment)),
        ]
      }
    }
  }

  /// The guide's flags: `--allow-privileged` until the kubelet lost it in 1.15, then the cgroup driver, and the
  /// runtime's endpoint since dockershim's end was in sight.
  static func guideFlags(
    _ version: Version, endpoint: String, driver: KubeletSettings.CgroupDriver, layout: HostLayout
  ) -> [String] {
    let common = ["--address=127.0.0.1", "--pod-manifest-path=\(layout.manifestsFolder)"]
    guard version >= Version(1, 15) else { return common + ["--allow-privileged=true"] }
    return common + [
      "--cgroup-driver=\(driver.rawValue)", "--container-runtime=remote", "--container-runtime-endpoint=\(endpoint)",
    ]
  }

  private static func configuration(
    settings: KubeletSettings, version: Version, endpoint: String, driver: KubeletSettings.CgroupDriver,
    manifests: String
  ) -> String {
    var lines = [
      "# The kubelet of an etcd host: no API server, static pods only, nothing open to the network.",
      "# Quorate writes this file; change its configuration instead.",
      "apiVersion: kubelet.config.k8s.io/v1beta1",
      "kind: KubeletConfiguration",
      "address: 127.0.0.1",
      "authentication:",
      "  anonymous:",
      "    enabled: false",
      "  webhook:",
      "    enabled: false",
      "authorization:",
      "  mode: AlwaysAllow",
      "cgroupDriver: \(driver.rawValue)",
    ]
    if version >= Version(1, 27) { lines.append("containerRuntimeEndpoint: \(GoYAML.quoted(endpoint))") }
    if !settings.failsOnSwap { lines.append("failSwapOn: false") }
    lines += ["readOnlyPort: 0", "staticPodPath: \(GoYAML.quoted(manifests))"]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func guideConfiguration(
    endpoint: String, driver: KubeletSettings.CgroupDriver, manifests: String
  ) -> String {
    """
    apiVersion: kubelet.config.k8s.io/v1beta1
    kind: KubeletConfiguration
    authentication:
      anonymous:
        enabled: false
      webhook:
        enabled: false
    authorization:
      mode: AlwaysAllow
    cgroupDriver: \(driver.rawValue)
    address: 127.0.0.1
    containerRuntimeEndpoint: \(GoYAML.quoted(endpoint))
    staticPodPath: \(GoYAML.quoted(manifests))

    """
  }

  private static func dropIn(command: [String], environment: [(name: String, value: String)]) -> String {
    var lines = [
      "# The kubelet runs etcd's static pod and nothing else. Quorate writes this file; kubeadm init and join do not",
      "# work on this host while it is here.",
      "[Service]",
    ]
    for (name, value) in environment { lines.append("Environment=\"\(name)=\(escaped(value))\"") }
    // An empty assignment takes back what the package's own files say.
    lines += ["ExecStart=", "ExecStart=\(command.joined(separator: " "))", "Restart=always"]
    return lines.joined(separator: "\n") + "\n"
  }

  /// A value in double quotes of a unit file (systemd.syntax(7)); `%` begins a specifier.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\", "\"": result += "\\\(character)"
      case "%": result += "%%"
      default: result.append(character)
      }
    }
    return result
  }

  /// FNV-1a of 64 bits: it tells one text of ours from another, no more.
  static func fingerprint(of text: String) -> String {
    let hash = text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
