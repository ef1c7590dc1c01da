internal import FoundationEssentials

/// Reads one JSON object as etcd's gateways have written it over the years: 64-bit numbers as text or as numbers, keys
/// in either spelling (`cluster_id`, `clusterId`), a field that is absent or null standing for 0, false or nothing.
struct EtcdGatewayFields {
  private let container: KeyedDecodingContainer<Key>
  private let keys: [String: Key]

  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    /// The key without underscores, in lower case: equal for every spelling.
    var plain: String { String(stringValue.filter { $0 != "_" }).lowercased() }
  }

  init(_ decoder: any Decoder) throws {
    container = try decoder.container(keyedBy: Key.self)
    keys = Dictionary(container.allKeys.map { ($0.plain, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The key of a field that is there and is not null.
  private func key(_ name: String) throws -> Key? {
    guard let key = keys[name], try !container.decodeNil(forKey: key) else { return nil }
    return key
  }

  func unsigned(_ name: String) throws -> UInt64 {
    guard let key = try key(name) else { return 0 }
    if let number = try? container.decode(UInt64.self, forKey: key) { return number }
    let text = try container.decode(String.self, forKey: key)
    guard !text.isEmpty, text.utf8.count <= 20, text.utf8.allSatisfy({ (48...57).contains($0) }),
      let number = UInt64(text)
    else { throw corrupted(key, "is no unsigned 64-bit number") }
    return number
  }

  func signed(_ name: String) throws -> Int64 {
    guard let key = try key(name) else { return 0 }
    if let number = try? container.decode(Int64.self, forKey: key) { return number }
    let text = try container.decode(String.self, forKey: key)
    guard text.utf8.count <= 20, !text.hasPrefix("+"), let number = Int64(text) else {
      throw corrupted(key, "is no 64-bit number")
    }
    return number
  }

  func has(_ name: String) throws -> Bool { try key(name) != nil }

  func text(_ name: String) throws -> String {
    guard let key = try key(name) else { return "" }
    return Self.printable(try container.decode(String.self, forKey: key))
  }

  func texts(_ name: String) throws -> [String] { try list(name, of: String.self).map(Self.printable) }

  func truth(_ name: String) throws -> Bool {
    guard let key = try key(name) else { return false }
    if let value = try? container.decode(Bool.self, forKey: key) { return value }
    switch try container.decode(String.self, forKey: key) {
    case "true": return true
    case "false": return false
    default: throw corrupted(key, "is neither true nor false")
    }
  }

  /// An enumeration's name; a number is written as text.
  func name(_ name: String) throws -> String {
    guard let key = try key(name) else { return "" }
    if let number = try? container.decode(Int64.self, forKey: key) { return String(number) }
    return Self.printable(try container.decode(String.self, forKey: key))
  }

  func list<Element: Decodable>(_ name: String, of element: Element.Type) throws -> [Element] {
    guard let key = try key(name) else { return [] }
    return try container.decode([Element].self, forKey: key)
  }

  func object<Value: Decodable>(_ name: String, of value: Value.Type) throws -> Value? {
    guard let key = try key(name) else { return nil }
    return try container.decode(Value.self, forKey: key)
  }

  /// A text that a terminal can be given: what a host says must not move the cursor of who reads it.
  static func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }

  private func corrupted(_ key: Key, _ what: String) -> DecodingError {
    DecodingError.dataCorrupted(
      DecodingError.Context(codingPath: container.codingPath + [key], debugDescription: what))
  }
}
