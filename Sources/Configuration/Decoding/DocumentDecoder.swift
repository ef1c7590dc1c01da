internal import QuorateCore

/// Decodes a document: the file as it is written, and the file with an environment laid over it.
struct DocumentDecoder {
  let schema: ConfigurationSchema
  let outside: OutsideValues

  /// What came of it.
  struct Outcome {
    /// The document's settings, merged; nil where the document is no mapping or of another version.
    var value: SettingsValue?
    var findings = FindingCollector()
    var positions = ConfigurationPositions()
    var environments: [String] = []
    /// Where each value of the merged document comes from, by its path.
    var origins: [String: ValueOrigin] = [:]
  }

  func decode(_ root: ConfigurationNode, environment: String?) -> Outcome {
    var outcome = Outcome()
    guard root.entries != nil else {
      outcome.findings.error(
        "type", at: root.position, "the file holds no mapping",
        fix: "a configuration begins with `apiVersion: \(ConfigurationSchema.apiVersion)`; `quorate init` writes one")
      return outcome
    }
    if isOfAnotherVersion(root, &outcome) { return outcome }
    let chosen = choose(environment, of: root, &outcome)
    // The file as it is written: every environment is checked, whichever is chosen.
    decodeEnvironments(of: root, &outcome)
    let base = resolvingNames(without("environments", root))
    if let chosen, let environment {
      _ = decodeDocument(root, mode: .overlay, &outcome)
      let overlay = resolvingNames(chosen.within(environment: environment))
      outcome.value = decodeDocument(merge(base, with: overlay), mode: .whole, &outcome)
    } else {
      outcome.value = decodeDocument(base, mode: .whole, &outcome)
    }
    return outcome
  }

  /// A file of another program or of a later version would only be a heap of unknown keys.
  private func isOfAnotherVersion(_ root: ConfigurationNode, _ outcome: inout Outcome) -> Bool {
    guard let entry = root["apiVersion"], let text = entry.value.text, text != ConfigurationSchema.apiVersion else {
      return false
    }
    let isOurs = NearestName.find(text, among: [ConfigurationSchema.apiVersion]) != nil
    if isOurs, !text.hasPrefix("quorate/") { return false }
    let fix =
      text.hasPrefix("kubeadm.k8s.io")
      ? "this is kubeadm's own configuration; `quorate init` writes one for Quorate"
      : "write `apiVersion: \(ConfigurationSchema.apiVersion)`, or use the Quorate that this file is for"
    outcome.findings.error(
      "api-version", at: entry.place, "`apiVersion` is \(shown(text)), which this Quorate does not read",
      why: "it reads `\(ConfigurationSchema.apiVersion)`", fix: fix)
    return true
  }

  private func choose(
    _ name: String?, of root: ConfigurationNode, _ outcome: inout Outcome
  ) -> ConfigurationNode? {
    let entries = root["environments"]?.value.entries ?? []
    outcome.environments = entries.map(\.key)
    guard let name else { return nil }
    if let entry = entries.first(where: { $0.key == name }) {
      return entry.value.isNull
        ? ConfigurationNode(position: entry.keyPosition, content: .mapping([]), size: 1) : entry.value
    }
    let known = outcome.environments.map(shown).joined(separator: ", ")
    let near = NearestName.find(name, among: outcome.environments).map { "did you mean \(shown($0))? " } ?? ""
    outcome.findings.error(
      "unknown-environment", at: root["environments"]?.keyPosition ?? root.position,
      "there is no environment \(shown(name))",
      fix: known.isEmpty ? "the file has none; leave `--environment` out" : "\(near)known: \(known)")
    return nil
  }

  private func decodeEnvironments(of root: ConfigurationNode, _ outcome: inout Outcome) {
    guard let environments = root["environments"], !environments.value.isNull else { return }
    guard let entries = environments.value.entries, let type = schema.document["environments"]?.type else {
      run(.overlay, &outcome) { decoder in
        _ = decoder.decode(
          environments.value, as: .map(of: .object(SchemaObject())), at: "environments", place: environments.place)
      }
      return
    }
    guard case .map(let element) = type else { return }
    run(.overlay, &outcome) { decoder in
      decoder.positions.set("environments", value: environments.place, key: environments.keyPosition)
      for kind in PluginKind.allCases {
        decoder.chosenBelow[kind] =
          root["spec"]?.value[kind.key]?.value["plugin"]?.value.text ?? DefaultPlugin.name(kind)
      }
      for entry in entries {
        let path = ConfigurationPositions.path("environments", entry.key)
        if let fault = TextCheck.fault(in: entry.key, form: TextForm.name) {
          decoder.findings.error(
            fault.code, at: entry.keyPosition, "an environment is named \(shown(entry.key)), \(fault.what)",
            why: fault.why, fix: fault.fix)
        }
        if entry.value.isNull {
          decoder.positions.set(path, value: entry.place, key: entry.keyPosition)
          continue
        }
        if let spec = entry.value["spec"] {
          decoder.findings.error(
            "unknown-key", at: spec.keyPosition, "unknown key `spec` in `\(path)`",
            why: "an environment holds the keys of `spec` themselves", fix: "move what stands below it one level up")
        }
        let value = without("spec", entry.value)
        _ = decoder.decode(value, as: element, at: path, place: entry.place, key: entry.keyPosition)
      }
    }
  }

  private func decodeDocument(
    _ root: ConfigurationNode, mode: SettingsDecoder.Mode, _ outcome: inout Outcome
  ) -> SettingsValue? {
    var value: SettingsValue?
    run(mode, &outcome) { decoder in
      value = decoder.decode(without("environments", root), as: .object(schema.document), at: "", place: root.position)
    }
    return value
  }

  private func run(
    _ mode: SettingsDecoder.Mode, _ outcome: inout Outcome, _ body: (inout SettingsDecoder) -> Void
  ) {
    var decoder = SettingsDecoder(schema: schema, mode: mode, outside: outside)
    body(&decoder)
    if mode == .whole { outcome.origins = decoder.origins }
    outcome.findings.merge(decoder.findings)
    outcome.positions.replace(with: decoder.positions)
  }

  private func without(_ key: String, _ node: ConfigurationNode) -> ConfigurationNode {
    guard let entries = node.entries else { return node }
    var node = node
    node.content = .mapping(entries.filter { $0.key != key })
    return node
  }

  /// The node with the names in it that merging goes by, of hosts and plugins, taken from elsewhere already. One that
  /// is missing stays as it is written: decoding tells of it, unless an environment has another.
  private func resolvingNames(_ node: ConfigurationNode) -> ConfigurationNode {
    var node = node
    switch node.content {
    case .list(let elements): node.content = .list(elements.map(resolvingNames))
    case .mapping(let entries):
      node.content = .mapping(
        entries.map { entry in
          var entry = entry
          let isName = entry.key == "name" || entry.key == "plugin"
          // A plugin's settings have names of their own, secrets perhaps.
          guard entry.key != "with" else { return entry }
          entry.value = isName ? resolvingName(entry.value) : resolvingNames(entry.value)
          return entry
        })
    case .text, .unreadable: break
    }
    return node
  }

  private func resolvingName(_ node: ConfigurationNode) -> ConfigurationNode {
    guard case .text(let written, _) = node.content, Interpolation.isPresent(in: written) else { return node }
    guard let parsed = try? Interpolation(written), parsed.hasReferences else { return node }
    var text = ""
    for part in parsed.parts {
      switch part {
      case .text(let piece): text += piece
      case .reference(let reference, _):
        guard case .success(let bytes) = outside.value(of: reference),
          let piece = bytes.withBytes({ String(validating: $0, as: UTF8.self) })
        else { return node }
        text += piece
      }
    }
    var node = node
    node.content = .text(text, isPlain: false)
    node.references = parsed.references
    return node
  }

  /// The document with an environment laid over it.
  private func merge(_ root: ConfigurationNode, with environment: ConfigurationNode) -> ConfigurationNode {
    guard let entries = root.entries, let overlay = environment.entries else { return root }
    let besideSpec = ["metadata", "pipelines"]
    var above = overlay.filter { besideSpec.contains($0.key) }
    let inSpec = overlay.filter { !besideSpec.contains($0.key) && $0.key != "spec" }
    if !inSpec.isEmpty {
      let position = root["spec"]?.keyPosition ?? environment.position
      above.append(
        ConfigurationNode.Entry(
          key: "spec", keyPosition: position,
          value: ConfigurationNode(position: environment.position, content: .mapping(inSpec), size: environment.size)))
    }
    let top = ConfigurationNode(position: environment.position, content: .mapping(above), size: environment.size)
    var base = root
    base.content = .mapping(entries.filter { $0.key != "environments" })
    return Overlay.merge(base, with: top, as: .object(schema.document))
  }
}
