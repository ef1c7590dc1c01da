internal import QuorateCore
internal import Yams

/// Says in a sentence what libyaml found wrong. Its own words are kept where no better ones are known.
struct SyntaxFinding {
  let source: SourceText

  func finding(for error: YamlError) -> Finding {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let opening = context.map { source.position(line: $0.mark.line, column: $0.mark.column) }
      return explain(
        problem, context: context?.text ?? "", at: source.position(line: mark.line, column: mark.column),
        opening: opening)
    case .reader(let problem, _, _, _):
      return plain(problem, at: source.position(line: 1, column: 1))
    default:
      return plain("it could not be read", at: source.position(line: 1, column: 1))
    }
  }

  /// Where a reference stands that YAML takes for a mapping: before the fault in its line, without quotes.
  private func unquotedReference(at position: SourcePosition) -> SourcePosition? {
    let marks = source.marks(from: SourcePosition(file: position.file, line: position.line, column: 1), upTo: 1)
    guard let mark = marks.first, mark.column < position.column + 2 else { return nil }
    let before = SourcePosition(file: mark.file, line: mark.line, column: mark.column - 1)
    return source.scalar(at: before).map { "\"'$".unicodeScalars.contains($0) } == true ? nil : mark
  }

  private func explain(
    _ problem: String, context: String, at position: SourcePosition, opening: SourcePosition?
  ) -> Finding {
    if let tab = tab(around: position) {
      return error(
        "tab", at: tab, "a tab stands in the indentation", why: "YAML indents with spaces only",
        fix: "replace it by spaces")
    }
    let begin = opening ?? position
    if let mark = unquotedReference(at: position) {
      return syntax(
        at: mark, "`${` stands without quotes between brackets",
        why: "between `{` and `}`, YAML takes the brace for the beginning of another mapping",
        fix: "put the value in quotes: `\"${env:NAME}\"`")
    }
    switch problem {
    case "found character that cannot start any token":
      let character = source.scalar(at: position).map { "`\($0)`" } ?? "this character"
      return syntax(at: position, "a value cannot begin with \(character)", fix: "put the value in quotes")
    case "mapping values are not allowed in this context":
      return syntax(
        at: position, "a `:` stands where no key can be",
        why: "the line is indented more than the keys it belongs to, or its value holds `: `",
        fix: "line the key up with its neighbours, or put the value in quotes")
    case "did not find expected key":
      return syntax(
        at: position, "this line does not belong to the mapping that begins in line \(begin.line)",
        why: "all keys of a mapping begin in the same column (here: \(begin.column))",
        fix: "line it up, and close what is opened with a quote or bracket above it")
    case "did not find expected '-' indicator":
      return syntax(
        at: position, "this line does not belong to the list that begins in line \(begin.line)",
        why: "all entries of a list begin with `- ` in the same column (here: \(begin.column))", fix: "line it up")
    case "could not find expected ':'":
      return syntax(
        at: begin, "a key stands here without `:`", fix: "write `key: value`, or put a longer text in quotes")
    case "did not find expected ',' or ']'":
      return syntax(
        at: position, "the list that `[` opens in line \(begin.line), column \(begin.column) does not go on here",
        why: "after an entry stands `,` or `]`", fix: "add the `,` or the `]`")
    case "did not find expected ',' or '}'":
      return syntax(
        at: position, "the mapping that `{` opens in line \(begin.line), column \(begin.column) does not go on here",
        why: "after an entry stands `,` or `}`", fix: "add the `,` or the `}`")
    case "found unexpected end of stream", "found unexpected document indicator":
      return syntax(at: begin, "a quoted text begins here and does not end", fix: "add the closing quote")
    case "found unknown escape character", "did not find expected hexdecimal number":
      return syntax(
        at: position, "this is no escape that YAML knows", why: "in double quotes `\\` begins an escape",
        fix: "write `\\\\`, or use single quotes")
    case "block sequence entries are not allowed in this context":
      return syntax(at: position, "a list cannot begin here", fix: "begin it in a line of its own")
    case "mapping keys are not allowed in this context":
      return syntax(at: position, "a `?` stands where no key can be", fix: "put the value in quotes")
    case "did not find expected <document start>":
      return syntax(
        at: position, "this does not belong to the document above it",
        why: "a mapping's keys begin in the same column, and a file holds one mapping", fix: "line it up, or remove it")
    case "did not find expected alphabetic or numeric character":
      return syntax(
        at: begin, "`&` begins an anchor, and no name follows", fix: "put the value in quotes, or name the anchor")
    case "found undefined tag handle":
      return syntax(
        at: position, "`!` begins a tag, and no such tag is known", fix: "put a text that begins with `!` in quotes")
    case "found incompatible YAML document":
      return syntax(at: position, "the file says that it is another version of YAML", fix: "remove the line `%YAML`")
    case "did not find expected node content":
      return syntax(at: position, "a value is missing here", fix: "write it, or remove the `,`")
    case _ where problem.hasPrefix("Maximum nesting level"):
      return DocumentReader.tooDeep(at: position)
    default:
      return plain(context.isEmpty ? problem : "\(context), \(problem)", at: position)
    }
  }

  /// A tab at the place, or in the indentation of its line.
  private func tab(around position: SourcePosition) -> SourcePosition? {
    guard source.lines.indices.contains(position.line - 1) else { return nil }
    let line = source.lines[position.line - 1]
    let indentation = line.prefix { $0 == " " || $0 == "\t" }
    var column = indentation.firstIndex(of: "\t").map { $0 + 1 }
    if column == nil, source.scalar(at: position) == "\t" { column = position.column }
    return column.map { SourcePosition(file: source.file, line: position.line, column: $0) }
  }

  private func plain(_ problem: String, at position: SourcePosition) -> Finding {
    syntax(at: position, "this is no valid YAML: \(problem)")
  }

  private func syntax(at position: SourcePosition, _ what: String, why: String = "", fix: String = "") -> Finding {
    error("syntax", at: position, what, why: why, fix: fix)
  }

  private func error(
    _ code: String, at position: SourcePosition, _ what: String, why: String = "", fix: String = ""
  ) -> Finding {
    Finding(.error, code: "config.yaml." + code, position: position, what: what, why: why, fix: fix)
  }
}
