internal import QuorateCore

/// Reads an Ansible inventory in its INI form.
struct AnsibleINI {
  private let source: SourceText
  private(set) var groups = AnsibleGroups()

  /// What a section holds.
  private enum Section {
    case hosts(String), variables(String), children(String)
  }

  init(source: SourceText) { self.source = source }

  mutating func read(_ builder: inout InventoryBuilder) {
    var section: Section? = .hosts("ungrouped")
    for (index, scalars) in source.lines.enumerated() {
      let line = Self.withoutComment(scalars)
      guard let first = line.firstIndex(where: { $0 != " " && $0 != "\t" }) else { continue }
      let place = SourcePosition(file: source.file, line: index + 1, column: first + 1)
      let text = Self.trimmed(Self.text(line[first...]))
      if text.hasPrefix("["), text.hasSuffix("]"), case let body = text.dropFirst().dropLast(), !body.contains("[") {
        section = header(String(body), at: place, &builder)
        continue
      }
      switch section {
      case .hosts(let group): hosts(line, from: first, in: group, at: place, &builder)
      case .variables(let group): variable(line, from: first, of: group, at: place, &builder)
      case .children(let group):
        let child = String(text.prefix { $0 != " " && $0 != "\t" })
        groups.group(group, at: place) { $0.children.append((child, place)) }
      // What is in a section that nobody knows was told with its header.
      case nil: break
      }
    }
    for name in groups.order {
      for child in groups.groups[name]?.children ?? [] where groups.groups[child.name] == nil {
        builder.error(
          "ansible.group", at: child.position, "the group \(shown(child.name)) is not in the inventory",
          why: "it is named as a part of \(shown(name))", fix: "correct the name, or write the group")
      }
    }
  }

  private mutating func header(_ body: String, at place: SourcePosition, _ builder: inout InventoryBuilder) -> Section?
  {
    let parts = body.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = Self.trimmed(parts[0])
    guard !name.isEmpty, !name.contains(" ") else {
      builder.error(
        "ansible.section", at: place, "the section \(shown("[\(body)]")) has no name", fix: "name the group")
      return nil
    }
    groups.group(name, at: place)
    switch parts.count == 1 ? "hosts" : parts[1] {
    case "hosts": return .hosts(name)
    case "vars": return .variables(name)
    case "children": return .children(name)
    case let kind:
      builder.error(
        "ansible.section", at: place, "the section \(shown("[\(body)]")) holds \(shown(kind)), which is not known",
        fix: "write `[\(name):vars]` or `[\(name):children]`")
      return nil
    }
  }

  private mutating func hosts(
    _ line: ArraySlice<Unicode.Scalar>, from start: Int, in group: String, at place: SourcePosition,
    _ builder: inout InventoryBuilder
  ) {
    var variables: [String: AnsibleGroups.Variable] = [:]
    let words = Self.words(line[start...])
    guard let name = words.first?.text else { return }
    for word in words.dropFirst() {
      let at = SourcePosition(file: source.file, line: place.line, column: word.column + 1)
      guard let equals = word.text.firstIndex(of: "="), equals != word.text.startIndex else {
        builder.error(
          "ansible.variable", at: at, "\(shown(word.text)) behind a host is no variable",
          why: "behind a host's name stand `name=value`, with blanks in between",
          fix: "write `name=value`, and a value with blanks in quotes")
        continue
      }
      variables[String(word.text[..<equals])] = AnsibleGroups.Variable(
        text: String(word.text[word.text.index(after: equals)...]), position: at)
    }
    groups.hosts(named: name, in: group, at: place, variables: variables, &builder)
  }

  private mutating func variable(
    _ line: ArraySlice<Unicode.Scalar>, from start: Int, of group: String, at place: SourcePosition,
    _ builder: inout InventoryBuilder
  ) {
    guard let equals = line[start...].firstIndex(of: "="), equals > start else {
      builder.error(
        "ansible.variable", at: place, "\(shown(Self.text(line[start...]))) is no variable",
        why: "a section `:vars` holds `name=value`, a line each", fix: "write `name=value`")
      return
    }
    let name = Self.trimmed(Self.text(line[start..<equals]))
    let value = Self.unquoted(Self.trimmed(Self.text(line[(equals + 1)...])))
    groups.group(group, at: place) { $0.variables[name] = AnsibleGroups.Variable(text: value, position: place) }
  }

  // MARK: Lines

  /// A line up to its comment: `#` or `;` at its beginning, `#` behind a blank and outside of quotes.
  private static func withoutComment(_ line: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar> {
    var quote: Unicode.Scalar?
    var isBlank = true
    var isFirst = true
    for (index, scalar) in line.enumerated() {
      if scalar == "#" || scalar == ";" && isFirst, quote == nil, isBlank { return line[..<index] }
      if quote == scalar {
        quote = nil
      } else if quote == nil, scalar == "\"" || scalar == "'" {
        quote = scalar
      }
      isBlank = scalar == " " || scalar == "\t"
      isFirst = isFirst && isBlank
    }
    return line[...]
  }

  /// The words of a line as a shell would take them, without substitution.
  private static func words(_ line: ArraySlice<Unicode.Scalar>) -> [(text: String, column: Int)] {
    var words: [(text: String, column: Int)] = []
    var word: String.UnicodeScalarView?
    var start = 0
    var quote: Unicode.Scalar?
    var isEscaped = false
    for (index, scalar) in zip(line.indices, line) {
      if word == nil, scalar != " ", scalar != "\t" {
        (word, start) = (String.UnicodeScalarView(), index)
      }
      if isEscaped {
        word?.append(scalar)
        isEscaped = false
      } else if scalar == "\\", quote != "'" {
        isEscaped = true
      } else if quote == scalar {
        quote = nil
      } else if quote == nil, scalar == "\"" || scalar == "'" {
        quote = scalar
      } else if quote == nil, scalar == " " || scalar == "\t" {
        if let word { words.append((String(word), start)) }
        word = nil
      } else {
        word?.append(scalar)
      }
    }
    if let word { words.append((String(word), start)) }
    return words
  }

  private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  private static func trimmed(_ text: String) -> String {
    let isBlank = { (character: Character) in character == " " || character == "\t" }
    guard let first = text.firstIndex(where: { !isBlank($0) }), let last = text.lastIndex(where: { !isBlank($0) })
    else {
      return ""
    }
    return String(text[first...last])
  }

  private static func unquoted(_ text: String) -> String {
    guard text.count >= 2, let quote = text.first, quote == "\"" || quote == "'", text.last == quote else {
      return text
    }
    return String(text.dropFirst().dropLast())
  }
}
