/// JSON with its keys in the order they are given, so that generated files stay readable and comparable.
indirect enum JSONText: Sendable {
  case string(String), integer(Int), boolean(Bool), null
  case array([JSONText])
  case object([(String, JSONText)])

  /// The text, indented by two spaces, without a line end behind it.
  func text(indentation: Int = 0) -> String {
    let inner = String(repeating: "  ", count: indentation + 1)
    let outer = String(repeating: "  ", count: indentation)
    switch self {
    case .string(let text): return Self.quoted(text)
    case .integer(let number): return String(number)
    case .boolean(let value): return value ? "true" : "false"
    case .null: return "null"
    case .array(let elements):
      let isShort = elements.allSatisfy { if case .string(let text) = $0 { text.count < 30 } else { false } }
      let texts = elements.map { $0.text(indentation: indentation + 1) }
      if elements.isEmpty || isShort && elements.count <= 8 { return "[" + texts.joined(separator: ", ") + "]" }
      return "[\n" + texts.map { inner + $0 }.joined(separator: ",\n") + "\n\(outer)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.map { "\(inner)\(Self.quoted($0.0)): \($0.1.text(indentation: indentation + 1))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
    }
  }

  /// A string as RFC 8259 section 7 writes it.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
