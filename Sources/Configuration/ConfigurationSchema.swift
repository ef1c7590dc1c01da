public import QuorateCore

/// The description of the whole document: `quorate schema`, the reference page and decoding come from this value.
public struct ConfigurationSchema: Sendable {
  /// The plugins that may be chosen.
  public let plugins: [PluginDescriptor]

  /// Describes the document for a set of plugins.
  public init(plugins: [PluginDescriptor]) { self.plugins = plugins }

  /// The value of `apiVersion`.
  public static let apiVersion = "quorate/v1"

  /// The document's keys.
  public var document: SchemaObject {
    SchemaObject([
      SchemaKey(
        "apiVersion", .oneOf([Self.apiVersion]), required: true, example: Self.apiVersion,
        "The version of this format."),
      SchemaKey("kind", .oneOf(["EtcdCluster"]), required: true, example: "EtcdCluster", "What the file describes."),
      SchemaKey(
        "metadata", .object(metadata), required: true, example: "{name: prod}", "What the cluster is called."),
      SchemaKey("spec", .object(spec), required: true, "The cluster."),
      SchemaKey(
        "environments", .map(of: .object(environment)),
        "Overlays, by name: `--environment NAME` lays one over the rest of the file. Mappings are merged key by key, "
          + "hosts by their name, any other list is replaced as a whole, and `null` removes a key. Another plugin "
          + "drops the first one's `with`."),
      SchemaKey(
        "pipelines", pipelines,
        "Named selections of a plan's stages, in their order, with commands of your own in between; `quorate run NAME` "
          + "carries one out, `quorate pipelines` prints those that are built in."),
    ])
  }

  var metadata: SchemaObject {
    SchemaObject([
      SchemaKey(
        "name", .string(form: TextForm.name), required: true, example: "prod",
        "The cluster's name. It stands in messages and locks, and in the cluster's token.")
    ])
  }

  /// The keys of `spec`.
  var spec: SchemaObject {
    SchemaObject([
      SchemaKey(
        "kubernetesVersion", .string(form: ConfigurationForm.kubernetesVersion),
        default: "what the hosts' own kubeadm say; they must agree", example: "v1.20.2",
        "The Kubernetes version whose kubeadm is followed, \(KubernetesRelease.knownRangeText). It decides etcd's "
          + "version, flags, probes and image, the certificates' profile, the version of kubeadm's API and the form of "
          + "the kubelet's configuration."),
      SchemaKey(
        "hosts", .list(of: .object(host)), required: true, example: "[{name: infra0, address: 10.0.0.6}]",
        "The machines, one member on each. The first one is the guide's HOST0."),
      SchemaKey(
        "allowEvenMembers", .boolean, default: "false",
        "Takes an even number of members. Such a cluster tolerates no more losses than with one member less."),
      SchemaKey("etcd", .object(etcd), "etcd's version, image, data folder and arguments."),
      SchemaKey("ca", .object(authority), "The certificate authority of the cluster."),
      SchemaKey(
        "apiserverClient", .oneOf(ClusterSpec.ApiserverClient.allCases.map(\.rawValue)), default: "every",
        "Which hosts hold the kube-apiserver's client certificate and key."),
      SchemaKey(
        "transport", .plugin(.transport), default: "{plugin: \(DefaultPlugin.transport)}", "How a host is reached."),
      SchemaKey(
        "issuer", .plugin(.certIssuer), default: "{plugin: \(DefaultPlugin.certIssuer)}",
        "Who signs the certificates."),
      SchemaKey(
        "serviceManager", .plugin(.serviceManager), default: "{plugin: \(DefaultPlugin.serviceManager)}",
        "What runs etcd on a host."),
      SchemaKey(
        "manifestWriter", .plugin(.manifestWriter), default: "{plugin: \(DefaultPlugin.manifestWriter)}",
        "How a member is described to its service manager."),
    ])
  }

  private var host: SchemaObject {
    SchemaObject([
      SchemaKey(
        "name", .string(form: TextForm.name), required: true, example: "infra0",
        "The member's name, and the common name of its certificates. An environment finds the host by it."),
      SchemaKey(
        "address", .string(form: TextForm.ipAddress), required: true, example: "10.0.0.6",
        "The IP address that etcd advertises and listens on. Names go under `sans`."),
      SchemaKey("ssh", .object(endpoint), "Where to log in, if not at `address`, port 22."),
      SchemaKey(
        "root", .string(form: TextForm.path), default: "/", example: "./infra0",
        "A folder on the host that stands for `/`. With the transport `local`, several members live on one machine so. "
          + "A relative path starts from the configuration file's folder."),
      SchemaKey("ports", .object(ports), "The member's TCP ports."),
      SchemaKey(
        "sans", .list(of: .string(form: TextForm.subjectAlternativeName)), example: "[etcd0.example.com]",
        "Further SANs of both the server and the peer certificate: IP addresses or DNS names. The host's name, "
          + "`localhost`, its address and the loopback addresses are always in them."),
      SchemaKey(
        "serverSANs", .list(of: .string(form: TextForm.subjectAlternativeName)),
        "Further SANs of the server certificate."),
      SchemaKey(
        "peerSANs", .list(of: .string(form: TextForm.subjectAlternativeName)), "Further SANs of the peer certificate."),
      SchemaKey(
        "dataFolder", .string(form: ConfigurationForm.dataFolder), default: "`spec.etcd.dataFolder`",
        example: "/var/lib/etcd", "This member's data folder, below `root`."),
      SchemaKey(
        "extraArgs", .map(of: .scalar(form: ConfigurationForm.argument)),
        "Further arguments for this member's etcd. One of the same name under `spec.etcd.extraArgs` gives way."),
    ])
  }

  private var endpoint: SchemaObject {
    SchemaObject([
      SchemaKey(
        "host", .string(form: TextForm.hostName), default: "the host's `address`", example: "infra0.example.com",
        "An IP address or a DNS name."),
      SchemaKey("port", .integer(minimum: 1, maximum: 65535), default: "22", "The port that sshd listens on."),
      SchemaKey(
        "user", .string(form: TextForm.loginName), default: "the transport's `user`", example: "ubuntu",
        "The login name."),
    ])
  }

  private var ports: SchemaObject {
    SchemaObject([
      SchemaKey("client", .integer(minimum: 1, maximum: 65535), default: "2379", "For clients, TLS."),
      SchemaKey("peer", .integer(minimum: 1, maximum: 65535), default: "2380", "For other members, TLS."),
      SchemaKey(
        "metrics", .integer(minimum: 1, maximum: 65535), default: "2381",
        "For probes and metrics, plain HTTP on the loopback address."),
    ])
  }

  private var etcd: SchemaObject {
    SchemaObject([
      SchemaKey(
        "version", .string(form: ConfigurationForm.etcdVersion), default: "what `kubernetesVersion` says",
        example: "3.5.24",
        "etcd's version, 3.\(VersionCheck.etcdMinors.lowerBound) to 3.\(VersionCheck.etcdMinors.upperBound). It "
          + "decides which flags etcd is given."),
      SchemaKey(
        "imageRepository", .string(form: ConfigurationForm.imageRepository), default: "what `kubernetesVersion` says",
        example: "registry.k8s.io", "Where the image `etcd` is pulled from, without `/etcd` at its end."),
      SchemaKey(
        "imageTag", .string(form: ConfigurationForm.imageTag), default: "`VERSION-0`", example: "3.4.13-0",
        "The image's tag."),
      SchemaKey(
        "dataFolder", .string(form: ConfigurationForm.dataFolder), default: "/var/lib/etcd",
        "etcd's data folder on every host."),
      SchemaKey(
        "extraArgs", .map(of: .scalar(form: ConfigurationForm.argument)), example: "{quota-backend-bytes: 8589934592}",
        "Further arguments for every member's etcd, by flag name without dashes. The flags that Quorate manages are "
          + "refused."),
    ])
  }

  private var authority: SchemaObject {
    SchemaObject([
      SchemaKey(
        "keyAt", .oneOf(AuthoritySpec.KeyPlace.allCases.map(\.rawValue)), default: "first-host",
        "Where the CA's private key rests: on the first host, as in the guide; on the operator's machine, at `key`; or "
          + "with the issuer, so that Quorate never sees it. It rests nowhere else."),
      SchemaKey(
        "certificate", .string(form: TextForm.path), example: "./ca.crt",
        "A CA certificate on the operator's machine: one to use instead of a new CA, or, with `keyAt: operator`, where "
          + "a new one is kept."),
      SchemaKey("key", .string(form: TextForm.path), example: "./ca.key", "Its private key on the operator's machine."),
      SchemaKey("validity", .duration, default: "87600h", "How long a new CA is valid."),
    ])
  }

  /// What stands under an environment's name: the keys of `spec`, and `metadata` and `pipelines` beside them.
  var environment: SchemaObject {
    SchemaObject(
      spec.keys + [
        SchemaKey("metadata", .object(metadata), "Laid over `metadata`."),
        SchemaKey("pipelines", pipelines, "Laid over `pipelines`."),
      ])
  }

  private var pipelines: SchemaType { .map(of: .anyOf([pipelineParts, .object(pipeline)])) }

  private var pipeline: SchemaObject {
    SchemaObject([
      SchemaKey(
        "goal", .oneOf(Goal.allCases.map(\.rawValue)), default: Goal.bootstrap.rawValue,
        "What the plan is for. A list alone is a pipeline of this goal."),
      SchemaKey("parts", pipelineParts, required: true, "Its parts, in the goal's order."),
    ])
  }

  private var pipelineParts: SchemaType {
    .list(of: .anyOf([.string(form: TextForm.name), .object(pipelinePart)]))
  }

  private var pipelinePart: SchemaObject {
    SchemaObject([
      SchemaKey("run", .object(command), "A command of your own, instead of a stage."),
      SchemaKey(
        "stage", .string(form: TextForm.name), example: "update",
        "A stage of the goal, as a mapping so that the other keys here can stand beside it."),
      SchemaKey(
        "hosts", .list(of: .string(form: TextForm.name)), example: "[infra1]",
        "The hosts the stage is carried out on; all of them without it."),
      SchemaKey("issuer", .plugin(.certIssuer), "Who issues the certificates of this stage."),
      SchemaKey("transport", .plugin(.transport), "How the hosts are reached in this stage."),
      SchemaKey("before", .list(of: .object(command)), "Commands before the stage, where the plan has work for it."),
      SchemaKey(
        "beforeEach", .list(of: .object(command)),
        "Commands on a host directly before its own steps: in a stage that goes one member at a time, when it is the "
          + "host's turn and the gate is open. One that fails leaves the member as it is and ends the run."),
      SchemaKey("afterEach", .list(of: .object(command)), "Commands on a host directly after its own steps."),
      SchemaKey("after", .list(of: .object(command)), "Commands after the stage."),
    ])
  }

  private var command: SchemaObject {
    SchemaObject([
      SchemaKey(
        "command", .list(of: .scalar(form: TextForm.text)), required: true, example: "[etcdctl, endpoint, status]",
        "A program and its arguments. No shell reads them. It runs with the rights that the transport has, and with "
          + "QUORATE_CLUSTER, QUORATE_MEMBER, QUORATE_ADDRESS and what etcdctl needs (ETCDCTL_ENDPOINTS, ETCDCTL_CACERT, "
          + "ETCDCTL_CERT, ETCDCTL_KEY) in its environment. A command between stages also finds how each earlier stage "
          + "ended (QUORATE_STAGE_FILES is `done`, `failed`, `nothing` or `left-out`) and what each earlier command wrote "
          + "(QUORATE_OUTPUT_NAME). What it writes is shown and kept in the run's journal, so it should write no secret."
      ),
      SchemaKey(
        "on", .anyOf([.string(form: TextForm.name), .list(of: .string(form: TextForm.name))]), default: "every",
        example: "first", "Where it runs: `first`, `every`, a host's name, or a list of names."),
      SchemaKey(
        "name", .string(form: TextForm.name), default: "its number among the pipeline's commands", example: "snapshot",
        "What `--skip run:NAME` leaves out."),
      SchemaKey("timeout", .duration, default: "1m", "How long it may take."),
      SchemaKey("mayFail", .boolean, default: "false", "Whether the run goes on when it fails."),
    ])
  }

  /// What stands beside an issuer's own settings, whichever it is.
  static let certificateKeys = [
    SchemaKey(
      "keyAlgorithm", .oneOf(KeyAlgorithm.allCases.map(\.rawValue)), default: KeyAlgorithm.ecdsaP256.rawValue,
      "The algorithm of all keys, a new CA's included."),
    SchemaKey(
      "validity", .duration, default: "8760h",
      "How long a member's certificates are valid. They may not outlive the CA."),
  ]

  /// The plugins of a kind, by name.
  func plugins(of kind: PluginKind) -> [PluginDescriptor] {
    plugins.filter { $0.kind == kind }.sorted { $0.id < $1.id }
  }

  /// A plugin's keys under `with`, those that every issuer has included.
  func settings(of plugin: PluginDescriptor) -> SchemaObject {
    guard plugin.kind == .certIssuer else { return plugin.settings }
    let own = Set(plugin.settings.keys.map(\.name))
    return SchemaObject(Self.certificateKeys.filter { !own.contains($0.name) } + plugin.settings.keys)
  }
}

/// The plugins that are used where the configuration chooses none: those of the guide.
enum DefaultPlugin {
  static let transport = "ssh"
  static let certIssuer = "openssl"
  static let serviceManager = "systemd-kubelet"
  static let manifestWriter = "static-pod"

  static func name(_ kind: PluginKind) -> String {
    switch kind {
    case .transport: transport
    case .certIssuer: certIssuer
    case .serviceManager: serviceManager
    case .manifestWriter: manifestWriter
    }
  }
}

extension PluginKind {
  /// The key in `spec` that chooses a plugin of this kind.
  var key: String { rawValue }

  /// The kind in words: `service manager`.
  var noun: String {
    switch self {
    case .transport: "transport"
    case .certIssuer: "issuer"
    case .serviceManager: "service manager"
    case .manifestWriter: "manifest writer"
    }
  }

  /// The kind in words, with its article: `a transport`.
  var phrase: String { (self == .certIssuer ? "an " : "a ") + noun }
}
