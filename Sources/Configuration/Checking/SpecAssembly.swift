internal import QuorateCore

/// Makes a ``ClusterSpec`` of decoded settings, and checks what no single value shows.
struct SpecAssembly {
  let value: SettingsValue
  let positions: ConfigurationPositions
  let schema: ConfigurationSchema
  let baseFolder: String
  let homeFolder: String?
  var findings = FindingCollector()
  /// The pipelines, as far as they are right.
  private(set) var pipelines: [Pipeline] = []

  init(
    value: SettingsValue, positions: ConfigurationPositions, schema: ConfigurationSchema, baseFolder: String,
    homeFolder: String?
  ) {
    self.value = value
    self.positions = positions
    self.schema = schema
    self.baseFolder = baseFolder
    self.homeFolder = homeFolder
  }

  /// Checks everything. The specification is nil where a part is missing or faulty; the findings, here or of the
  /// decoding, say why.
  mutating func assemble() -> ClusterSpec? {
    let spec = value["spec"]
    guard spec.object != nil else { return nil }
    let version = spec["kubernetesVersion"].string.flatMap(Version.init)
    let etcdVersion = spec["etcd"]["version"].string.flatMap(Version.init)
    checkImage(spec["etcd"], etcdVersion: etcdVersion)
    let arguments = checkedArguments(
      spec["etcd"]["extraArgs"], at: "spec.etcd.extraArgs", dataFolderKey: "spec.etcd.dataFolder")
    let hosts = hosts(of: spec)
    check(hosts, allowEven: spec["allowEvenMembers"].boolean ?? false, isListed: spec["hosts"].list != nil)
    pipelines = pipelines(hosts: hosts.compactMap(\.name))
    let plugins = PluginKind.allCases.reduce(into: [:]) { choices, kind in choices[kind] = choice(of: kind, in: spec) }
    checkCombination(plugins)
    let certificates = certificates(of: spec["issuer"])
    let authority = authority(of: spec, leafValidity: certificates.validitySeconds)
    guard let name = value["metadata"]["name"].string, let transport = plugins[.transport],
      let issuer = plugins[.certIssuer], let serviceManager = plugins[.serviceManager],
      let manifestWriter = plugins[.manifestWriter]
    else { return nil }
    if var finding = version.flatMap(KubernetesRelease.init)?.evidenceFinding, manifestWriter.plugin != "kubeadm" {
      finding.position = place("spec.kubernetesVersion")
      findings.add(finding)
    }
    let members = hosts.compactMap(\.spec)
    guard members.count == hosts.count, !members.isEmpty else { return nil }
    return ClusterSpec(
      name: name, kubernetesVersion: version, etcdVersion: etcdVersion,
      imageRepository: spec["etcd"]["imageRepository"].string, imageTag: spec["etcd"]["imageTag"].string,
      hosts: members, allowEvenMembers: spec["allowEvenMembers"].boolean ?? false, authority: authority,
      apiserverClient: spec["apiserverClient"].string.flatMap(ClusterSpec.ApiserverClient.init) ?? .every,
      certificates: certificates, extraArguments: arguments, transport: transport, issuer: issuer,
      serviceManager: serviceManager, manifestWriter: manifestWriter)
  }

  /// The place of a value, or of what stands around it.
  func place(_ path: String) -> SourcePosition? { positions.nearest(to: path) }

  private mutating func choice(of kind: PluginKind, in spec: SettingsValue) -> PluginChoice? {
    let path = "spec.\(kind.key)"
    guard positions[path] != nil else {
      let name = DefaultPlugin.name(kind)
      guard let descriptor = schema.plugins(of: kind).first(where: { $0.id == name }) else {
        let known = schema.plugins(of: kind).map { "`\($0.id)`" }.joined(separator: ", ")
        findings.error(
          "unknown-plugin", at: place("spec"), "`\(path)` is missing, and its default `\(name)` is not known here",
          fix: known.isEmpty ? "install a plugin: none is known" : "choose one of \(known)")
        return nil
      }
      for key in schema.settings(of: descriptor).keys where key.isRequired {
        findings.error(
          "missing-key", at: place("spec"), "`\(path).with.\(key.name)` is missing",
          why: "the default plugin `\(name)` needs it", fix: "add `\(path)`")
      }
      return PluginChoice(name)
    }
    guard let name = spec[kind.key]["plugin"].string,
      let descriptor = schema.plugins(of: kind).first(where: { $0.id == name })
    else { return nil }
    var settings = spec[kind.key]["with"].object ?? [:]
    if kind == .certIssuer {
      // What every issuer has goes into `CertificateSpec`; a plugin sees it only where it describes it itself.
      for key in ConfigurationSchema.certificateKeys where descriptor.settings[key.name] == nil {
        settings[key.name] = nil
      }
    }
    return PluginChoice(name, settings: .object(settings))
  }

  /// A service manager must run what the manifest writer writes.
  private mutating func checkCombination(_ choices: [PluginKind: PluginChoice]) {
    func descriptor(_ kind: PluginKind) -> PluginDescriptor? {
      schema.plugins(of: kind).first { $0.id == choices[kind]?.plugin }
    }
    guard let manager = descriptor(.serviceManager), let writer = descriptor(.manifestWriter), !manager.fits(writer)
    else { return }
    // The one that the user wrote; where both are written, the one that is easier to change.
    let isWriterWritten = positions["spec.manifestWriter"] != nil
    let fitting = PluginCombination.fitting(among: schema.plugins).map(\.description)
    findings.error(
      "plugin-combination", at: place(isWriterWritten ? "spec.manifestWriter.plugin" : "spec.serviceManager.plugin"),
      "the service manager `\(manager.id)` does not run what the manifest writer `\(writer.id)` writes"
        + (isWriterWritten ? "" : ", which is the default"),
      why: "a service manager runs one form of manifest", fix: "use one of: \(fitting.joined(separator: ", "))")
  }

  private mutating func checkImage(_ etcd: SettingsValue, etcdVersion: Version?) {
    if let repository = etcd["imageRepository"].string, repository.hasSuffix("/etcd") {
      findings.warning(
        "image-repository", at: place("spec.etcd.imageRepository"),
        "`spec.etcd.imageRepository` is \(shown(repository)), so the image is \(shown(repository + "/etcd"))",
        why: "`/etcd` is added to the repository, as kubeadm does", fix: "remove `/etcd` if it is not meant twice")
    }
    if let tag = etcd["imageTag"].string, let etcdVersion, let tagged = Version(tag), tagged != etcdVersion {
      findings.warning(
        "image-tag", at: place("spec.etcd.imageTag"),
        "`spec.etcd.imageTag` is \(shown(tag)), and `spec.etcd.version` is \(etcdVersion)",
        why: "etcd's flags follow `version`; an etcd that does not know one of them does not start",
        fix: "let the two agree, unless the tag has numbers of its own")
    }
  }

  /// A path on the operator's machine in full; nil, with a finding, where `~` stands for nothing.
  mutating func resolved(_ path: String, at key: String) -> String? {
    if path == "~" || path.hasPrefix("~/") {
      guard let homeFolder else {
        findings.error(
          "path", at: place(key), "`\(key)` is \(shown(path)), and there is no home folder",
          why: "the variable HOME is not set", fix: "write the path in full")
        return nil
      }
      return PathCheck.normalized(homeFolder + String(path.dropFirst()))
    }
    return PathCheck.normalized(path.hasPrefix("/") ? path : baseFolder + "/" + path)
  }
}
