import Glibc
import QuorateCore
import QuorateTesting
import Testing

/// A real kubeadm, run in a folder of its own as root: `QUORATE_KUBEADM`, or the lab's.
///
/// It needs no namespace and touches nothing outside of its folder: kubeadm is one static program.
struct RealKubeadm {
  /// Where it is; nil: there is none, or this is not root.
  static let path: String? = {
    guard geteuid() == 0 else { return nil }
    let cache = getenv("QUORATE_LAB_CACHE").map { String(cString: $0) } ?? "/var/tmp/quorate-lab"
    let path = getenv("QUORATE_KUBEADM").map { String(cString: $0) } ?? cache + "/bin/kubeadm"
    return access(path, X_OK) == 0 ? path : nil
  }()

  private let root: String

  /// Makes a folder with kubeadm in it.
  init() async throws {
    let path = try #require(Self.path)
    let made = await LocalProgram.run(["mktemp", "-d", "/tmp/quorate-kubeadm-XXXXXX"])
    root = String(made.text.prefix { $0 != "\n" })
    try #require(made.status == 0 && !root.isEmpty)
    // A link where the file systems allow it: the program is large.
    if link(path, root + "/kubeadm") != 0 {
      let copied = await LocalProgram.run(["cp", "--", path, root + "/kubeadm"])
      try #require(copied.status == 0)
    }
  }

  /// Removes the folder.
  func remove() async { _ = await LocalProgram.run(["rm", "-rf", "--", root]) }

  /// The version it says it is.
  func version() async throws -> Version {
    let result = await LocalProgram.run(["chroot", root, "/kubeadm", "version", "-o", "short"])
    return try #require(Version(String(result.text.prefix { $0 != "\n" })))
  }

  /// The manifest that it writes when it is fed a configuration.
  func manifest(configuration: String) async throws -> String {
    _ = await LocalProgram.run(["rm", "-rf", "--", root + "/etc"])
    let written = await LocalProgram.run(["tee", root + "/kubeadmcfg.yaml"], input: Array(configuration.utf8))
    try #require(written.status == 0)
    let result = await LocalProgram.run(
      ["chroot", root, "/kubeadm", "init", "phase", "etcd", "local", "--config=/kubeadmcfg.yaml"])
    try #require(result.status == 0, "\(result.errorText)\n\(configuration)")
    return await LocalProgram.run(["cat", root + "/etc/kubernetes/manifests/etcd.yaml"]).text
  }

  /// What it says while it makes the member's certificates from a configuration.
  func certificates(configuration: String) async throws -> String {
    _ = await LocalProgram.run(["rm", "-rf", "--", root + "/etc"])
    let written = await LocalProgram.run(["tee", root + "/kubeadmcfg.yaml"], input: Array(configuration.utf8))
    try #require(written.status == 0)
    var said = ""
    for phase in ["etcd-ca", "etcd-server", "etcd-peer", "etcd-healthcheck-client", "apiserver-etcd-client"] {
      let result = await LocalProgram.run(
        ["chroot", root, "/kubeadm", "init", "phase", "certs", phase, "--config=/kubeadmcfg.yaml"])
      try #require(result.status == 0, "\(result.errorText)\n\(configuration)")
      said += result.text
    }
    return said
  }
}
