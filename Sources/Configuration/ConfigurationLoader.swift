public import QuorateCore

/// Reads a configuration: YAML in, a checked ``ClusterSpec`` and every finding out.
///
/// Reading is a pure function of what it is given, apart from ``load(path:environment:)``, which reads the file, and of
/// what ``outside`` answers.
public struct ConfigurationLoader: Sendable {
  /// The plugins that may be chosen.
  public var plugins: [PluginDescriptor]
  /// The folder that a relative file name starts from, absolute.
  public var workingFolder: String
  /// What `~/` stands for; nil: such a path is an error.
  public var homeFolder: String?

  /// Where values from outside of the file (`${env:NAME}`, `${file:PATH}`) are taken from.
  public var outside: OutsideSources

  /// Makes a loader.
  public init(
    plugins: [PluginDescriptor], workingFolder: String, homeFolder: String? = nil,
    outside: OutsideSources = .process
  ) {
    self.plugins = plugins
    self.workingFolder = workingFolder
    self.homeFolder = homeFolder
    self.outside = outside
  }

  /// Reads a file and what is in it.
  ///
  /// - Parameters:
  ///   - path: The file, as the user named it; positions carry this name.
  ///   - environment: The overlay to lay over the rest; nil: none.
  /// - Returns: The result; a file that cannot be read is a finding like any other.
  public func load(path: String, environment: String? = nil) -> LoadedConfiguration {
    switch ConfigurationFile.read(path, from: workingFolder) {
    case .success(let bytes): load(file: path, bytes: bytes, environment: environment)
    case .failure(let failure):
      LoadedConfiguration(
        findings: [failure.finding], positions: ConfigurationPositions(), environments: [], pipelines: [],
        baseFolder: baseFolder(of: path))
    }
  }

  /// Reads a configuration's bytes.
  ///
  /// - Parameters:
  ///   - file: The file's name, for positions and for the folder that relative paths start from.
  ///   - bytes: UTF-8, at most 1 MiB.
  ///   - environment: The overlay to lay over the rest; nil: none.
  public func load(file: String, bytes: [UInt8], environment: String? = nil) -> LoadedConfiguration {
    var result = LoadedConfiguration(
      findings: [], positions: ConfigurationPositions(), environments: [], pipelines: [],
      baseFolder: baseFolder(of: file))
    var findings = FindingCollector()
    guard let source = SourceText(file: file, bytes: bytes, findings: &findings) else {
      result.findings = findings.ordered
      return result
    }
    var reader = DocumentReader(source: source)
    let root = reader.read()
    findings.merge(reader.findings)
    if let root {
      read(root, environment: environment, findings: &findings, into: &result)
    }
    result.findings = findings.ordered
    return result
  }

  private func read(
    _ root: ConfigurationNode, environment: String?, findings: inout FindingCollector,
    into result: inout LoadedConfiguration
  ) {
    let schema = ConfigurationSchema(plugins: plugins)
    let document = DocumentDecoder(
      schema: schema,
      outside: OutsideValues(outside, baseFolder: result.baseFolder, homeFolder: homeFolder))
    let decoded = document.decode(root, environment: environment)
    result.environments = decoded.environments
    result.positions = decoded.positions
    findings.merge(decoded.findings)
    guard let value = decoded.value else { return }
    var assembly = SpecAssembly(
      value: value, positions: decoded.positions, schema: schema, baseFolder: result.baseFolder,
      homeFolder: homeFolder)
    let spec = assembly.assemble()
    findings.merge(assembly.findings)
    result.pipelines = assembly.pipelines
    if !findings.hasErrors, let spec {
      result.spec = spec
      result.effective = EffectiveConfiguration(
        value: value, origins: decoded.origins, keys: decoded.positions.keys, schema: schema)
    }
  }

  private func baseFolder(of file: String) -> String {
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    return PathCheck.normalized(folder.hasPrefix("/") ? folder : workingFolder + "/" + folder)
  }
}
