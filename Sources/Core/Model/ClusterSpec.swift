/// What a user wants: one etcd cluster, decoded from the configuration and checked.
public struct ClusterSpec: Sendable, Codable, Hashable {
  /// `metadata.name`: an RFC 1123 label. It names the cluster in messages, locks and the default token.
  public var name: String
  /// The Kubernetes version whose kubeadm's behaviour is followed; nil: what the hosts' own kubeadm say, and nobody
  /// has asked them yet.
  public var kubernetesVersion: Version?
  /// Who names that version.
  public var versionSource: VersionSource
  /// The etcd version, where the configuration sets it; nil: what ``EtcdRelease`` says for the Kubernetes version.
  public var etcdVersion: Version?
  /// The image's repository, where the configuration sets it.
  public var imageRepository: String?
  /// The image's tag, where the configuration sets it.
  public var imageTag: String?
  /// The members' hosts, in the configuration's order. The first one is the guide's HOST0.
  public var hosts: [HostSpec]
  /// Whether an even number of members was allowed explicitly.
  public var allowEvenMembers: Bool
  /// The certificate authority.
  public var authority: AuthoritySpec
  /// Which hosts hold the kube-apiserver's client key.
  public var apiserverClient: ApiserverClient
  /// How certificates are made, whoever issues them.
  public var certificates: CertificateSpec
  /// Extra arguments for every member's etcd.
  public var extraArguments: [EtcdArgument]
  /// The transport.
  public var transport: PluginChoice
  /// The issuer.
  public var issuer: PluginChoice
  /// The service manager.
  public var serviceManager: PluginChoice
  /// The manifest writer.
  public var manifestWriter: PluginChoice

  /// Who names the Kubernetes version.
  public enum VersionSource: String, Sendable, Codable, Hashable {
    /// The configuration.
    case configuration
    /// The hosts' own kubeadm.
    case hosts
  }

  /// Which hosts hold the kube-apiserver's client key and certificate.
  public enum ApiserverClient: String, Sendable, Codable, Hashable, CaseIterable {
    /// Every host, as in the guide.
    case every
    /// The first host only.
    case first
    /// None.
    case none
  }

  /// Makes a specification.
  public init(
    name: String, kubernetesVersion: Version?, etcdVersion: Version? = nil, imageRepository: String? = nil,
    imageTag: String? = nil, hosts: [HostSpec], allowEvenMembers: Bool = false,
    authority: AuthoritySpec = AuthoritySpec(),
    apiserverClient: ApiserverClient = .every, certificates: CertificateSpec = CertificateSpec(),
    extraArguments: [EtcdArgument] = [], transport: PluginChoice, issuer: PluginChoice, serviceManager: PluginChoice,
    manifestWriter: PluginChoice
  ) {
    self.name = name
    self.kubernetesVersion = kubernetesVersion
    versionSource = kubernetesVersion == nil ? .hosts : .configuration
    self.etcdVersion = etcdVersion
    self.imageRepository = imageRepository
    self.imageTag = imageTag
    self.hosts = hosts
    self.allowEvenMembers = allowEvenMembers
    self.authority = authority
    self.apiserverClient = apiserverClient
    self.certificates = certificates
    self.extraArguments = extraArguments
    self.transport = transport
    self.issuer = issuer
    self.serviceManager = serviceManager
    self.manifestWriter = manifestWriter
  }
}

/// A plugin's name and its settings.
public struct PluginChoice: Sendable, Codable, Hashable {
  /// The plugin's id.
  public var plugin: String
  /// What stands under `with:`, checked against the plugin's schema.
  public var settings: SettingsValue

  /// Makes a choice.
  public init(_ plugin: String, settings: SettingsValue = .object([:])) {
    self.plugin = plugin
    self.settings = settings
  }
}

/// One argument for etcd, `--name=value`.
public struct EtcdArgument: Sendable, Codable, Hashable {
  /// The flag's name without dashes.
  public var name: String
  /// Its value.
  public var value: String

  /// Makes an argument.
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// The certificate authority a user wants.
public struct AuthoritySpec: Sendable, Codable, Hashable {
  /// Where the CA's private key rests.
  public enum KeyPlace: String, Sendable, Codable, Hashable, CaseIterable {
    /// On the first host, `/etc/kubernetes/pki/etcd/ca.key`, as in the guide.
    case firstHost = "first-host"
    /// On the operator's machine, at ``AuthoritySpec/keyFile``.
    case `operator`
    /// With the issuer: Quorate never sees it.
    case issuer
  }

  /// Where the key rests.
  public var keyAt: KeyPlace
  /// A certificate on the operator's machine to use instead of a new CA, or where `operator` keeps it.
  public var certificateFile: String?
  /// Its key on the operator's machine.
  public var keyFile: String?
  /// A new CA's validity in seconds; kubeadm's is 87600h.
  public var validitySeconds: Int64

  /// Makes a value with kubeadm's defaults.
  public init(
    keyAt: KeyPlace = .firstHost, certificateFile: String? = nil, keyFile: String? = nil,
    validitySeconds: Int64 = 87_600 * 3600
  ) {
    self.keyAt = keyAt
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.validitySeconds = validitySeconds
  }
}

/// How leaf certificates are made, whoever issues them.
public struct CertificateSpec: Sendable, Codable, Hashable {
  /// The keys' algorithm, the CA's included.
  public var keyAlgorithm: KeyAlgorithm
  /// A leaf's validity in seconds; kubeadm's is 8760h.
  public var validitySeconds: Int64

  /// Makes a value; the defaults are ECDSA P-256 and 8760h.
  public init(keyAlgorithm: KeyAlgorithm = .ecdsaP256, validitySeconds: Int64 = 8_760 * 3600) {
    self.keyAlgorithm = keyAlgorithm
    self.validitySeconds = validitySeconds
  }
}
