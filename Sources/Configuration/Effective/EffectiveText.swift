internal import QuorateCore

/// Writes the effective configuration as YAML, with origins as comments in one column.
struct EffectiveText {
  let showsOrigins: Bool
  let showsDefaults: Bool

  /// The widest line that the column of comments makes room for.
  private static let widestColumn = 56

  private struct Line {
    var text: String
    var comment: String?
    /// Whether the line is a comment as a whole: what it says is decided elsewhere.
    var isDescription = false
  }

  func text(_ root: EffectiveConfiguration.Node) -> String {
    let lines = lines(root)
    let column = lines.filter { $0.comment != nil }.map(\.text.count).filter { $0 <= Self.widestColumn }.max() ?? 0
    return lines.map { line in
      line.comment.map { "\(line.text.padded(to: column))  # \($0)" } ?? line.text
    }.joined(separator: "\n") + "\n"
  }

  private func lines(_ node: EffectiveConfiguration.Node) -> [Line] {
    switch node {
    case .setting(let setting): return self.setting(setting).map { [Line(text: $0.yaml, comment: $0.comment)] } ?? []
    case .list(let elements): return elements.flatMap(item)
    case .mapping(let members):
      let all = members.map { member(key: $0.key, $0.node) }
      // What is no value stands behind the values, so that an entry of a list begins with one.
      return all.filter { $0.contains { !$0.isDescription } }.flatMap(\.self)
        + all.filter { $0.allSatisfy(\.isDescription) }.flatMap(\.self)
    }
  }

  private func member(key: String, _ node: EffectiveConfiguration.Node) -> [Line] {
    let key = YAMLText.scalar(key)
    switch node {
    case .setting(let setting):
      if case .described(let words) = setting.value {
        guard showsDefaults, showsOrigins else { return [] }
        return [Line(text: "# \(key): \(words.replacing("`", with: ""))", comment: "default", isDescription: true)]
      }
      return self.setting(setting).map { [Line(text: "\(key): \($0.yaml)", comment: $0.comment)] } ?? []
    case .list, .mapping:
      var inner = lines(node)
      guard !inner.isEmpty else { return [] }
      // A key with nothing but comments below it would be null.
      let isDescription = inner.allSatisfy(\.isDescription)
      for index in inner.indices {
        inner[index].text =
          isDescription ? "#   " + inner[index].text.dropFirst(2) : "  " + inner[index].text
      }
      return [Line(text: "\(isDescription ? "# " : "")\(key):", isDescription: isDescription)] + inner
    }
  }

  private func item(_ node: EffectiveConfiguration.Node) -> [Line] {
    var lines = lines(node)
    for index in lines.indices { lines[index].text = (index == 0 ? "- " : "  ") + lines[index].text }
    return lines
  }

  private func setting(_ setting: EffectiveConfiguration.Setting) -> (yaml: String, comment: String?)? {
    guard showsDefaults || setting.origin != nil else { return nil }
    let comment = showsOrigins ? setting.origin?.text ?? "default" : nil
    switch setting.value {
    case .known(_, let yaml), .secret(let yaml): return (yaml, comment)
    case .described: return nil
    }
  }
}

extension String {
  /// The text with blanks behind it up to a width.
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
