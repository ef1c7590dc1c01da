internal import QuorateCore

/// Puts decoded settings beside the schema: what is written, and the defaults of what is not.
struct EffectiveTree {
  let schema: ConfigurationSchema
  let origins: [String: ValueOrigin]
  /// Where the keys stand, for the order of names that no schema orders.
  let keys: [String: SourcePosition]
  /// Whether the CA is one that Quorate makes.
  let keepsNewAuthority: Bool

  private typealias Node = EffectiveConfiguration.Node

  func object(_ value: SettingsValue, _ object: SchemaObject, at path: String) -> EffectiveConfiguration.Node {
    var members: [(key: String, node: Node)] = []
    for key in object.keys {
      let inner = ConfigurationPositions.path(path, key.name)
      if case .null = value[key.name] {
        if let node = absent(key, at: inner) { members.append((key: key.name, node: node)) }
      } else {
        members.append((key: key.name, node: node(value[key.name], key.type, at: inner)))
      }
    }
    return members.isEmpty ? leaf(.object([:]), "{}", at: path) : .mapping(members)
  }

  private func node(_ value: SettingsValue, _ type: SchemaType, at path: String) -> Node {
    switch (type, value) {
    case (.object(let inner), .object): return object(value, inner, at: path)
    case (.map(let element), .object(let members)):
      let ordered = members.keys.map { (name: $0, path: ConfigurationPositions.path(path, $0)) }.sorted {
        let (a, b) = (keys[$0.path], keys[$1.path])
        return (a?.line ?? 0, a?.column ?? 0, $0.name) < (b?.line ?? 0, b?.column ?? 0, $1.name)
      }
      let nodes: [(key: String, node: Node)] = ordered.map {
        (key: $0.name, node: node(members[$0.name] ?? .null, element, at: $0.path))
      }
      return nodes.isEmpty ? leaf(value, "{}", at: path) : .mapping(nodes)
    case (.list(let element), .list(let elements)):
      let nodes = elements.enumerated().map { node($1, element, at: "\(path)[\($0)]") }
      return nodes.isEmpty ? leaf(value, "[]", at: path) : .list(nodes)
    case (.plugin(let kind), .object): return plugin(kind, value, at: path)
    case (.anyOf(let types), _):
      let fitting = types.first { type in
        switch (value, type) {
        case (.object, .object), (.object, .map), (.list, .list): true
        case (.object, _), (.list, _), (_, .object), (_, .map), (_, .list): false
        default: true
        }
      }
      return fitting.map { node(value, $0, at: path) } ?? leaf(value, "null", at: path)
    case (.duration, .integer(let seconds)):
      let text = GoDuration.text(seconds: Int64(seconds))
      return leaf(.string(text), text, at: path)
    case (_, .secret(let secret)):
      let yaml = secret.source.isEmpty ? SecretSetting.placeholder : written(at: path)
      return .setting(.init(path: path, value: .secret(yaml: YAMLText.scalar(yaml)), origin: origins[path]))
    case (.scalar, .string(let text)):
      // Taken as it is written, so a number may stay one.
      let isPlain =
        PlainText(text) == .integer || PlainText(text) == .boolean(true) || PlainText(text) == .boolean(false)
      return leaf(value, isPlain ? text : YAMLText.scalar(Interpolation.escaped(text)), at: path)
    default: return leaf(value, YAMLText.value(value), at: path)
    }
  }

  /// A secret as the configuration refers to it, where nothing but references stands there.
  private func written(at path: String) -> String {
    let references = origins[path]?.references ?? []
    return references.count == 1 ? references[0].description : SecretSetting.placeholder
  }

  private func leaf(_ value: SettingsValue, _ yaml: String, at path: String) -> Node {
    .setting(.init(path: path, value: .known(value, yaml: yaml), origin: origins[path]))
  }

  // MARK: What is not written

  private func absent(_ key: SchemaKey, at path: String) -> Node? {
    // What a part of a pipeline does not choose is the cluster's own, which stands under `spec`.
    if path.hasPrefix("pipelines") { return nil }
    switch key.type {
    case .object(let inner) where !inner.keys.contains(where: \.isRequired):
      if case .mapping(let members) = object(.object([:]), inner, at: path) { return .mapping(members) }
      return nil
    case .plugin(let kind): return plugin(kind, .object(["plugin": .string(DefaultPlugin.name(kind))]), at: path)
    default:
      guard let text = key.defaultText, path != "spec.ca.validity" || keepsNewAuthority else { return nil }
      return .setting(.init(path: path, value: value(text, of: key.type), origin: nil))
    }
  }

  private func plugin(_ kind: PluginKind, _ value: SettingsValue, at path: String) -> Node {
    let name = value["plugin"].string ?? ""
    var members: [(key: String, node: Node)] = [
      (key: "plugin", node: leaf(.string(name), YAMLText.scalar(name), at: path + ".plugin"))
    ]
    guard let descriptor = schema.plugins(of: kind).first(where: { $0.id == name }) else { return .mapping(members) }
    if case .mapping(let settings) = object(value["with"], schema.settings(of: descriptor), at: path + ".with") {
      members.append((key: "with", node: .mapping(settings)))
    }
    return .mapping(members)
  }

  /// A default of the schema: a value where it is one, words where it only describes one.
  private func value(_ text: String, of type: SchemaType) -> EffectiveConfiguration.Value {
    let described = EffectiveConfiguration.Value.described(text)
    guard !text.contains(" "), !text.contains("`") else { return described }
    switch type {
    case .boolean: return ["true", "false"].contains(text) ? .known(.boolean(text == "true"), yaml: text) : described
    case .integer: return Int(text).map { .known(.integer($0), yaml: text) } ?? described
    case .duration:
      return (try? GoDuration.seconds(text)) == nil ? described : .known(.string(text), yaml: text)
    case .oneOf(let words): return words.contains(text) ? .known(.string(text), yaml: YAMLText.scalar(text)) : described
    case .string(let form), .scalar(let form):
      return TextCheck.fault(in: text, form: form) == nil
        ? .known(.string(text), yaml: YAMLText.scalar(text)) : described
    default: return described
    }
  }
}
