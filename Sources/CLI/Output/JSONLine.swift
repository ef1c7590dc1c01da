internal import FoundationEssentials

/// One object of `--output json`: `type` first, then what there is to say. Unknown keys are to be ignored by readers.
struct JSONLine {
  private var pairs: [(String, Value)]

  /// A value that JSON can hold.
  indirect enum Value {
    case string(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case list([Value])
    case object([(String, Value)])
    case null

    var text: String {
      switch self {
      case .string(let text): JSONLine.quoted(text)
      case .integer(let number): String(number)
      case .number(let number): String((number * 1000).rounded() / 1000)
      case .boolean(let value): value ? "true" : "false"
      case .list(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
      case .object(let pairs):
        "{" + pairs.map { JSONLine.quoted($0.0) + ":" + $0.1.text }.joined(separator: ",") + "}"
      case .null: "null"
      }
    }

    static func strings(_ texts: [String]) -> Value { .list(texts.map { .string($0) }) }
    static func optional(_ text: String?) -> Value { text.map { .string($0) } ?? .null }
  }

  init(_ type: String, _ pairs: [(String, Value)] = []) { self.pairs = [("type", .string(type))] + pairs }

  var text: String { Value.object(pairs).text }

  private static func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard let data = try? encoder.encode(text) else { return "\"\"" }
    return String(decoding: data, as: UTF8.self)
  }
}
