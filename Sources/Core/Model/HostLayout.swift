/// Where things are on a host: the guide's tree (kubeadm `constants.go`), below a root.
public struct HostLayout: Sendable, Codable, Hashable {
  /// What stands before every path: empty, or an absolute folder without a slash at its end.
  public let root: String
  private let dataFolderBelowRoot: String

  /// Makes a layout.
  public init(root: String = "", dataFolder: String = "/var/lib/etcd") {
    self.root = root == "/" ? "" : root
    dataFolderBelowRoot = dataFolder
  }

  /// The host's path for a path of the guide: `path("/etc/kubernetes")`.
  public func path(_ absolute: String) -> String { root + absolute }

  /// `/etc/kubernetes`.
  public var kubernetesFolder: String { path("/etc/kubernetes") }
  /// `/etc/kubernetes/kubeadmcfg.yaml`.
  public var kubeadmConfiguration: String { path("/etc/kubernetes/kubeadmcfg.yaml") }
  /// `/etc/kubernetes/manifests`.
  public var manifestsFolder: String { path("/etc/kubernetes/manifests") }
  /// `/etc/kubernetes/manifests/etcd.yaml`.
  public var staticPodManifest: String { path("/etc/kubernetes/manifests/etcd.yaml") }
  /// `/etc/kubernetes/pki`.
  public var pkiFolder: String { path("/etc/kubernetes/pki") }
  /// `/etc/kubernetes/pki/etcd`.
  public var etcdPKIFolder: String { path("/etc/kubernetes/pki/etcd") }
  /// `/etc/kubernetes/pki/etcd/ca.crt`.
  public var authorityCertificate: String { path("/etc/kubernetes/pki/etcd/ca.crt") }
  /// `/etc/kubernetes/pki/etcd/ca.key`; on the first host only, or nowhere.
  public var authorityKey: String { path("/etc/kubernetes/pki/etcd/ca.key") }
  /// Quorate's own folder on a host: the member's record, staged files, what `process` needs.
  public var quorateFolder: String { path("/etc/kubernetes/quorate") }
  /// What the host keeps of the cluster's identity outside the data folder.
  public var memberRecord: String { path("/etc/kubernetes/quorate/member.json") }
  /// Keys whose certificates were asked for and are not issued yet, each with its request.
  public var pendingFolder: String { quorateFolder + "/pending" }
  /// The path of a key whose certificate is not issued yet.
  public func pendingKey(_ role: CertificateRole) -> String { pendingFolder + "/" + role.rawValue + ".key" }
  /// The path of what was asked for it (``PendingRequest``).
  public func pendingRequest(_ role: CertificateRole) -> String { pendingFolder + "/" + role.rawValue + ".json" }
  /// Where a stage's files wait before they are renamed into place.
  func stagingFolder(of stage: Stage.ID) -> String { quorateFolder + "/staged-" + stage.rawValue }
  /// The lock of one operator at a time; gone after a restart of the host, as a lock should be.
  public var lockFile: String { path("/run/quorate/lock") }
  /// etcd's data folder.
  public var dataFolder: String { path(dataFolderBelowRoot) }

  /// A certificate's path.
  public func certificate(_ role: CertificateRole) -> String { stem(role) + ".crt" }

  /// The path of a certificate's key.
  public func key(_ role: CertificateRole) -> String { stem(role) + ".key" }

  private func stem(_ role: CertificateRole) -> String {
    switch role {
    case .server, .peer, .healthcheckClient: etcdPKIFolder + "/" + role.rawValue
    case .apiserverEtcdClient: pkiFolder + "/" + role.rawValue
    }
  }
}
