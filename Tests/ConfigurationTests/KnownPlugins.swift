import QuorateConfiguration
import QuorateCore

/// Plugins to load configurations with: the names of the bundled ones, with a few settings of each type.
enum KnownPlugins {
  static let all = [
    PluginDescriptor(
      id: "ssh", kind: .transport, version: "1.0.0", summary: "Over SSH.",
      settings: SchemaObject([
        SchemaKey("user", .string(form: TextForm.loginName), "The login name."),
        SchemaKey("identityFile", .string(form: TextForm.path), "A private key."),
        SchemaKey("become", .oneOf(["none", "sudo"]), default: "none", "How to become root."),
        SchemaKey("connectTimeout", .duration, default: "15s", "How long an attempt may take."),
        SchemaKey("port", .integer(minimum: 1, maximum: 65535), default: "22", "The port."),
        SchemaKey("hostKeys", .map(of: .string(form: TextForm.text)), "Fingerprints, by host."),
        SchemaKey("agent", .boolean, default: "true", "Whether to ask the agent."),
        SchemaKey(
          "jump",
          .object(SchemaObject([SchemaKey("host", .string(form: TextForm.hostName), required: true, "The host.")])),
          "A host in between."),
      ])),
    plugin("local", .transport),
    plugin("openssl", .certIssuer),
    PluginDescriptor(
      id: "cfssl", kind: .certIssuer, version: "1.0.0", summary: "A cfssl server.",
      settings: SchemaObject([
        SchemaKey("server", .string(form: TextForm.url), required: true, example: "https://ca:8888", "Its URL."),
        SchemaKey("validity", .duration, default: "720h", "Asked of the server."),
        SchemaKey("authKey", .string(form: TextForm.text), secret: true, "The key that signs requests."),
      ]), keepsAuthorityKey: true),
    PluginDescriptor(
      id: "csr", kind: .certIssuer, version: "1.0.0", summary: "A folder of requests.",
      settings: SchemaObject([SchemaKey("folder", .string(form: "path"), required: true, "Where they lie.")]),
      keepsAuthorityKey: true, needsAuthorityCertificate: true),
    plugin("systemd-kubelet", .serviceManager, .staticPod), plugin("process", .serviceManager, .memberUnit),
    plugin("static-pod", .manifestWriter, .staticPod), plugin("unit-file", .manifestWriter, .memberUnit),
  ]

  static let loader = ConfigurationLoader(
    plugins: all, workingFolder: "/srv/clusters", homeFolder: "/home/op", outside: outside)

  /// A machine with a few variables and files.
  static let outside = OutsideSources(
    variable: { variables[$0].map { SecretBytes(Array($0.utf8)) } }, variableNames: { variables.keys.sorted() },
    file: { path in
      if path == "/folder" { return .failure(.init(what: "which is a folder", fix: "name a file in it")) }
      return files[path].map { .success(SecretBytes($0)) }
        ?? .failure(.init(what: "which does not exist", fix: "write the file, or correct the path"))
    })

  private static let variables = [
    "STAGE": "prod", "PORT": "2222", "EMPTY": "", "YES": "true", "VALIDITY": "175200h", "TRANSPORT": "ssh",
    "USER_NAME": "operator", "VERSION": "3.5.24",
  ]

  private static let files: [String: [UInt8]] = [
    "/srv/clusters/token": Array("s3cret\n".utf8), "/home/op/windows": Array("dos\r\n".utf8),
    "/latin": [0x41, 0xE9, 0x0A],
  ]

  private static func plugin(_ id: String, _ kind: PluginKind, _ form: ManifestForm? = nil) -> PluginDescriptor {
    PluginDescriptor(
      id: id, kind: kind, version: "1.0.0", summary: "The plugin \(id).", settings: SchemaObject(), manifestForm: form)
  }
}

/// Findings as a reader sees them, four lines at most each.
func text(_ findings: [Finding]) -> String {
  findings.map { finding in
    var lines = [
      "\(finding.position.map { "\($0): " } ?? "")\(finding.severity.rawValue): \(finding.what)  [\(finding.code)]"
    ]
    if !finding.why.isEmpty { lines.append("  why: \(finding.why)") }
    if !finding.fix.isEmpty { lines.append("  fix: \(finding.fix)") }
    return lines.joined(separator: "\n") + "\n"
  }.joined()
}

/// The three hosts of the guide and all that must stand beside them, with more below `spec`.
func document(_ more: String = "", hosts: String? = nil) -> String {
  let standard = """
      - {name: infra0, address: 10.0.0.6}
      - {name: infra1, address: 10.0.0.7}
      - {name: infra2, address: 10.0.0.8}
    """
  return """
    apiVersion: quorate/v1
    kind: EtcdCluster
    metadata: {name: prod}
    spec:
      kubernetesVersion: v1.20.2
      hosts:
    \((hosts ?? standard).split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))

    """ + more.split(separator: "\n").map { "  \($0)\n" }.joined()
}

/// Loads a text.
func load(_ text: String, environment: String? = nil) -> LoadedConfiguration {
  KnownPlugins.loader.load(file: "cluster.yaml", bytes: Array(text.utf8), environment: environment)
}
