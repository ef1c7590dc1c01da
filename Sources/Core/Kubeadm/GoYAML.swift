/// Text as a scalar of YAML, the way kubeadm's own library writes it (`sigs.k8s.io/yaml` over `gopkg.in/yaml.v2`,
/// a port of libyaml's emitter): plain where that is allowed, else in single quotes, else in double quotes, and
/// folded at the first space behind column 80.
///
/// The rules are those for a value that stands in a block mapping or sequence, is not resolved as a number, a
/// truth value, a time or null (it begins with `--`, `/`, a letter of an image, …), and has no line break.
public enum GoYAML {
  /// The column behind which the emitter folds.
  static let width = 80

  /// A scalar.
  ///
  /// - Parameters:
  ///   - text: The value.
  ///   - column: The column at which it begins, from 0.
  ///   - indent: How many spaces a folded line begins with.
  public static func scalar(_ text: String, column: Int, indent: Int) -> String {
    let scalars = Array(text.unicodeScalars)
    var line = Line(column: column, indent: indent)
    switch style(of: scalars) {
    case .plain: writePlain(scalars, into: &line)
    case .single: writeSingleQuoted(scalars, into: &line)
    case .double: writeDoubleQuoted(scalars, into: &line)
    }
    return line.text
  }

  /// A scalar for a file that Quorate itself lays out: plain where no reader of any version of YAML could take it
  /// for something else than text, else in double quotes, never folded.
  public static func quoted(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    guard !isUnmistakable(scalars) else { return text }
    var line = Line(column: 0, indent: 0, folds: false)
    writeDoubleQuoted(scalars, into: &line)
    return line.text
  }

  private enum Style { case plain, single, double }

  private static func style(of text: [Unicode.Scalar]) -> Style {
    guard let first = text.first, let last = text.last else { return .double }
    if text.contains(where: { !isPrintable($0) }) { return .double }
    if first == " " || last == " " { return .single }
    if text.starts(with: "---".unicodeScalars) || text.starts(with: "...".unicodeScalars) { return .single }
    for (index, scalar) in text.enumerated() {
      let isFollowedByBlank = index + 1 == text.count || text[index + 1] == " " || text[index + 1] == "\t"
      switch scalar {
      case "#", ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`":
        if index == 0 || (scalar == "#" && text[index - 1] == " ") { return .single }
      case ":":
        if isFollowedByBlank { return .single }
      case "?", "-":
        if index == 0 && isFollowedByBlank { return .single }
      default: break
      }
    }
    return .plain
  }

  /// What libyaml prints as it is. Characters beyond the basic plane are escaped.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD: true
    default: false
    }
  }

  private static func isUnmistakable(_ text: [Unicode.Scalar]) -> Bool {
    guard let first = text.first, let last = text.last else { return false }
    func isLetter(_ scalar: Unicode.Scalar) -> Bool { ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) }
    func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    // A number, a time and a base-60 number begin with a digit; an address is the one such text left plain.
    let isAddress = IPAddress(String(String.UnicodeScalarView(text)))?.isV6 == false
    guard isLetter(first) || first == "/" || isAddress else { return false }
    guard isLetter(last) || isDigit(last) || last == "/" else { return false }
    let inner: [Unicode.Scalar] = [".", "-", "_", "/", "=", ":", "[", "]", ",", "@"]
    guard text.allSatisfy({ isLetter($0) || isDigit($0) || inner.contains($0) }) else { return false }
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
    return !words.contains(String(String.UnicodeScalarView(text)).lowercased())
  }

  /// A line that knows its column.
  private struct Line {
    var text = ""
    var column: Int
    let indent: Int
    var folds = true

    init(column: Int, indent: Int, folds: Bool = true) {
      self.column = column
      self.indent = indent
      self.folds = folds
    }

    var isFull: Bool { folds && column > width }

    mutating func put(_ scalar: Unicode.Scalar) {
      text.unicodeScalars.append(scalar)
      column += 1
    }

    mutating func put(_ string: String) { for scalar in string.unicodeScalars { put(scalar) } }

    mutating func fold() {
      text += "\n" + String(repeating: " ", count: indent)
      column = indent
    }
  }

  private static func writePlain(_ text: [Unicode.Scalar], into line: inout Line) {
    var isAfterSpace = false
    for (index, scalar) in text.enumerated() {
      if scalar == " " {
        let isBeforeSpace = index + 1 < text.count && text[index + 1] == " "
        if !isAfterSpace && line.isFull && !isBeforeSpace { line.fold() } else { line.put(scalar) }
      } else {
        line.put(scalar)
      }
      isAfterSpace = scalar == " "
    }
  }

  private static func writeSingleQuoted(_ text: [Unicode.Scalar], into line: inout Line) {
    line.put("'")
    var isAfterSpace = false
    for (index, scalar) in text.enumerated() {
      if scalar == " " {
        let isInside = index > 0 && index + 1 < text.count
        if !isAfterSpace && line.isFull && isInside && text[index + 1] != " " { line.fold() } else { line.put(scalar) }
      } else {
        if scalar == "'" { line.put("'") }
        line.put(scalar)
      }
      isAfterSpace = scalar == " "
    }
    line.put("'")
  }

  private static func writeDoubleQuoted(_ text: [Unicode.Scalar], into line: inout Line) {
    line.put("\"")
    var isAfterSpace = false
    for (index, scalar) in text.enumerated() {
      if scalar == " " {
        let isInside = index > 0 && index + 1 < text.count
        if !isAfterSpace && line.isFull && isInside {
          line.fold()
          if text[index + 1] == " " { line.put("\\") }
        } else {
          line.put(scalar)
        }
        isAfterSpace = true
      } else {
        if isPrintable(scalar) && scalar != "\"" && scalar != "\\" {
          line.put(scalar)
        } else {
          line.put(escaped(scalar))
        }
        isAfterSpace = false
      }
    }
    line.put("\"")
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar.value {
    case 0x00: return "\\0"
    case 0x07: return "\\a"
    case 0x08: return "\\b"
    case 0x09: return "\\t"
    case 0x0A: return "\\n"
    case 0x0B: return "\\v"
    case 0x0C: return "\\f"
    case 0x0D: return "\\r"
    case 0x1B: return "\\e"
    case 0x22: return "\\\""
    case 0x5C: return "\\\\"
    case 0x85: return "\\N"
    case 0x2028: return "\\L"
    case 0x2029: return "\\P"
    case let value:
      let hexadecimal = String(value, radix: 16, uppercase: true)
      let (letter, digits) = value <= 0xFF ? ("x", 2) : value <= 0xFFFF ? ("u", 4) : ("U", 8)
      return "\\" + letter + String(repeating: "0", count: max(0, digits - hexadecimal.count)) + hexadecimal
    }
  }
}
