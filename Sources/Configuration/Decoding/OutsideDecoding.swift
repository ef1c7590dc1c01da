internal import QuorateCore

/// A text of the document as it is checked: with what it takes from elsewhere in it.
struct ScalarText {
  var text: String
  /// Whether YAML's own reading counts: it stands without quotes, and nothing in it comes from elsewhere.
  var isPlain: Bool
  /// What it takes from elsewhere.
  var references: [OutsideReference] = []
  /// Whether it is one reference and nothing else.
  var isWhole = false

  /// The references for a sentence: `` `${env:NAME}` ``.
  var source: String { references.map { QuorateConfiguration.shown($0.description) }.joined(separator: ", ") }

  /// Whether a part of it is a file's content. It is not shown where it does not fit: a key may have been named.
  var isFromFile: Bool { references.contains { $0.kind == .file } }

  /// The text for a sentence, with where it comes from.
  var shown: String {
    guard !references.isEmpty else { return QuorateConfiguration.shown(text) }
    return (text.isEmpty ? "empty" : QuorateConfiguration.shown(text)) + " (from \(source))"
  }
}

/// Values from elsewhere: read where the configuration is a whole, and only looked at where it is a part of one, since
/// what is not in effect need not be there.
extension SettingsDecoder {
  /// The text of a node. Nil, perhaps with findings, where there is nothing to check.
  mutating func scalar(
    _ node: ConfigurationNode, _ written: String, isPlain: Bool, at path: String
  ) -> ScalarText? {
    if let references = node.references {
      note(path) { $0.references = references }
      return ScalarText(text: written, isPlain: false, references: references, isWhole: true)
    }
    guard Interpolation.isPresent(in: written) else { return ScalarText(text: written, isPlain: isPlain) }
    guard let parsed = interpolation(node, written, at: path) else { return nil }
    guard parsed.hasReferences else {
      return ScalarText(text: parsed.parts.map(Self.literal).joined(), isPlain: false)
    }
    note(path) { $0.references = parsed.references }
    guard mode == .whole, let bytes = bytes(of: parsed, node, at: path) else { return nil }
    guard let text = bytes.withBytes({ String(validating: $0, as: UTF8.self) }) else {
      findings.error(
        "outside.encoding", at: place(of: parsed.firstMark, in: node),
        "`\(path)` takes \(parsed.references.map { shown($0.description) }.joined(separator: ", ")), which is not UTF-8",
        why: "a byte there belongs to no character", fix: "write text there")
      return nil
    }
    return ScalarText(text: text, isPlain: false, references: parsed.references, isWhole: parsed.isWhole)
  }

  /// A secret's bytes. They never become text.
  mutating func decodeSecret(
    _ node: ConfigurationNode, _ written: String, at path: String, place: SourcePosition
  ) -> SettingsValue? {
    note(path) { $0.isSecret = true }
    guard let parsed = interpolation(node, written, at: path) else { return nil }
    note(path) { $0.references = parsed.references }
    if !parsed.hasReferences {
      findings.warning(
        "secret.literal", at: place, "`\(path)` is a secret, and it is written in the configuration",
        why: "whoever can read the file, or its history, has it",
        fix: "take it from a file or a variable: `${file:PATH}`, `${env:NAME}`")
    }
    guard mode == .whole, let bytes = bytes(of: parsed, node, at: path) else { return nil }
    guard bytes.count > 0 else {
      findings.error(
        "empty", at: place,
        "`\(path)` is empty" + parsed.references.map { ": \(shown($0.description))" }.joined(), fix: "write the secret")
      return nil
    }
    // A part that is written in the configuration may not go on into a plan.
    let source =
      parsed.parts.count == parsed.references.count
      ? parsed.references.map { outside.absolute($0).description }.joined() : ""
    return .secret(SecretSetting(source: source, bytes: bytes))
  }

  private static func literal(_ part: Interpolation.Part) -> String {
    if case .text(let text) = part { text } else { "" }
  }

  private mutating func interpolation(
    _ node: ConfigurationNode, _ written: String, at path: String
  ) -> Interpolation? {
    do { return try Interpolation(written) } catch {
      let shows = isSecret ? "has a reference that cannot be read" : error.what
      findings.error(
        "outside.syntax", at: place(of: error.mark, in: node), "`\(path)` \(shows)", why: error.why,
        fix: isSecret ? "write `${env:NAME}` or `${file:PATH}`, or `$${` for the text `${` itself" : error.fix)
      return nil
    }
  }

  private func place(of mark: Int, in node: ConfigurationNode) -> SourcePosition {
    node.marks.indices.contains(mark) ? node.marks[mark] : node.position
  }

  /// The bytes of all parts together; nil, with a finding for each that is missing, where one is.
  private mutating func bytes(
    of parsed: Interpolation, _ node: ConfigurationNode, at path: String
  ) -> SecretBytes? {
    var pieces: [SecretBytes] = []
    for part in parsed.parts {
      switch part {
      case .text(let text): pieces.append(SecretBytes(Array(text.utf8)))
      case .reference(let reference, let mark):
        switch outside.value(of: reference) {
        case .success(let bytes): pieces.append(bytes)
        case .failure(let missing):
          findings.error(
            reference.kind == .file ? "outside.file" : "outside.variable", at: place(of: mark, in: node),
            "`\(path)` takes \(shown(reference.description)), \(missing.what)", why: missing.why, fix: missing.fix)
        }
      }
    }
    guard pieces.count == parsed.parts.count else { return nil }
    return pieces.count == 1 ? pieces[0] : SecretBytes(joining: pieces)
  }

  /// Keeps where a value comes from, where the document is read as a whole.
  mutating func note(_ path: String, _ change: (inout ValueOrigin) -> Void) {
    guard var origin = origins[path] else { return }
    change(&origin)
    origins[path] = origin
  }
}
