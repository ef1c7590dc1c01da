/// What the program on a host found changed since the survey (operation `expect`), for a reader.
enum ChangedFiles {
  /// What is known of a path, from a line as `program.sh` prints it: `%f|%u|%g|%U|%G|%s|%i|%z|%n` of stat(1).
  private struct Mark {
    var kind: UInt16
    var mode: UInt16
    var owner: String
    var size: Substring
    var time: Substring
    var line: Substring

    init?(_ line: Substring, _ fields: [Substring]) {
      guard fields.count == 9, let bits = UInt16(fields[0], radix: 16) else { return nil }
      (kind, mode) = (bits & 0o170000, bits & 0o7777)
      owner = "\(fields[3]):\(fields[4])"
      (size, time) = (fields[5], fields[7].prefix { $0 != "." })
      self.line = line
    }
  }

  private static let heading = "changed since the survey, expected:"
  private static let turn = "found:"

  /// Names each path that changed, and how.
  ///
  /// - Parameter text: What the program said; another text than that of `expect` is returned as it is.
  static func described(_ text: String) -> String {
    let lines = text.split(separator: "\n")
    guard lines.first.map(String.init) == heading, let middle = lines.firstIndex(where: { $0 == turn }) else {
      return text
    }
    guard let before = marks(lines[1..<middle]), let after = marks(lines[(middle + 1)...]) else { return text }
    var changes: [String] = []
    for path in Set(before.keys).union(after.keys).sorted() {
      switch (before[path], after[path]) {
      case (let old?, nil): changes.append("\(path) is gone\(old.kind == 0o40000 ? ", a folder" : "")")
      case (nil, _?): changes.append("\(path) is there now")
      case (let old?, let new?) where old.line != new.line:
        changes.append("\(path): \(change(from: old, to: new))")
      default: break
      }
    }
    return changes.isEmpty ? text : "changed since the survey: " + changes.joined(separator: "; ")
  }

  private static func marks(_ lines: ArraySlice<Substring>) -> [Substring: Mark]? {
    var marks: [Substring: Mark] = [:]
    for line in lines {
      let fields = line.split(separator: "|", maxSplits: 8, omittingEmptySubsequences: false)
      guard let mark = Mark(line, fields), let path = fields.last else { return nil }
      marks[path] = mark
    }
    return marks
  }

  private static func change(from old: Mark, to new: Mark) -> String {
    if old.kind != new.kind { return "is another kind of file" }
    var parts: [String] = []
    if old.mode != new.mode { parts.append("mode \(new.mode.octalText), was \(old.mode.octalText)") }
    if old.owner != new.owner { parts.append("owner \(new.owner), was \(old.owner)") }
    if old.size != new.size { parts.append("\(new.size) bytes, were \(old.size)") }
    if parts.isEmpty, old.time != new.time { parts.append("was touched at \(new.time)") }
    return parts.isEmpty ? "was replaced" : parts.joined(separator: ", ")
  }
}
