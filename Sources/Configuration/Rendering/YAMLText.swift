internal import QuorateCore

/// Writes single values as YAML that reads back as the same.
enum YAMLText {
  /// A text: as it is where YAML reads it as text, in double quotes otherwise (YAML 1.2 section 7.3.1). It may stand in
  /// a flow mapping too.
  static func scalar(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

  /// A decoded value without parts.
  static func value(_ value: SettingsValue) -> String {
    switch value {
    case .null: "null"
    case .boolean(let value): value ? "true" : "false"
    case .integer(let number): String(number)
    case .string(let text): scalar(Interpolation.escaped(text))
    case .secret: scalar(SecretSetting.placeholder)
    case .list(let elements): elements.isEmpty ? "[]" : "[" + elements.map(self.value).joined(separator: ", ") + "]"
    case .object(let members):
      members.isEmpty
        ? "{}"
        : "{"
          + members.sorted { $0.key < $1.key }.map { "\(scalar($0.key)): \(self.value($0.value))" }
          .joined(separator: ", ") + "}"
    }
  }

  /// Whether every reader of YAML takes it for text. `yes`, `no` and others are truth values in YAML 1.1, and what is
  /// like a date is a date.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.first, let last = text.last, PlainText(text) == .text else { return false }
    let isDate = text.first?.isNumber == true && text.dropFirst(4).first == "-"
    let words = ["yes", "no", "on", "off", "y", "n"]
    return !words.contains(text.lowercased()) && !isDate && !":-@%=".contains(first) && last != ":"
      && text.allSatisfy { $0.isASCIIAlphanumeric || "_./~@%+:-=".contains($0) } && !(first == "~" && text.count == 1)
  }

  /// A text in double quotes.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.isInvisible:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\U" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
