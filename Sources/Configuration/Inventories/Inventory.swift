public import QuorateCore

/// Hosts, and what else a first configuration needs, as something says it that people have already: an inventory of
/// Ansible, an output of Terraform, an SSH client's configuration, kubeadm's own files.
public struct Inventory: Sendable {
  /// A host of it.
  public struct Host: Sendable {
    /// The member's name.
    public var name: String
    /// The address that etcd advertises, as it is written: an IP address, or a name to resolve.
    public var address: String
    /// Where to log in, if not at the address.
    public var login: String?
    /// The port that sshd listens on; nil: 22.
    public var port: UInt16?
    /// The login name; nil: the one of all hosts.
    public var user: String?
    /// The private key for logging in; nil: the one of all hosts.
    public var identityFile: String?
    /// The hosts on the way, the nearest one first: `[USER@]HOST[:PORT]`.
    public var jump: [String] = []
    /// The member's ports, where they are not etcd's own.
    public var ports: MemberPorts?
    /// The member's data folder; nil: the default.
    public var dataFolder: String?
    /// Further SANs of the server certificate.
    public var serverSANs: [String] = []
    /// Further SANs of the peer certificate.
    public var peerSANs: [String] = []
    /// Further arguments for etcd.
    public var extraArguments: [EtcdArgument] = []
    /// Where it is written.
    public var position: SourcePosition

    /// Makes a host.
    public init(name: String, address: String, position: SourcePosition) {
      self.name = name
      self.address = address
      self.position = position
    }
  }

  /// The hosts, in their order.
  public var hosts: [Host] = []
  /// How commands get root's rights (`sudo`, `none`); nil: it is not said.
  public var become: String?
  /// The Kubernetes version; nil: it is not said.
  public var kubernetesVersion: String?
  /// Whether it is of a kind that can name a Kubernetes version. Where it does not, the hosts' kubeadm are asked, and no
  /// version is made up.
  public var mayNameKubernetesVersion = false
  /// etcd's image, where it is not the version's own.
  public var imageRepository: String?
  /// etcd's image tag, where it is not the version's own.
  public var imageTag: String?
  /// Further arguments for every member's etcd.
  public var extraArguments: [EtcdArgument] = []
  /// A CA that lies there: paths of its certificate and key on this machine.
  public var authority: (certificate: String, key: String)?
  /// What it was read from, for the file's first line: `the Ansible inventory hosts.ini`.
  public var source: String
  /// What is wrong, and what was left out, each with its place.
  public var findings: [Finding] = []

  /// Makes an empty inventory.
  public init(source: String) { self.source = source }
}

/// What reading an inventory may ask of the machine besides the file itself.
public struct InventorySurroundings: Sendable {
  /// A file's content by its absolute path; nil where there is none.
  public var file: @Sendable (String) -> [UInt8]?
  /// The paths that match a pattern of `glob(7)`, in their order.
  public var matches: @Sendable (String) -> [String]
  /// The addresses of a name. Blocks until a resolver has answered.
  public var addresses: @Sendable (String) -> [IPAddress]
  /// The user's home folder, absolute.
  public var homeFolder: String?
  /// The folder that relative paths start from, absolute.
  public var workingFolder: String

  /// Makes surroundings.
  public init(
    file: @escaping @Sendable (String) -> [UInt8]?, matches: @escaping @Sendable (String) -> [String],
    addresses: @escaping @Sendable (String) -> [IPAddress], homeFolder: String?, workingFolder: String
  ) {
    self.file = file
    self.matches = matches
    self.addresses = addresses
    self.homeFolder = homeFolder
    self.workingFolder = workingFolder
  }

  /// A path in full, by its text alone.
  func absolute(_ path: String) -> String {
    if path.hasPrefix("~/"), let homeFolder { return PathCheck.normalized(homeFolder + path.dropFirst()) }
    return PathCheck.normalized(path.hasPrefix("/") ? path : workingFolder + "/" + path)
  }
}
