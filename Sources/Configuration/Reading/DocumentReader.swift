internal import QuorateCore
internal import Yams

/// Reads one YAML document into nodes with their places.
///
/// Three things of Yams (6.2) are worked around here, each by one character that stands in for another and is put
/// back, so that no column moves:
/// - It expands aliases without limit and forgets where they stand. Every `*` is hidden from it; a text without quotes
///   that begins with a hidden one is an alias (no other can), and is resolved here, within ``nodeLimit``.
/// - It stops at the first repeated key and does not say where the second one stands. The first one's first character
///   is hidden, and the text is read again.
/// - It keeps a pointer to the text that outlives short strings (below 16 bytes), so a text is made longer than that.
struct DocumentReader {
  /// The most values a document may hold, aliases expanded.
  static let nodeLimit = 20_000
  /// The deepest nesting.
  static let depthLimit = 64
  private static let repeatedKeyLimit = 32
  private static let markLimit = 16

  let source: SourceText
  var findings = FindingCollector()
  /// Whether tags are passed over, as in files of other programs.
  var ignoresTags = false
  /// The most values that are read.
  var limit = nodeLimit
  /// What to do about a file with nothing in it.
  var fixOfEmpty = "`quorate init` writes one"

  private var hidden: [Unicode.Scalar: Unicode.Scalar] = [:]
  private var anchors: [String: ConfigurationNode] = [:]
  private var nodeCount = 0

  init(source: SourceText) { self.source = source }

  static func tooDeep(at position: SourcePosition) -> Finding {
    Finding(
      .error, code: "config.yaml.too-deep", position: position,
      what: "the document is nested deeper than \(depthLimit) levels", fix: "remove the brackets or indentation")
  }

  /// Reads the document. Nil where it is none; ``findings`` says why.
  mutating func read() -> ConfigurationNode? { readDocuments(several: false)?.first }

  /// Reads all documents of the text; none where one of them cannot be read.
  mutating func readAll() -> [ConfigurationNode] { readDocuments(several: true) ?? [] }

  private mutating func readDocuments(several: Bool) -> [ConfigurationNode]? {
    var lines = source.lines
    var free = Self.unusedScalars(in: lines)
    guard let star = free.popLast() else {
      findings.error("yaml.syntax", at: start, "the file uses every private character of Unicode", fix: "remove some")
      return nil
    }
    hidden[star] = "*"
    for index in lines.indices {
      lines[index] = lines[index].map { $0 == "*" ? star : $0 }
    }
    let explainer = SyntaxFinding(source: source)
    var rounds = 0
    while true {
      do {
        // The parser owns the anchors' names, so it must live while they are read.
        let parser = try Parser(yaml: Self.text(lines), resolver: .basic, encoding: .utf8)
        return try withExtendedLifetime(parser) { try convert(from: parser, several: several, star: star) }
      } catch YamlError.duplicatedKeysInMapping(_, let context) {
        let position = source.position(line: context.mark.line, column: context.mark.column)
        rounds += 1
        if rounds <= Self.repeatedKeyLimit, source.lines.count < 5_000, let stand = free.popLast(),
          hide(at: position, in: &lines, by: stand)
        {
          continue
        }
        findings.error("yaml.repeated-key", at: position, "this key is written twice", fix: "remove one of them")
      } catch let error as YamlError {
        findings.add(explainer.finding(for: error))
      } catch is Unreadable {
        // What stopped the conversion is among the findings.
      } catch {
        findings.error("yaml.syntax", at: source.position(line: 1, column: 1), "this is no valid YAML")
      }
      return nil
    }
  }

  private struct Unreadable: Error {}

  private mutating func convert(
    from parser: Parser, several: Bool, star: Unicode.Scalar
  ) throws -> [ConfigurationNode]? {
    guard let root = try parser.nextRoot() else {
      findings.error(
        "yaml.empty", at: source.position(line: 1, column: 1), "the file is empty", fix: fixOfEmpty)
      return nil
    }
    var documents = [root]
    while let next = try parser.nextRoot() {
      documents.append(next)
      guard !several else { continue }
      // The mark is that of the document's content; `---` stands in its line or above it.
      let last = min(next.mark?.line ?? 1, source.lines.count)
      let line = (1...max(last, 1)).last { source.lines[$0 - 1].starts(with: "---".unicodeScalars) } ?? last
      findings.error(
        "yaml.several-documents", at: source.position(line: line, column: 1), "a second document begins here",
        why: "`---` divides a file into documents, and a configuration is one",
        fix: "keep each cluster in a file of its own")
      break
    }
    return try (several ? documents : [root]).map { try convert($0, depth: 1, star: star) }
  }

  private mutating func convert(_ node: Node, depth: Int, star: Unicode.Scalar) throws -> ConfigurationNode {
    let position = node.mark.map { source.position(line: $0.line, column: $0.column) } ?? start
    guard depth <= Self.depthLimit else {
      findings.add(Self.tooDeep(at: position))
      throw Unreadable()
    }
    try count(1, at: position)
    let converted: ConfigurationNode
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain && scalar.tag.description != "tag:yaml.org,2002:str"
      if scalar.style == .plain, scalar.string.unicodeScalars.first == star {
        return try resolve(String(restored(scalar.string).dropFirst()), at: position)
      }
      checkTag(scalar.tag, at: position)
      let text = restored(scalar.string)
      converted = ConfigurationNode(
        position: position, content: .text(text, isPlain: isPlain), size: 1,
        marks: Interpolation.isPresent(in: text) ? source.marks(from: position, upTo: Self.markLimit) : [])
    case .sequence(let sequence):
      checkTag(sequence.tag, at: position)
      var elements: [ConfigurationNode] = []
      for element in sequence { elements.append(try convert(element, depth: depth + 1, star: star)) }
      converted = ConfigurationNode(
        position: position, content: .list(elements), size: elements.reduce(1) { $0 + $1.size })
    case .mapping(let mapping):
      checkTag(mapping.tag, at: position)
      let entries = try convert(mapping, depth: depth, star: star)
      converted = ConfigurationNode(
        position: position, content: .mapping(entries), size: entries.reduce(1) { $0 + 1 + $1.value.size })
    case .alias:
      throw Unreadable()
    }
    if let anchor = node.anchor { anchors[restored(anchor.rawValue)] = converted }
    return converted
  }

  private mutating func convert(
    _ mapping: Node.Mapping, depth: Int, star: Unicode.Scalar
  ) throws -> [ConfigurationNode.Entry] {
    var entries: [ConfigurationNode.Entry] = []
    var places: [String: SourcePosition] = [:]
    for (key, value) in mapping {
      let position = key.mark.map { source.position(line: $0.line, column: $0.column) } ?? start
      try count(1, at: position)
      guard let name = name(of: key, at: position, star: star) else {
        _ = try convert(value, depth: depth + 1, star: star)
        continue
      }
      let converted = try convert(value, depth: depth + 1, star: star)
      if let first = places[name] {
        findings.error(
          "yaml.repeated-key", at: position, "`\(name)` is written twice in one mapping",
          why: "it stands in line \(first.line) already, and only one of the two could hold", fix: "remove one of them")
        continue
      }
      places[name] = position
      entries.append(ConfigurationNode.Entry(key: name, keyPosition: position, value: converted))
    }
    return entries
  }

  private mutating func name(of key: Node, at position: SourcePosition, star: Unicode.Scalar) -> String? {
    guard case .scalar(let scalar) = key, scalar.style != .plain || scalar.string.unicodeScalars.first != star else {
      findings.error(
        "yaml.key", at: position, "this key is no text",
        why: "a key is a name: no list, no mapping, and no alias", fix: "write the name")
      return nil
    }
    let name = restored(scalar.string)
    if name == "<<", scalar.style == .plain {
      findings.error(
        "yaml.merge-key", at: position, "`<<` is not read",
        why: "merge keys went with YAML 1.2", fix: "repeat the keys, or use an environment")
      return nil
    }
    if name.isEmpty {
      findings.error("yaml.key", at: position, "a key is missing before `:`", fix: "write the key")
      return nil
    }
    return name
  }

  private mutating func resolve(_ name: String, at position: SourcePosition) throws -> ConfigurationNode {
    guard let node = anchors[name] else {
      findings.error(
        "yaml.alias", at: position, "the alias `*\(name.prefix(40))` stands for nothing",
        why: "no anchor `&\(name.prefix(40))` ends before it",
        fix: "write the value, or put a text that begins with `*` in quotes")
      return ConfigurationNode(position: position, content: .unreadable, size: 1)
    }
    try count(node.size, at: position)
    return node
  }

  private mutating func count(_ nodes: Int, at position: SourcePosition) throws {
    nodeCount += nodes
    guard nodeCount <= limit else {
      findings.error(
        "yaml.too-many-values", at: position,
        "the document holds more than \(limit) values, aliases expanded",
        why: "such a file has some dozens", fix: "remove the aliases, or what is repeated")
      throw Unreadable()
    }
  }

  private mutating func checkTag(_ tag: Tag, at position: SourcePosition) {
    if ignoresTags { return }
    switch tag.description {
    case "", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", "tag:yaml.org,2002:int",
      "tag:yaml.org,2002:bool", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null":
      break
    default:
      findings.error(
        "yaml.tag", at: position, "the tag `\(restored(tag.description))` is not read",
        why: "the configuration holds text, numbers, lists and mappings only",
        fix: "remove it, or put a text that begins with `!` in quotes")
    }
  }

  private var start: SourcePosition { SourcePosition(file: source.file, line: 1, column: 1) }

  private func restored(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { hidden[$0] != nil }) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(hidden[scalar] ?? scalar) }
    return String(result)
  }

  /// Hides the first character of a key; false where the key's own text does not begin right there.
  private mutating func hide(
    at position: SourcePosition, in lines: inout [[Unicode.Scalar]], by stand: Unicode.Scalar
  ) -> Bool {
    guard lines.indices.contains(position.line - 1) else { return false }
    var column = position.column - 1
    let line = lines[position.line - 1]
    guard line.indices.contains(column) else { return false }
    if line[column] == "\"" || line[column] == "'" { column += 1 }
    guard line.indices.contains(column), !"\"'\\&!|>?-[]{}: ".unicodeScalars.contains(line[column]) else {
      return false
    }
    hidden[stand] = hidden[line[column]] ?? line[column]
    lines[position.line - 1][column] = stand
    return true
  }

  private static func text(_ lines: [[Unicode.Scalar]]) -> String {
    var bytes: [UInt8] = []
    for line in lines {
      for scalar in line { bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter) }
      bytes.append(UInt8(ascii: "\n"))
    }
    bytes.append(contentsOf: [UInt8](repeating: UInt8(ascii: "\n"), count: 16))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Characters of a private use area that the text does not hold: enough for every stand-in.
  private static func unusedScalars(in lines: [[Unicode.Scalar]]) -> [Unicode.Scalar] {
    let privateUse: Set<Unicode.Scalar> = lines.reduce(into: []) { set, line in
      for scalar in line where scalar.value >= 0xE000 { set.insert(scalar) }
    }
    var free: [Unicode.Scalar] = []
    var candidate: UInt32 = 0xF0000
    while free.count <= repeatedKeyLimit, let scalar = Unicode.Scalar(candidate) {
      if !privateUse.contains(scalar) { free.append(scalar) }
      candidate += 1
    }
    return free
  }
}
