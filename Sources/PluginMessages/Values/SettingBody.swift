internal import QuorateCore

/// A value from the configuration as plain JSON, as an author expects it: `{"url": "https://…", "token": {"$secret": 0}}`.
public indirect enum SettingBody: Sendable, Codable, Hashable {
  /// Nothing.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A whole number; a duration is a number of seconds.
  case integer(Int)
  /// Text.
  case string(String)
  /// A secret beside the message.
  case secret(SecretReference)
  /// A list.
  case list([SettingBody])
  /// A mapping.
  case object([String: SettingBody])

  /// Writes a value. A secret that this process did not read is `null`.
  init(_ value: SettingsValue, _ secrets: inout SecretSection) {
    switch value {
    case .null: self = .null
    case .boolean(let value): self = .boolean(value)
    case .integer(let value): self = .integer(value)
    case .string(let value): self = .string(value)
    case .secret(let value): self = value.bytes.map { .secret(secrets.add($0)) } ?? .null
    case .list(let values): self = .list(values.map { SettingBody($0, &secrets) })
    case .object(let values):
      var object: [String: SettingBody] = [:]
      for (key, value) in values.sorted(by: { $0.key < $1.key }) { object[key] = SettingBody(value, &secrets) }
      self = .object(object)
    }
  }

  /// The value, with its secrets.
  func value(_ secrets: SecretSection) throws(MessageFault) -> SettingsValue {
    switch self {
    case .null: return .null
    case .boolean(let value): return .boolean(value)
    case .integer(let value): return .integer(value)
    case .string(let value): return .string(value)
    case .secret(let reference): return .secret(SecretSetting(source: "", bytes: try secrets.secret(reference)))
    case .list(let bodies):
      var values: [SettingsValue] = []
      for body in bodies { values.append(try body.value(secrets)) }
      return .list(values)
    case .object(let bodies):
      var values: [String: SettingsValue] = [:]
      for (key, body) in bodies { values[key] = try body.value(secrets) }
      return .object(values)
    }
  }

  /// Reads plain JSON.
  public init(from decoder: any Decoder) throws {
    let single = try decoder.singleValueContainer()
    if single.decodeNil() {
      self = .null
    } else if let value = try? single.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? single.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? single.decode(String.self) {
      self = .string(value)
    } else if let values = try? single.decode([SettingBody].self) {
      self = .list(values)
    } else {
      let values = try single.decode([String: SettingBody].self)
      if values.count == 1, case .integer(let index)? = values["$secret"] {
        self = .secret(SecretReference(index: index))
      } else {
        self = .object(values)
      }
    }
  }

  /// Writes plain JSON.
  public func encode(to encoder: any Encoder) throws {
    var single = encoder.singleValueContainer()
    switch self {
    case .null: try single.encodeNil()
    case .boolean(let value): try single.encode(value)
    case .integer(let value): try single.encode(value)
    case .string(let value): try single.encode(value)
    case .secret(let reference): try single.encode(reference)
    case .list(let values): try single.encode(values)
    case .object(let values): try single.encode(values)
    }
  }
}
