internal import QuorateCore

/// What stands under `serviceManager.with`, checked.
struct KubeletSettings {
  /// Whose form the drop-in and the kubelet's configuration have.
  enum Form: String, CaseIterable {
    /// Quorate's: a configuration file outside of systemd's folders, and a kubelet that nobody but root on the host
    /// can ask.
    case quorate
    /// The guide's own text for the kubelet's version.
    case guide
  }

  /// The kubelet's cgroup driver.
  enum CgroupDriver: String, CaseIterable { case systemd, cgroupfs }

  var form: Form = .quorate
  /// nil: what the container runtime uses.
  var cgroupDriver: CgroupDriver?
  /// `unix:///…`; nil: the socket that is there.
  var runtimeEndpoint: String?
  /// The kubelet's absolute path; nil: what the unit starts, or the search path.
  var kubelet: String?
  /// Further environment of the kubelet, sorted by name.
  var environment: [(name: String, value: String)] = []
  /// Whether the kubelet refuses a host with swap, which is its default.
  var failsOnSwap = true

  static let schema = SchemaObject([
    SchemaKey(
      "form", .oneOf(Form.allCases.map(\.rawValue)), default: "quorate",
      """
      `quorate` puts the kubelet's configuration into a file of its own, binds it to loopback, and closes anonymous \
      access and the read-only port. `guide` writes what the kubeadm guide says for the kubelet's version; before \
      1.27 that leaves ports 10250 and 10255 open on loopback.
      """),
    SchemaKey(
      "cgroupDriver", .oneOf(["auto"] + CgroupDriver.allCases.map(\.rawValue)), default: "auto",
      "The kubelet's cgroup driver. `auto` takes the one that the container runtime is configured for."),
    SchemaKey(
      "runtimeEndpoint", .string(form: "endpoint URL"), default: "the socket of containerd, CRI-O or cri-dockerd",
      "The container runtime's endpoint, `unix:///run/containerd/containerd.sock`."),
    SchemaKey(
      "kubelet", .string(form: "path"), default: "what `kubelet.service` starts",
      "The kubelet's absolute path on the hosts."),
    SchemaKey(
      "environment", .map(of: .string(form: "text")),
      """
      Further environment of the kubelet. `AWS_EC2_METADATA_DISABLED: "true"` saves 5 s at each start where the \
      cloud's metadata address is silently dropped; it also switches off registry credentials by instance role.
      """),
    SchemaKey(
      "failSwapOn", .boolean, default: "true", "Whether the kubelet refuses to run on a host with swap, its default."),
  ])

  init() {}

  init(_ settings: SettingsValue) throws(PluginError) {
    if let text = settings["form"].string {
      guard let form = Form(rawValue: text) else {
        throw Self.error("form", "form is neither quorate nor guide", fix: "")
      }
      self.form = form
    }
    if let text = settings["cgroupDriver"].string, text != "auto" {
      guard let driver = CgroupDriver(rawValue: text) else {
        throw Self.error("cgroupDriver", "cgroupDriver is none of auto, systemd and cgroupfs", fix: "")
      }
      cgroupDriver = driver
    }
    if let text = settings["runtimeEndpoint"].string {
      guard text.hasPrefix("unix:///"), Self.isPath(String(text.dropFirst(7))) else {
        throw Self.error(
          "runtimeEndpoint", "runtimeEndpoint is no path of a socket",
          fix: "write it as unix:///run/containerd/containerd.sock")
      }
      runtimeEndpoint = text
    }
    if let text = settings["kubelet"].string {
      guard Self.isPath(text) else {
        throw Self.error("kubelet", "kubelet is no absolute path", fix: "write it as /usr/bin/kubelet")
      }
      kubelet = text
    }
    failsOnSwap = settings["failSwapOn"].boolean ?? true
    for (name, value) in (settings["environment"].object ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard let value = value.string, Self.isVariable(name), ManagedFlags.isValue(value) else {
        throw Self.error(
          "environment", "environment has a name or a value that cannot stand in a unit file",
          fix: "names are letters, digits and `_`; values are text on one line")
      }
      environment.append((name, value))
    }
  }

  private static func error(_ setting: String, _ why: String, fix: String) -> PluginError {
    PluginError(plugin: "systemd-kubelet", why: why, fix: fix, setting: setting)
  }

  /// Whether a text is an absolute path that needs no quoting in a unit file.
  static func isPath(_ text: String) -> Bool {
    text.hasPrefix("/") && text.utf8.count <= 4_096
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: ":"):
          true
        default: false
        }
      }
  }

  private static func isVariable(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.first.map { !(48...57).contains($0) } == true
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}
