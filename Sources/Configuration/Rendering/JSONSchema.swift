internal import QuorateCore

extension ConfigurationSchema {
  /// The document's JSON Schema (draft 2020-12), for editors and other programs; it ends with a line end.
  ///
  /// It describes what single values look like. What holds among several (addresses that differ, an odd number of
  /// members) only Quorate checks.
  public var jsonSchema: String {
    JSONSchemaWriter(schema: self).document.text() + "\n"
  }
}

/// Writes a description as a JSON Schema.
private struct JSONSchemaWriter {
  let schema: ConfigurationSchema

  var document: JSONText {
    guard case .object(let members) = object(schema.document, isOverlay: false, summary: nil) else { return .null }
    let head: [(String, JSONText)] = [
      ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
      ("title", .string("Quorate cluster configuration (\(ConfigurationSchema.apiVersion))")),
    ]
    return .object(head + members)
  }

  private func object(_ object: SchemaObject, isOverlay: Bool, summary: String?) -> JSONText {
    var members = described(type: "object", isOverlay: isOverlay, summary)
    members.append(
      (
        "properties",
        .object(
          object.keys.map { key in
            // Only what stands below an environment's name is an overlay.
            (key.name, property(key, isOverlay: isOverlay || key.name == "environments"))
          })
      ))
    members.append(("additionalProperties", .boolean(false)))
    let required = object.keys.filter { $0.isRequired && !isOverlay }.map { JSONText.string($0.name) }
    if !required.isEmpty { members.append(("required", .array(required))) }
    return .object(members)
  }

  private func property(_ key: SchemaKey, isOverlay: Bool) -> JSONText {
    var summary = key.summary
    if let text = key.defaultText { summary += " Default: \(text.filter { $0 != "`" })." }
    if key.isSecret { summary += " Secret: take it from `${file:PATH}` or `${env:NAME}`.".filter { $0 != "`" } }
    return value(key.type, isOverlay: isOverlay, summary: summary)
  }

  /// `{type, description}`; an absent value may also be written as `null`.
  private func described(type: String, isOverlay: Bool, _ summary: String?) -> [(String, JSONText)] {
    [("type", isOverlay ? .array([.string(type), .string("null")]) : .string(type))]
      + (summary.map { [("description", .string($0))] } ?? [])
  }

  private func value(_ type: SchemaType, isOverlay: Bool, summary: String?) -> JSONText {
    switch type {
    case .object(let inner): return object(inner, isOverlay: isOverlay, summary: summary)
    case .map(let element):
      return .object(
        described(type: "object", isOverlay: isOverlay, summary)
          + [("additionalProperties", value(element, isOverlay: isOverlay, summary: nil))])
    case .list(let element):
      // An overlay's hosts are known by their names; every other list is written whole.
      let isNamed = SettingsDecoder.isNamed(element)
      var items = value(element, isOverlay: isOverlay && isNamed, summary: nil)
      if isOverlay, isNamed, case .object(let members) = items {
        items = .object(
          members.map { $0.0 == "type" ? ("type", .string("object")) : $0 } + [("required", .array([.string("name")]))])
      }
      return .object(described(type: "array", isOverlay: isOverlay, summary) + [("items", items)])
    case .string(let form):
      let pattern = pattern(of: form)
      return pattern.isEmpty
        ? .object(described(type: "string", isOverlay: isOverlay, summary))
        : unlessReference(described(type: "string", isOverlay: isOverlay, nil) + pattern, summary)
    case .scalar:
      return .object(
        [("type", .array(["string", "number", "boolean"].map(JSONText.string)))]
          + (summary.map { [("description", .string($0))] } ?? []))
    case .oneOf(let words):
      let values = words.map(JSONText.string) + (isOverlay ? [.null] : [])
      return unlessReference([("enum", .array(values))], summary)
    case .integer(let minimum, let maximum):
      return unlessReference(
        described(type: "integer", isOverlay: isOverlay, nil)
          + [("minimum", .integer(minimum)), ("maximum", .integer(maximum))], summary)
    case .boolean: return unlessReference(described(type: "boolean", isOverlay: isOverlay, nil), summary)
    case .duration:
      return unlessReference(
        described(type: "string", isOverlay: isOverlay, nil)
          + [("pattern", .string(#"^[+-]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$"#))], summary)
    case .plugin(let kind): return plugin(kind, isOverlay: isOverlay, summary: summary)
    case .anyOf(let types):
      return .object(
        (summary.map { [("description", .string($0))] } ?? [])
          + [("anyOf", .array(types.map { value($0, isOverlay: isOverlay, summary: nil) }))])
    }
  }

  /// What must hold of a value, unless it takes something from elsewhere: `${env:NAME}` may stand for any.
  private func unlessReference(_ constraints: [(String, JSONText)], _ summary: String?) -> JSONText {
    .object(
      (summary.map { [("description", .string($0))] } ?? []) + [
        ("if", .object([("type", .string("string")), ("pattern", .string(#"\$\{"#))])),
        ("else", .object(constraints)),
      ])
  }

  private func plugin(_ kind: PluginKind, isOverlay: Bool, summary: String?) -> JSONText {
    let plugins = schema.plugins(of: kind)
    let names = plugins.map { JSONText.string($0.id) } + (isOverlay ? [.null] : [])
    let lines = plugins.map { "\($0.id): \($0.summary)" }.joined(separator: "\n")
    var members = described(type: "object", isOverlay: isOverlay, summary)
    members.append(
      (
        "properties",
        .object([
          ("plugin", unlessReference([("enum", .array(names))], lines)),
          ("with", .object(described(type: "object", isOverlay: true, "The plugin's settings."))),
        ])
      ))
    members.append(("additionalProperties", .boolean(false)))
    if !isOverlay { members.append(("required", .array([.string("plugin")]))) }
    let rules = plugins.map { plugin in
      let settings = schema.settings(of: plugin)
      let with = object(settings, isOverlay: isOverlay, summary: nil)
      var then: [(String, JSONText)] = [("properties", .object([("with", nullable(with))]))]
      if !isOverlay, settings.keys.contains(where: \.isRequired) {
        then.append(("required", .array([.string("with")])))
      }
      return JSONText.object([
        (
          "if",
          .object([
            ("properties", .object([("plugin", .object([("const", .string(plugin.id))]))])),
            ("required", .array([.string("plugin")])),
          ])
        ),
        ("then", .object(then)),
      ])
    }
    if !rules.isEmpty { members.append(("allOf", .array(rules))) }
    return .object(members)
  }

  /// `with:` with nothing behind it is as good as absent.
  private func nullable(_ value: JSONText) -> JSONText {
    guard case .object(let members) = value else { return value }
    return .object(
      members.map { $0.0 == "type" ? ("type", .array([.string("object"), .string("null")])) : $0 })
  }

  private func pattern(of form: String) -> [(String, JSONText)] {
    switch form {
    case TextForm.name: [("pattern", .string("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"))]
    case TextForm.ipAddress:
      [("anyOf", .array(["ipv4", "ipv6"].map { .object([("format", .string($0))]) }))]
    case TextForm.loginName: [("pattern", .string(#"^[A-Za-z0-9_.@+\\][A-Za-z0-9_.@+\\-]*$"#))]
    case TextForm.absolutePath, ConfigurationForm.dataFolder: [("pattern", .string("^/"))]
    case TextForm.url: [("pattern", .string("^[A-Za-z][A-Za-z0-9+.-]*://."))]
    case ConfigurationForm.kubernetesVersion, ConfigurationForm.etcdVersion:
      [("pattern", .string(#"^v?[0-9]+\.[0-9]+\.[0-9]+$"#))]
    case ConfigurationForm.imageTag: [("pattern", .string("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"))]
    default: []
    }
  }
}
