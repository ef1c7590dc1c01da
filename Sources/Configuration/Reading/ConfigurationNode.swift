internal import QuorateCore

/// A value of the document, with the place where it is written. Aliases are already replaced by what they stand for.
struct ConfigurationNode: Sendable {
  /// Where the value begins.
  var position: SourcePosition
  /// What it is.
  var content: Content
  /// The number of values in it, itself included, aliases expanded.
  var size: Int
  /// Where each `${` of a text stands, as far as that is known.
  var marks: [SourcePosition] = []
  /// The environment that it is written in; nil: the rest of the file.
  var environment: String?
  /// What a text takes from elsewhere, where its ``content`` has it already.
  var references: [OutsideReference]?

  /// The three kinds of YAML value.
  enum Content: Sendable {
    /// Text; `isPlain` is false where quotes, a block or `!!str` make it text whatever it looks like.
    case text(String, isPlain: Bool)
    /// A list.
    case list([ConfigurationNode])
    /// A mapping, in the order it is written, without repeated keys.
    case mapping([Entry])
    /// Something that could not be read, for which there is a finding already.
    case unreadable
  }

  /// A key and its value.
  struct Entry: Sendable {
    var key: String
    var keyPosition: SourcePosition
    var value: ConfigurationNode

    /// Where a finding about the value points: the value, or the key where there is no value.
    var place: SourcePosition { value.isNull ? keyPosition : value.position }
  }

  /// Whether nothing, `~` or `null` is written.
  var isNull: Bool {
    if case .text(let text, isPlain: true) = content, references == nil { return PlainText(text) == .null }
    return false
  }

  /// The entries, where it is a mapping.
  var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }

  /// The text, where it is text and not null.
  var text: String? { if case .text(let text, _) = content, !isNull { text } else { nil } }

  /// The same value, and all in it, as part of an environment.
  func within(environment: String) -> ConfigurationNode {
    var node = self
    node.environment = environment
    switch content {
    case .list(let elements): node.content = .list(elements.map { $0.within(environment: environment) })
    case .mapping(let entries):
      node.content = .mapping(
        entries.map { entry in
          var entry = entry
          entry.value = entry.value.within(environment: environment)
          return entry
        })
    case .text, .unreadable: break
    }
    return node
  }

  /// The value of a key, where it is a mapping that has it.
  subscript(key: String) -> Entry? { entries?.first { $0.key == key } }
}

/// What a text without quotes is taken for by YAML 1.2 (core schema).
enum PlainText: Equatable {
  case null, boolean(Bool), integer, decimal, text

  init(_ text: String) {
    switch text {
    case "", "~", "null", "Null", "NULL": self = .null
    case "true", "True", "TRUE": self = .boolean(true)
    case "false", "False", "FALSE": self = .boolean(false)
    case ".inf", ".Inf", ".INF", "-.inf", "+.inf", ".nan", ".NaN", ".NAN": self = .decimal
    default: self = Self.number(Array(text.utf8))
    }
  }

  private static func number(_ bytes: [UInt8]) -> PlainText {
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    if bytes.count > 2, bytes[0] == UInt8(ascii: "0"), bytes[1] == UInt8(ascii: "x") || bytes[1] == UInt8(ascii: "o") {
      let digits = bytes.dropFirst(2)
      let isHexadecimal = bytes[1] == UInt8(ascii: "x")
      let isNumber = digits.allSatisfy {
        isDigit($0) || isHexadecimal && (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0 | 0x20)
      }
      return isNumber ? .integer : .text
    }
    var rest = bytes[...]
    if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    let whole = rest.prefix(while: isDigit)
    rest = rest.dropFirst(whole.count)
    if rest.isEmpty { return whole.isEmpty ? .text : .integer }
    var fraction: ArraySlice<UInt8> = []
    if rest.first == UInt8(ascii: ".") {
      fraction = rest.dropFirst().prefix(while: isDigit)
      rest = rest.dropFirst(1 + fraction.count)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return .text }
    if let first = rest.first, first | 0x20 == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
      guard !rest.isEmpty, rest.allSatisfy(isDigit) else { return .text }
      return .decimal
    }
    return rest.isEmpty ? .decimal : .text
  }
}
