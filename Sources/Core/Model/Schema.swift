/// The description of a mapping in the configuration. Decoding, `quorate schema` and the reference page in
/// `docs/` all come from the same value.
public struct SchemaObject: Sendable, Codable, Hashable {
  /// The keys it may have, in the order of the reference page.
  public var keys: [SchemaKey]

  /// Makes a description.
  public init(_ keys: [SchemaKey] = []) { self.keys = keys }

  /// The key of a name.
  public subscript(name: String) -> SchemaKey? { keys.first { $0.name == name } }
}

/// One key of a mapping.
public struct SchemaKey: Sendable, Codable, Hashable {
  /// The key as it is written.
  public var name: String
  /// What may stand behind it.
  public var type: SchemaType
  /// Whether it must be there.
  public var isRequired: Bool
  /// What holds when it is absent, as the reference page shows it; nil: nothing.
  public var defaultText: String?
  /// A value as it may be written, for messages, editors and the reference page; nil: none is shown.
  public var example: String?
  /// What it means, in full sentences.
  public var summary: String
  /// Whether each text below it is a secret: read as ``SettingsValue/secret(_:)``, never printed, and told to come from
  /// outside of the file (`${env:NAME}`, `${file:PATH}`).
  public var isSecret: Bool

  /// Makes a key.
  public init(
    _ name: String, _ type: SchemaType, required: Bool = false, default defaultText: String? = nil,
    example: String? = nil, secret: Bool = false, _ summary: String
  ) {
    self.name = name
    self.type = type
    self.isRequired = required
    self.defaultText = defaultText
    self.example = example
    self.summary = summary
    isSecret = secret
  }
}

/// What may stand behind a key.
public indirect enum SchemaType: Sendable, Codable, Hashable {
  /// Text; `form` says what kind (`IP address`, `path`), for messages and the reference page. The forms of
  /// ``TextForm`` are checked when the configuration is read; another one is only shown.
  case string(form: String)
  /// Text, a number or a truth value, taken as text exactly as it is written: `4096`, `true`, `5s`.
  case scalar(form: String)
  /// One of these words.
  case oneOf([String])
  /// A whole number in a range.
  case integer(minimum: Int, maximum: Int)
  /// `true` or `false`.
  case boolean
  /// A length of time as Go writes it (`8760h`, `1h30m`).
  case duration
  /// A list.
  case list(of: SchemaType)
  /// A mapping with these keys.
  case object(SchemaObject)
  /// A mapping from free names to values of one type.
  case map(of: SchemaType)
  /// A plugin of this kind, with its settings: `{plugin: NAME, with: {…}}`.
  case plugin(PluginKind)
  /// One of several types that differ in their YAML form: text, list or mapping.
  case anyOf([SchemaType])
}

/// A value from the configuration, decoded and checked against its schema.
public enum SettingsValue: Sendable, Codable, Hashable {
  /// Nothing.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A whole number. A duration is a number of seconds.
  case integer(Int)
  /// Text.
  case string(String)
  /// A secret, where the schema says that it is one.
  case secret(SecretSetting)
  /// A list.
  case list([SettingsValue])
  /// A mapping.
  case object([String: SettingsValue])

  /// The value behind a key; `null` where there is none.
  public subscript(key: String) -> SettingsValue {
    if case .object(let values) = self { return values[key] ?? .null }
    return .null
  }

  /// The text, where it is text.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The secret's bytes, where it is one and was read in this process.
  public var secret: SecretBytes? { if case .secret(let value) = self { value.bytes } else { nil } }
  /// The number, where it is one.
  public var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  /// The truth value, where it is one.
  public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
  /// The elements, where it is a list.
  public var list: [SettingsValue]? { if case .list(let value) = self { value } else { nil } }
  /// The mapping, where it is one.
  public var object: [String: SettingsValue]? { if case .object(let value) = self { value } else { nil } }
}
