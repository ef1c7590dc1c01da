/// One host of the configuration: a machine that runs one member.
public struct HostSpec: Sendable, Codable, Hashable {
  /// The member's name, an RFC 1123 label: etcd's `--name`, the certificates' common name.
  public var name: String
  /// The IP that etcd advertises and listens on.
  public var address: IPAddress
  /// Where to log in.
  public var endpoint: HostEndpoint
  /// A folder on that machine that stands for `/`; nil: `/` itself. Absolute.
  public var root: String?
  /// The member's ports.
  public var ports: MemberPorts
  /// etcd's data folder, as an absolute path below ``root``.
  public var dataFolder: String
  /// Further SANs of the server certificate: IP addresses or DNS names.
  public var serverSANs: [String]
  /// Further SANs of the peer certificate.
  public var peerSANs: [String]
  /// Extra arguments for this member's etcd.
  public var extraArguments: [EtcdArgument]

  /// Makes a host.
  public init(
    name: String, address: IPAddress, endpoint: HostEndpoint? = nil, root: String? = nil,
    ports: MemberPorts = MemberPorts(), dataFolder: String = "/var/lib/etcd", serverSANs: [String] = [],
    peerSANs: [String] = [], extraArguments: [EtcdArgument] = []
  ) {
    self.name = name
    self.address = address
    self.endpoint = endpoint ?? HostEndpoint(host: address.description)
    self.root = root
    self.ports = ports
    self.dataFolder = dataFolder
    self.serverSANs = serverSANs
    self.peerSANs = peerSANs
    self.extraArguments = extraArguments
  }

  /// Where its files are.
  public var layout: HostLayout { HostLayout(root: root ?? "", dataFolder: dataFolder) }

  /// `https://ADDRESS:PEERPORT`.
  public var peerURL: String { peerEndpoint.url() }

  /// `https://ADDRESS:CLIENTPORT`.
  public var clientURL: String { clientEndpoint.url() }

  /// Address and peer port.
  public var peerEndpoint: NetworkEndpoint { NetworkEndpoint(address: address, port: ports.peer) }

  /// Address and client port.
  public var clientEndpoint: NetworkEndpoint { NetworkEndpoint(address: address, port: ports.client) }

  /// Where etcd's metrics listener is: loopback of the address's family.
  public var metricsEndpoint: NetworkEndpoint { NetworkEndpoint(address: address.loopback, port: ports.metrics) }
}

/// The TCP ports of a member.
public struct MemberPorts: Sendable, Codable, Hashable {
  /// For clients; etcd's default is 2379.
  public var client: UInt16
  /// For other members; 2380.
  public var peer: UInt16
  /// For probes and metrics, on loopback, plain HTTP; 2381 as kubeadm has it.
  public var metrics: UInt16

  /// Makes a value.
  public init(client: UInt16 = 2379, peer: UInt16 = 2380, metrics: UInt16 = 2381) {
    self.client = client
    self.peer = peer
    self.metrics = metrics
  }
}
