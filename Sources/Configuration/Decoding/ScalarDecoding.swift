internal import QuorateCore

extension SettingsDecoder {
  /// Decodes text, a number, a truth value or a length of time.
  mutating func decodeScalar(
    _ node: ConfigurationNode, as type: SchemaType, at path: String, place: SourcePosition
  ) -> SettingsValue? {
    guard case .text(let written, let isPlain) = node.content, !node.isNull else {
      if case .string(TextForm.ipAddress) = type, let inner = Self.onlyText(in: node) {
        findings.error(
          "type", at: place, "`\(path)` is a list; an IP address must stand here",
          why: "brackets make a list in YAML", fix: "write \(shown(inner)) without brackets")
      } else {
        mismatch(node, type, at: path, place: place)
      }
      return nil
    }
    if isSecret { return decodeSecret(node, written, at: path, place: place) }
    guard let scalar = scalar(node, written, isPlain: isPlain, at: path) else { return nil }
    let before = findings
    let value = decodeScalar(scalar, node, as: type, at: path, place: place)
    if value == nil, scalar.isFromFile {
      findings = before
      findings.error(
        "outside.value", at: place,
        "`\(path)` takes \(scalar.source), and what comes of it does not fit; \(SchemaPhrase.expectation(type)) must "
          + "stand here", why: "what a file holds is not shown", fix: "correct the file, or name another one")
    }
    return value
  }

  private mutating func decodeScalar(
    _ scalar: ScalarText, _ node: ConfigurationNode, as type: SchemaType, at path: String, place: SourcePosition
  ) -> SettingsValue? {
    let text = scalar.text
    // What comes from elsewhere is what its place wants: a number where one must stand, text where text must.
    let isPlain = scalar.isPlain || scalar.isWhole
    switch type {
    case .string(let form): return decodeString(scalar, form: form, at: path, place: place)
    case .scalar(let form):
      return isFine(scalar, form: form, at: path, place: place) ? .string(text) : nil
    case .oneOf(let words): return decodeWord(scalar, of: words, at: path, place: place)
    case .boolean:
      if isPlain, case .boolean(let value) = PlainText(text) { return .boolean(value) }
      let words = ["yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"]
      let meant = words[text.lowercased()] ?? (isPlain ? nil : ["true", "false"].first { $0 == text })
      findings.error(
        "type", at: place,
        "`\(path)` is \(isPlain ? "" : "the text ")\(scalar.shown); `true` or `false` must stand here",
        fix: meant.map { "write `\($0)`\(scalar.isWhole ? "" : ", without quotes")" } ?? "write `true` or `false`")
      return nil
    case .integer(let minimum, let maximum):
      return decodeInteger(
        scalar, isPlain: isPlain, in: minimum...max(minimum, maximum), at: path, place: place)
    case .duration: return decodeDuration(scalar, at: path, place: place)
    default:
      mismatch(node, type, at: path, place: place)
      return nil
    }
  }

  private static func onlyText(in node: ConfigurationNode) -> String? {
    guard case .list(let elements) = node.content, elements.count == 1 else { return nil }
    guard let text = elements[0].text, IPAddress(text) != nil else { return nil }
    return text
  }

  private mutating func isFine(_ scalar: ScalarText, form: String, at path: String, place: SourcePosition) -> Bool {
    guard let fault = TextCheck.fault(in: scalar.text, form: form) else { return true }
    let what =
      fault.code == "empty"
      ? "`\(path)` is empty\(scalar.references.isEmpty ? "" : ": \(scalar.source)")"
      : "`\(path)` is \(scalar.shown), \(fault.what)"
    findings.error(fault.code, at: place, what, why: fault.why, fix: fault.fix)
    return false
  }

  private mutating func decodeString(
    _ scalar: ScalarText, form: String, at path: String, place: SourcePosition
  ) -> SettingsValue? {
    let text = scalar.text
    let reading: String? =
      switch scalar.isPlain ? PlainText(text) : .text {
      case .boolean: "a truth value"
      case .integer: "a number"
      case .decimal: Double(text).map { "the number \($0)" } ?? "a number"
      case .null, .text: nil
      }
    if let reading {
      let fault = TextCheck.fault(in: text, form: form)
      findings.error(
        "type", at: place, "`\(path)` is \(shown(text)), which YAML reads as \(reading)",
        why: "text must stand here\(TextForm.text == form ? "" : " (\(form))")"
          + (fault == nil ? ", and only quotes make it text" : ""),
        fix: fault.map(\.fix) ?? "put it in quotes: `\"\(text)\"`")
      return nil
    }
    return isFine(scalar, form: form, at: path, place: place) ? .string(text) : nil
  }

  private mutating func decodeWord(
    _ scalar: ScalarText, of words: [String], at path: String, place: SourcePosition
  ) -> SettingsValue? {
    let text = scalar.text
    if words.contains(text) { return .string(text) }
    let list = words.map { "`\($0)`" }.joined(separator: ", ")
    let fix =
      if path == "apiVersion" || path == "kind", text.contains("kubeadm") || text.contains("ClusterConfiguration") {
        "this is kubeadm's own configuration; `quorate init` writes one for Quorate"
      } else if let near = NearestName.find(text, among: words) {
        "did you mean `\(near)`?"
      } else {
        words.count == 1 ? "write \(list)" : "write one of them"
      }
    findings.error(
      "value", at: place,
      "`\(path)` is \(scalar.shown); \(words.count == 1 ? list : "one of \(list)") must stand here", fix: fix)
    return nil
  }

  private mutating func decodeInteger(
    _ scalar: ScalarText, isPlain: Bool, in range: ClosedRange<Int>, at path: String, place: SourcePosition
  ) -> SettingsValue? {
    let text = scalar.text
    let wanted = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    guard isPlain, PlainText(text) == .integer else {
      let isNumberInQuotes = !isPlain && PlainText(text) == .integer
      findings.error(
        "type", at: place, "`\(path)` is \(isPlain ? "" : "the text ")\(scalar.shown); \(wanted) must stand here",
        fix: isNumberInQuotes ? "remove the quotes" : "write the number")
      return nil
    }
    let digits = text.drop { $0 == "-" || $0 == "+" }
    guard digits.count == 1 || !digits.hasPrefix("0") else {
      findings.error(
        "type", at: place, "`\(path)` is \(scalar.shown), which YAML readers disagree about",
        why: "a leading zero makes an octal number for some", fix: "write a decimal number without leading zero")
      return nil
    }
    guard let number = Int(text), range.contains(number) else {
      findings.error(
        "range", at: place, "`\(path)` is \(scalar.shown); \(wanted) must stand here",
        fix: "choose a number in the range")
      return nil
    }
    return .integer(number)
  }

  private mutating func decodeDuration(_ scalar: ScalarText, at path: String, place: SourcePosition) -> SettingsValue? {
    do {
      return .integer(Int(try GoDuration.seconds(scalar.text)))
    } catch {
      findings.error("duration", at: place, "`\(path)` is \(scalar.shown), \(error.what)", fix: error.fix)
      return nil
    }
  }
}
