internal import QuorateCore

/// Turns nodes into settings, by the schema. Every fault becomes a finding; what is faulty is left out of the result.
struct SettingsDecoder {
  /// Whether a text is read as a whole configuration or as something to lay over one.
  enum Mode {
    /// Required keys must be there; `null` is as good as absent.
    case whole
    /// Any key may be absent; `null` removes one.
    case overlay
  }

  let schema: ConfigurationSchema
  var mode: Mode
  /// The plugins chosen below, where an overlay changes a plugin's settings alone.
  var chosenBelow: [PluginKind: String] = [:]
  /// Where values from elsewhere are read.
  let outside: OutsideValues
  /// Whether what is decoded stands below a key that holds a secret.
  var isSecret = false
  var findings = FindingCollector()
  var positions = ConfigurationPositions()
  /// Where each value comes from; kept where the document is read as a whole.
  var origins: [String: ValueOrigin] = [:]

  init(schema: ConfigurationSchema, mode: Mode, outside: OutsideValues) {
    self.schema = schema
    self.mode = mode
    self.outside = outside
  }

  /// Decodes a value.
  ///
  /// - Parameters:
  ///   - path: What messages call the value.
  ///   - place: Where a finding about the value points.
  ///   - key: Where its key stands.
  /// - Returns: nil where the value is null or of another type.
  mutating func decode(
    _ node: ConfigurationNode, as type: SchemaType, at path: String, place: SourcePosition,
    key: SourcePosition? = nil
  ) -> SettingsValue? {
    positions.set(path, value: place, key: key)
    if mode == .whole { origins[path] = ValueOrigin(position: place, environment: node.environment) }
    if case .unreadable = node.content { return nil }
    switch type {
    case .object(let object): return decodeObject(node, object, at: path, place: place)
    case .map(let element): return decodeMap(node, of: element, at: path, place: place)
    case .list(let element): return decodeList(node, of: element, at: path, place: place)
    case .plugin(let kind): return decodePlugin(node, kind: kind, at: path, place: place)
    case .anyOf(let types):
      guard let fitting = types.first(where: { Self.fits(node, $0) }) else {
        mismatch(node, type, at: path, place: place)
        return nil
      }
      return decode(node, as: fitting, at: path, place: place, key: key)
    default: return decodeScalar(node, as: type, at: path, place: place)
    }
  }

  private static func fits(_ node: ConfigurationNode, _ type: SchemaType) -> Bool {
    switch (node.content, type) {
    case (.mapping, .object), (.mapping, .map), (.mapping, .plugin), (.list, .list): true
    case (.text, .object), (.text, .map), (.text, .plugin), (.text, .list): false
    case (.text, _): true
    default: false
    }
  }

  // MARK: Mappings

  private mutating func decodeObject(
    _ node: ConfigurationNode, _ object: SchemaObject, at path: String, place: SourcePosition
  ) -> SettingsValue? {
    guard let entries = node.entries else {
      mismatch(node, .object(object), at: path, place: place)
      return nil
    }
    var values: [String: SettingsValue] = [:]
    var meant: Set<String> = []
    for entry in entries {
      guard let key = object[entry.key] else {
        if let near = unknownKey(entry, in: object, at: path) { meant.insert(near) }
        continue
      }
      guard !entry.value.isNull else { continue }
      let inner = ConfigurationPositions.path(path, key.name)
      let isSecretAround = isSecret
      isSecret = isSecretAround || key.isSecret
      values[key.name] = decode(
        entry.value, as: key.type, at: inner, place: entry.place, key: entry.keyPosition)
      isSecret = isSecretAround
    }
    if mode == .whole {
      // A key that is only misspelt is not told to be missing as well.
      for key in object.keys where key.isRequired && !meant.contains(key.name) && (node[key.name]?.value.isNull ?? true)
      {
        missing(key, of: node, at: path, place: place)
      }
    }
    return .object(values)
  }

  private mutating func decodeMap(
    _ node: ConfigurationNode, of element: SchemaType, at path: String, place: SourcePosition
  ) -> SettingsValue? {
    guard let entries = node.entries else {
      mismatch(node, .map(of: element), at: path, place: place)
      return nil
    }
    var values: [String: SettingsValue] = [:]
    for entry in entries {
      if let fault = TextCheck.fault(in: entry.key, form: TextForm.text) {
        findings.error(
          fault.code, at: entry.keyPosition, "the key \(shown(entry.key)) in \(named(path)) is a name \(fault.what)",
          why: fault.why, fix: fault.fix)
        continue
      }
      let inner = ConfigurationPositions.path(path, entry.key)
      // A free key with nothing behind it is a value like another for the caller to judge.
      if entry.value.isNull {
        positions.set(inner, value: entry.place, key: entry.keyPosition)
        values[entry.key] = .null
        continue
      }
      values[entry.key] = decode(
        entry.value, as: element, at: inner, place: entry.place, key: entry.keyPosition)
    }
    return .object(values)
  }

  /// Reports a key that is not known, and returns the one that is probably meant.
  @discardableResult private mutating func unknownKey(
    _ entry: ConfigurationNode.Entry, in object: SchemaObject, at path: String
  ) -> String? {
    guard !findings.isFull else { return nil }
    let names = object.keys.map(\.name)
    let near = NearestName.find(entry.key, among: names)
    let place = path.isEmpty ? "at the top of the file" : "in \(named(path))"
    let fix =
      if let near {
        "did you mean `\(near)`?"
      } else if let others = plugins(with: entry.key, at: path) {
        "remove it: it is a setting of \(others)"
      } else if let home = SchemaIndex.paths(of: entry.key, in: schema).first {
        "`\(shown(entry.key).dropFirst().dropLast())` belongs in `\(home)`"
      } else if names.isEmpty {
        "remove it: no key can stand here"
      } else {
        "the keys here are " + names.map { "`\($0)`" }.joined(separator: ", ")
      }
    findings.error("unknown-key", at: entry.keyPosition, "unknown key \(shown(entry.key)) \(place)", fix: fix)
    return near
  }

  /// The other plugins of a kind that have a setting which this one's `with` has not, in words; nil: none has, or the
  /// path is none of a plugin's settings.
  private func plugins(with setting: String, at path: String) -> String? {
    guard let kind = PluginKind.allCases.first(where: { path.hasSuffix(".\($0.key).with") }) else { return nil }
    let names = schema.plugins(of: kind).filter { schema.settings(of: $0)[setting] != nil }.map { "`\($0.id)`" }
    guard let last = names.last else { return nil }
    if names.count == 1 { return "the \(kind.noun) \(last)" }
    return "the \(kind.noun)s \(names.dropLast().joined(separator: ", ")) and \(last)"
  }

  private mutating func missing(
    _ key: SchemaKey, of node: ConfigurationNode, at path: String, place: SourcePosition
  ) {
    let inner = ConfigurationPositions.path(path, key.name)
    let example = key.example.map { ": `\(key.name): \($0)`" } ?? ""
    if let entry = node[key.name] {
      findings.error(
        "missing-value", at: entry.keyPosition, "`\(inner)` has no value", fix: "write one\(example)")
    } else {
      findings.error(
        "missing-key", at: place, "`\(inner)` is missing", why: Self.firstSentence(key.summary),
        fix: "add it\(example)")
    }
  }

  // MARK: Lists

  private mutating func decodeList(
    _ node: ConfigurationNode, of element: SchemaType, at path: String, place: SourcePosition
  ) -> SettingsValue? {
    guard case .list(let elements) = node.content else {
      mismatch(node, .list(of: element), at: path, place: place)
      return nil
    }
    var values: [SettingsValue] = []
    for (index, entry) in elements.enumerated() {
      let inner = "\(path)[\(index)]"
      if entry.isNull {
        positions.set(inner, value: entry.position)
        findings.error(
          "missing-value", at: entry.position, "`\(inner)` is empty", why: "an entry of a list must have a value",
          fix: "write it, or remove the entry")
        values.append(.null)
        continue
      }
      let value = decode(entry, as: element, at: inner, place: entry.position)
      // A faulty entry keeps its place, so that the others keep their index.
      values.append(value ?? .null)
    }
    if Self.isNamed(element) { checkNames(elements, at: path) }
    return .list(values)
  }

  /// Whether a list's entries are told apart by their `name`: those an overlay merges.
  static func isNamed(_ element: SchemaType) -> Bool {
    if case .object(let object) = element { object["name"]?.isRequired == true } else { false }
  }

  private mutating func checkNames(_ elements: [ConfigurationNode], at path: String) {
    var first: [String: SourcePosition] = [:]
    for (index, element) in elements.enumerated() {
      guard let entry = element["name"], let name = entry.value.text else {
        if mode == .overlay, element.entries != nil {
          findings.error(
            "missing-key", at: element.position, "`\(path)[\(index)].name` is missing",
            why: "an environment's entry is laid over the one of the same name", fix: "add it")
        }
        continue
      }
      if let earlier = first[name] {
        findings.error(
          "hosts.repeated-name", at: entry.place, "two hosts are named \(shown(name))",
          why:
            "a member is known by its name in etcd and in its certificates; the other one is in line \(earlier.line)",
          fix: "give each host a name of its own")
      } else {
        first[name] = entry.place
      }
    }
  }

  // MARK: Plugins

  private mutating func decodePlugin(
    _ node: ConfigurationNode, kind: PluginKind, at path: String, place: SourcePosition
  ) -> SettingsValue? {
    let known = schema.plugins(of: kind)
    guard let entries = node.entries else {
      if let name = node.text, known.contains(where: { $0.id == name }) {
        findings.error(
          "type", at: place, "`\(path)` is text; a mapping must stand here",
          fix: "write `\(kind.key): {plugin: \(name)}`")
      } else {
        mismatch(node, .plugin(kind), at: path, place: place)
      }
      return nil
    }
    var values: [String: SettingsValue] = [:]
    var chosen = mode == .overlay ? chosenBelow[kind] : nil
    if let entry = node["plugin"], !entry.value.isNull {
      chosen = nil
      let type = SchemaType.string(form: ConfigurationForm.pluginName)
      let inner = ConfigurationPositions.path(path, "plugin")
      if case .string(let name)? = decode(
        entry.value, as: type, at: inner, place: entry.place, key: entry.keyPosition)
      {
        values["plugin"] = .string(name)
        if known.contains(where: { $0.id == name }) {
          chosen = name
        } else {
          unknownPlugin(name, kind: kind, at: entry.place)
        }
      }
    } else if mode == .whole {
      missing(
        SchemaKey(
          "plugin", .string(form: ConfigurationForm.pluginName), example: DefaultPlugin.name(kind),
          "It names \(kind.phrase)."),
        of: node, at: path, place: place)
    }
    let descriptor = known.first { $0.id == chosen }
    let settings = descriptor.map(schema.settings(of:))
    let shape = SchemaObject([
      SchemaKey("plugin", .string(form: ConfigurationForm.pluginName), ""),
      SchemaKey("with", .object(SchemaObject()), ""),
    ])
    for entry in entries where entry.key != "plugin" && entry.key != "with" {
      if settings?[entry.key] != nil {
        findings.error(
          "unknown-key", at: entry.keyPosition, "unknown key `\(entry.key)` in `\(path)`",
          why: "it is a setting of the plugin", fix: "write it under `with`: `with: {\(entry.key): …}`")
      } else {
        unknownKey(entry, in: shape, at: path)
      }
    }
    let inner = ConfigurationPositions.path(path, "with")
    if let settings {
      let entry = node["with"]
      let value = entry.flatMap { $0.value.isNull ? nil : $0.value }
      let with = value ?? ConfigurationNode(position: place, content: .mapping([]), size: 1)
      let decoded = decode(
        with, as: .object(settings), at: inner, place: entry?.place ?? place, key: entry?.keyPosition)
      if let decoded { values["with"] = decoded }
    } else if let entry = node["with"] {
      locate(entry.value, at: inner)
    }
    return .object(values)
  }

  private mutating func unknownPlugin(_ name: String, kind: PluginKind, at place: SourcePosition) {
    let known = schema.plugins(of: kind).map(\.id)
    let list = known.isEmpty ? "none is known" : "known: " + known.map { "`\($0)`" }.joined(separator: ", ")
    let other = schema.plugins.first { $0.id == name }
    let why = other.map { "`\($0.id)` is \($0.kind.phrase), for `spec.\($0.kind.key)`" } ?? ""
    let near = NearestName.find(name, among: known).map { "did you mean `\($0)`? " } ?? ""
    findings.error(
      "unknown-plugin", at: place, "there is no \(kind.noun) \(shown(name))", why: why,
      fix: "\(near)\(list)")
  }

  /// Records the places of a value that no schema describes.
  private mutating func locate(_ node: ConfigurationNode, at path: String) {
    positions.set(path, value: node.position)
    switch node.content {
    case .mapping(let entries):
      for entry in entries { locate(entry.value, at: ConfigurationPositions.path(path, entry.key)) }
    case .list(let elements):
      for (index, element) in elements.enumerated() { locate(element, at: "\(path)[\(index)]") }
    case .text, .unreadable: break
    }
  }

  // MARK: Findings

  mutating func mismatch(_ node: ConfigurationNode, _ type: SchemaType, at path: String, place: SourcePosition) {
    let actual =
      switch node.content {
      case .mapping: "is a mapping"
      case .list: "is a list"
      case .unreadable: "cannot be read"
      case .text(let text, let isPlain):
        node.isNull
          ? "has no value"
          : isSecret
            ? "is text" : isPlain ? "is \(shown(text))" : "is the text \(shown(text))"
      }
    findings.error(
      "type", at: place, "\(named(path)) \(actual); \(SchemaPhrase.expectation(type)) must stand here",
      fix: SchemaPhrase.hint(type))
  }

  /// A path in a sentence.
  func named(_ path: String) -> String { path.isEmpty ? "the file" : "`\(path)`" }

  private static func firstSentence(_ text: String) -> String {
    let end =
      text.firstRange(of: ". ")?.lowerBound ?? (text.hasSuffix(".") ? text.index(before: text.endIndex) : text.endIndex)
    let sentence = text[..<end]
    // It stands behind `why:`, so it begins small, unless it begins with a name in capitals.
    guard sentence.dropFirst().first?.isLowercase ?? sentence.dropFirst().first?.isWhitespace ?? false else {
      return String(sentence)
    }
    return sentence.prefix(1).lowercased() + sentence.dropFirst()
  }
}
