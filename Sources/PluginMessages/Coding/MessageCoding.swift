internal import FoundationEssentials

extension PluginMessage {
  /// The version of the messages. A key may be added without changing it; it changes when the meaning of one does.
  public static let version = 1

  /// Writes a value.
  public init(_ value: some MessageValue) throws(MessageFault) {
    var section = SecretSection()
    let body = value.body(&section)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { self.init(body: Array(try encoder.encode(Versioned(body: body))), secrets: section.secrets) } catch {
      throw MessageFault("it cannot be written: \(Self.reason(error))")
    }
  }

  /// Reads a value.
  ///
  /// Keys that are not known are ignored.
  public func value<Value: MessageValue>(_ type: Value.Type = Value.self) throws(MessageFault) -> Value {
    let data = Data(body)
    let decoder = JSONDecoder()
    let version: Int
    let decoded: Value.Body
    do {
      version = try decoder.decode(VersionOnly.self, from: data).version
      guard version == Self.version else { throw MessageFault("its version is \(version), expected \(Self.version)") }
      decoded = try decoder.decode(Value.Body.self, from: data)
    } catch let fault as MessageFault { throw fault } catch { throw MessageFault(Self.reason(error)) }
    return try Value(body: decoded, secrets: SecretSection(secrets))
  }

  private struct VersionOnly: Decodable { var version: Int }

  /// A body with its version in the same object.
  private struct Versioned<Body: Encodable>: Encodable {
    let body: Body
    private enum Keys: String, CodingKey { case version }

    func encode(to encoder: any Encoder) throws {
      try body.encode(to: encoder)
      var keyed = encoder.container(keyedBy: Keys.self)
      try keyed.encode(PluginMessage.version, forKey: .version)
    }
  }

  /// What is wrong with a body, and where.
  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, let context):
      "\(place(context.codingPath + [key])) is missing"
    case DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty:
      "\(place(context.codingPath)) has another type than it should"
    case DecodingError.valueNotFound(_, let context): "\(place(context.codingPath)) is null"
    case DecodingError.dataCorrupted(let context):
      context.codingPath.isEmpty ? "it is no JSON object" : "\(place(context.codingPath)) is not what it should be"
    default: "it is no JSON object"
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    guard !path.isEmpty else { return "it" }
    return path.reduce(into: "") { text, key in
      if let index = key.intValue { text += "[\(index)]" } else { text += (text.isEmpty ? "" : ".") + key.stringValue }
    }
  }
}
