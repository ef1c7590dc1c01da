internal import QuorateCore

/// A configuration's text, checked to be text that an editor and a YAML reader see alike.
struct SourceText: Sendable {
  /// The file as the user named it.
  let file: String
  /// The scalars of each line, without its end.
  let lines: [[Unicode.Scalar]]
  /// The number of the last line that is not empty, or 1.
  private let lastLine: Int

  /// The largest text that is read, in bytes.
  static let sizeLimit = 1 << 20

  /// Takes a file's bytes apart.
  ///
  /// - Returns: nil where the bytes are no readable text; `findings` says why.
  init?(file: String, bytes: [UInt8], limit: Int = sizeLimit, findings: inout FindingCollector) {
    self.file = file
    guard bytes.count <= limit else {
      findings.add(Self.tooLarge(file: file, limit: limit))
      return nil
    }
    var input = bytes[...]
    if input.starts(with: [0xEF, 0xBB, 0xBF]) { input = input.dropFirst(3) }
    if input.starts(with: [0xFF, 0xFE]) || input.starts(with: [0xFE, 0xFF]) {
      findings.error(
        "yaml.encoding", at: SourcePosition(file: file, line: 1, column: 1), "the file is UTF-16",
        fix: "save it as UTF-8")
      return nil
    }
    var lines: [[Unicode.Scalar]] = [[]]
    var iterator = input.makeIterator()
    var decoder = UTF8()
    var previous: Unicode.Scalar?
    while true {
      let position = SourcePosition(file: file, line: lines.count, column: lines[lines.count - 1].count + 1)
      switch decoder.decode(&iterator) {
      case .emptyInput:
        self.lines = lines
        lastLine = (lines.lastIndex { !$0.isEmpty } ?? 0) + 1
        return
      case .error:
        findings.error(
          "yaml.encoding", at: position, "the file is not UTF-8", why: "a byte here belongs to no character",
          fix: "save the file as UTF-8")
        return nil
      case .scalarValue(let scalar):
        if scalar == "\n" || scalar == "\r" {
          if !(scalar == "\n" && previous == "\r") { lines.append([]) }
        } else if let name = Self.name(ofForbidden: scalar) {
          findings.error(
            "yaml.control-character", at: position, "\(name) stands in the file",
            why: "it cannot be seen in an editor, and YAML does not allow it or reads it as the end of the line",
            fix: "remove it")
          return nil
        } else {
          lines[lines.count - 1].append(scalar)
        }
        previous = scalar
      }
    }
  }

  /// The finding for a file of more than ``sizeLimit`` bytes.
  static func tooLarge(file: String, limit: Int = sizeLimit) -> Finding {
    Finding(
      .error, code: "config.file.too-large", position: SourcePosition(file: file, line: 1, column: 1),
      what: "the file is larger than \(limit >> 20) MiB", why: "such a file takes a few kilobytes",
      fix: "check that `\(file)` is the right file")
  }

  private static func name(ofForbidden scalar: Unicode.Scalar) -> String? {
    switch scalar.value {
    case 0x09: nil
    case 0: "a NUL character"
    case 0x00...0x1F, 0x7F...0x9F: "the control character \(scalar.notation)"
    case 0x2028, 0x2029: "the line separator \(scalar.notation)"
    case 0x202A...0x202E, 0x2066...0x2069: "the text direction mark \(scalar.notation)"
    case 0xFEFF, 0xFFFE, 0xFFFF: "the byte order mark \(scalar.notation)"
    default: nil
    }
  }

  /// The place, moved to the end of the text where it lies behind it.
  func position(line: Int, column: Int) -> SourcePosition {
    guard line > lastLine else { return SourcePosition(file: file, line: max(line, 1), column: max(column, 1)) }
    return SourcePosition(file: file, line: lastLine, column: lines[lastLine - 1].count + 1)
  }

  /// The places of the next `${` from a place on, in its line and the few below it.
  func marks(from position: SourcePosition, upTo limit: Int) -> [SourcePosition] {
    var marks: [SourcePosition] = []
    for number in position.line..<min(position.line + limit, lines.count + 1) {
      let line = lines[number - 1]
      var column = number == position.line ? position.column - 1 : 0
      while column + 1 < line.count, marks.count < limit {
        if line[column] == "$", line[column + 1] == "{" {
          marks.append(SourcePosition(file: file, line: number, column: column + 1))
        }
        column += 1
      }
    }
    return marks
  }

  /// The character at a place; nil at a line's end.
  func scalar(at position: SourcePosition) -> Unicode.Scalar? {
    guard lines.indices.contains(position.line - 1) else { return nil }
    let line = lines[position.line - 1]
    return line.indices.contains(position.column - 1) ? line[position.column - 1] : nil
  }
}

extension Unicode.Scalar {
  /// `U+0007`.
  var notation: String {
    let digits = String(value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
