public import QuorateCore

extension ConfigurationLoader {
  /// Reads the secrets of a plan that was decoded without them: those of its specification, and of what its stages
  /// choose instead.
  ///
  /// - Returns: The plan with the secrets that could be read, and a finding for each that could not.
  public func readingSecrets(of plan: Plan) -> (plan: Plan, findings: [Finding]) {
    var plan = plan
    var reader = SecretReader(
      outside: OutsideValues(outside, baseFolder: workingFolder, homeFolder: homeFolder))
    reader.read(&plan.spec)
    for index in plan.stages.indices {
      let path = ConfigurationPositions.path("stages", plan.stages[index].id.rawValue)
      reader.read(&plan.stages[index].issuer, at: path + ".issuer")
      reader.read(&plan.stages[index].transport, at: path + ".transport")
    }
    if var selection = plan.selection {
      let pipeline = ConfigurationPositions.path("pipelines", selection.pipeline.name)
      for (index, part) in selection.pipeline.parts.enumerated() {
        guard case .stage(var stage) = part else { continue }
        reader.read(&stage.issuer, at: "\(pipeline)[\(index)].issuer")
        reader.read(&stage.transport, at: "\(pipeline)[\(index)].transport")
        selection.pipeline.parts[index] = .stage(stage)
      }
      plan.selection = selection
    }
    return (plan, reader.findings.findings)
  }

  /// Reads the secrets of a specification that was decoded without them.
  ///
  /// - Returns: The specification with the secrets that could be read, and a finding for each that could not.
  public func readingSecrets(of spec: ClusterSpec) -> (spec: ClusterSpec, findings: [Finding]) {
    var spec = spec
    var reader = SecretReader(
      outside: OutsideValues(outside, baseFolder: workingFolder, homeFolder: homeFolder))
    reader.read(&spec)
    return (spec, reader.findings.findings)
  }
}

/// Puts bytes behind the secrets of settings, by where they come from.
private struct SecretReader {
  let outside: OutsideValues
  var findings = FindingCollector()

  mutating func read(_ spec: inout ClusterSpec) {
    spec.transport.settings = read(spec.transport.settings, at: "spec.transport.with")
    spec.issuer.settings = read(spec.issuer.settings, at: "spec.issuer.with")
    spec.serviceManager.settings = read(spec.serviceManager.settings, at: "spec.serviceManager.with")
    spec.manifestWriter.settings = read(spec.manifestWriter.settings, at: "spec.manifestWriter.with")
  }

  mutating func read(_ choice: inout PluginChoice?, at path: String) {
    guard var chosen = choice else { return }
    chosen.settings = read(chosen.settings, at: path + ".with")
    choice = chosen
  }

  mutating func read(_ value: SettingsValue, at path: String) -> SettingsValue {
    switch value {
    case .object(let members):
      var result: [String: SettingsValue] = [:]
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        result[key] = read(member, at: ConfigurationPositions.path(path, key))
      }
      return .object(result)
    case .list(let elements):
      var result: [SettingsValue] = []
      for (index, element) in elements.enumerated() { result.append(read(element, at: "\(path)[\(index)]")) }
      return .list(result)
    case .secret(let secret) where secret.bytes == nil: return .secret(read(secret, at: path))
    case .null, .boolean, .integer, .string, .secret: return value
    }
  }

  private mutating func read(_ secret: SecretSetting, at path: String) -> SecretSetting {
    guard let parsed = try? Interpolation(secret.source), parsed.hasReferences else {
      findings.error(
        "secret.not-in-plan", at: nil, "the plan does not hold `\(path)`, a secret that the configuration has itself",
        why: "a saved plan never holds a secret",
        fix: "let the configuration take it from `${file:PATH}` or `${env:NAME}`, and make the plan anew")
      return secret
    }
    var pieces: [SecretBytes] = []
    for part in parsed.parts {
      switch part {
      case .text(let text): pieces.append(SecretBytes(Array(text.utf8)))
      case .reference(let reference, _):
        switch outside.value(of: reference) {
        case .success(let bytes): pieces.append(bytes)
        case .failure(let missing):
          findings.error(
            reference.kind == .file ? "outside.file" : "outside.variable", at: nil,
            "`\(path)` takes \(shown(reference.description)), \(missing.what)", why: missing.why, fix: missing.fix)
        }
      }
    }
    guard pieces.count == parsed.parts.count else { return secret }
    return SecretSetting(source: secret.source, bytes: SecretBytes(joining: pieces))
  }
}

extension SecretBytes {
  /// Copies several secrets behind each other.
  convenience init(joining pieces: [SecretBytes]) {
    self.init(count: pieces.reduce(0) { $0 + $1.count }) { memory in
      var offset = 0
      for piece in pieces {
        piece.withBytes { UnsafeMutableRawBufferPointer(rebasing: memory[offset...]).copyBytes(from: $0) }
        offset += piece.count
      }
    }
  }
}
