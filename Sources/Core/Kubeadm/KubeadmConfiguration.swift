/// The text of a host's `kubeadmcfg.yaml`: what the host's own kubeadm needs to make the same certificates and the
/// same manifest as Quorate.
///
/// The guide's file, with what it lacks: an `InitConfiguration` with the member's own name and address (else every
/// certificate carries the first host's), the Kubernetes version (else kubeadm asks the internet for one), and the
/// cluster's token.
///
/// Source: kubernetes `cmd/kubeadm/app/apis/kubeadm/v1beta2`, `v1beta3`, `v1beta4`.
public struct KubeadmConfiguration: Sendable, Hashable {
  private let member: MemberContext
  private let release: KubernetesRelease
  private let api: KubeadmAPI
  private let kubeadm: Version?

  /// The configuration of a member.
  ///
  /// - Parameters:
  ///   - member: The member.
  ///   - release: The Kubernetes version that the file pins.
  ///   - kubeadm: The version of the host's own kubeadm, which decides the API version; nil: it has none.
  public init(of member: MemberContext, release: KubernetesRelease, kubeadm: Version? = nil) {
    self.member = member
    self.release = release
    self.kubeadm = kubeadm
    api = kubeadm.map(KubeadmAPI.taken(by:)) ?? release.kubeadmAPI
  }

  /// The file, as it is written: 0600.
  public var file: DesiredFile {
    DesiredFile(path: member.host.layout.kubeadmConfiguration, mode: 0o600, text: text)
  }

  /// The text.
  public var text: String {
    let host = member.host
    var lines = [
      "# Member \(host.name) of the etcd cluster \(member.clusterName), for this host's kubeadm.",
      "# Quorate writes this file; change its configuration instead.",
      "apiVersion: \(api.rawValue)",
      "kind: InitConfiguration",
      "nodeRegistration:",
      "  name: \(GoYAML.quoted(host.name))",
      "localAPIEndpoint:",
      "  advertiseAddress: \(GoYAML.quoted(host.address.description))",
      "---",
      "apiVersion: \(api.rawValue)",
      "kind: ClusterConfiguration",
      "kubernetesVersion: v\(release.version)",
    ]
    if !host.layout.root.isEmpty { lines.append("certificatesDir: \(GoYAML.quoted(host.layout.pkiFolder))") }
    if api == .v1beta4 && isAlgorithmKnown { lines.append("encryptionAlgorithm: \(member.keyAlgorithm.rawValue)") }
    lines += ["etcd:", "  local:"]
    let image = pinnedImage
    if let repository = image.repository { lines.append("    imageRepository: \(GoYAML.quoted(repository))") }
    if let tag = image.tag { lines.append("    imageTag: \(GoYAML.quoted(tag))") }
    if host.layout.dataFolder != "/var/lib/etcd" {
      lines.append("    dataDir: \(GoYAML.quoted(host.layout.dataFolder))")
    }
    for (key, names) in [("serverCertSANs", host.serverSANs), ("peerCertSANs", host.peerSANs)] {
      lines.append("    \(key):")
      lines += ([host.address.description] + names).map { "    - \(GoYAML.quoted($0))" }
    }
    lines.append("    extraArgs:")
    for argument in EtcdFlags.overrides(of: member) {
      if api == .v1beta4 {
        lines.append("    - name: \(GoYAML.quoted(argument.name))")
        lines.append("      value: \(GoYAML.quoted(argument.value))")
      } else {
        lines.append("      \(GoYAML.quoted(argument.name)): \(GoYAML.quoted(argument.value))")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// ECDSA-P384 came with 1.34; a kubeadm that does not know an algorithm refuses the whole file.
  private var isAlgorithmKnown: Bool {
    member.keyAlgorithm != .ecdsaP384 || (kubeadm ?? release.version) >= Version(1, 34)
  }

  /// Repository and tag, where this kubeadm would not choose the member's image by itself.
  private var pinnedImage: (repository: String?, tag: String?) {
    let (repository, tag) = Self.split(image: member.image) ?? (member.imageRepository, member.imageTag)
    let isSurprising = kubeadm.map { $0 != release.version } ?? false
    let ownTag = KubernetesRelease.imageTag(etcd: release.etcdVersion)
    return (
      repository == release.imageRepository && !isSurprising ? nil : repository,
      tag == ownTag && !isSurprising ? nil : tag
    )
  }

  /// The parts of `REPOSITORY/etcd:TAG`; nil for an image that kubeadm could not name.
  static func split(image: String) -> (repository: String?, tag: String?)? {
    let mark = "/etcd:"
    guard let slash = image.lastIndex(of: "/") else { return nil }
    let rest = image[slash...]
    guard rest.hasPrefix(mark), rest.utf8.count > mark.utf8.count, slash > image.startIndex else { return nil }
    return (String(image[..<slash]), String(rest.dropFirst(mark.count)))
  }
}

extension KubeadmAPI {
  /// The newest API version that a kubeadm takes: v1beta4 since 1.31, v1beta3 since 1.22, v1beta2 before.
  public static func taken(by kubeadm: Version) -> KubeadmAPI {
    kubeadm >= Version(1, 31) ? .v1beta4 : kubeadm >= Version(1, 22) ? .v1beta3 : .v1beta2
  }
}
