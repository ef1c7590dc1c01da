/// A text of the configuration with references in it, taken apart: `etcd-${env:STAGE}`, `${file:./token}`.
struct Interpolation {
  /// A piece of the text.
  enum Part: Equatable {
    /// Text as it stands; `$${` is already `${`.
    case text(String)
    /// What is taken from elsewhere.
    case reference(OutsideReference, mark: Int)
  }

  /// Why a reference cannot be read.
  struct Fault: Error, Equatable {
    /// Which `${` of the text it is, from 0.
    var mark: Int
    /// Continues a sentence that names the key: `has …`.
    var what: String
    var why: String
    var fix: String
  }

  /// The pieces, in order.
  private(set) var parts: [Part] = []

  /// Whether a text has something to take apart.
  static func isPresent(in text: String) -> Bool { text.contains("${") }

  /// Whether anything comes from elsewhere.
  var hasReferences: Bool { !references.isEmpty }

  /// The references, in order.
  var references: [OutsideReference] {
    parts.compactMap { if case .reference(let reference, _) = $0 { reference } else { nil } }
  }

  /// Which `${` of the text the first reference is, from 0.
  var firstMark: Int {
    parts.lazy.compactMap { if case .reference(_, let mark) = $0 { mark } else { nil } }.first ?? 0
  }

  /// Whether the text is one reference and nothing else.
  var isWhole: Bool { parts.count == 1 && hasReferences }

  /// Takes a text apart.
  init(_ text: String) throws(Fault) {
    var rest = Substring(text)
    var literal = ""
    var mark = 0
    while let dollar = rest.firstRange(of: "${") {
      literal += rest[..<dollar.lowerBound]
      rest = rest[dollar.upperBound...]
      if literal.hasSuffix("$") {
        literal += "{"
      } else {
        guard let end = rest.firstIndex(of: "}") else {
          throw Fault(
            mark: mark, what: "has `${` without `}`", why: "`${` begins a reference to a value from elsewhere",
            fix: "add the `}`, or write `$${` for the text `${` itself")
        }
        let reference = try Self.reference(String(rest[..<end]), mark: mark)
        if !literal.isEmpty { parts.append(.text(literal)) }
        literal = ""
        parts.append(.reference(reference, mark: mark))
        rest = rest[rest.index(after: end)...]
      }
      mark += 1
    }
    literal += rest
    if !literal.isEmpty || parts.isEmpty { parts.append(.text(literal)) }
  }

  /// The text with `${` written as `$${`, so that it is read back as it is.
  static func escaped(_ text: String) -> String { text.replacing("${", with: "$${") }

  private static func reference(_ body: String, mark: Int) throws(Fault) -> OutsideReference {
    func fault(_ what: String, why: String = "", fix: String) -> Fault {
      Fault(mark: mark, what: "has \(shown("${\(body)}")), \(what)", why: why, fix: fix)
    }
    guard let colon = body.firstIndex(of: ":") else {
      let isName = OutsideReference.isVariableName(body)
      throw fault(
        "which does not say where the value comes from", why: "it begins with `env:` or `file:`",
        fix: (isName ? "write `${env:\(body)}`" : "write `${env:NAME}` or `${file:PATH}`")
          + ", or `$${` for the text `${` itself")
    }
    let kind = String(body[..<colon])
    let rest = String(body[body.index(after: colon)...])
    if rest.contains("${") {
      throw fault("with another reference in it", fix: "write the name or path itself")
    }
    switch OutsideReference.Kind(rawValue: kind) {
    case .variable:
      let dash = rest.firstRange(of: ":-")
      let name = String(rest[..<(dash?.lowerBound ?? rest.endIndex)])
      guard OutsideReference.isVariableName(name) else {
        throw fault(
          name.isEmpty ? "which names no variable" : "and \(shown(name)) is no variable's name",
          why: "one is made of letters, digits and `_`, and a default stands behind `:-`",
          fix: "write `${env:NAME}` or `${env:NAME:-DEFAULT}`")
      }
      return OutsideReference(kind: .variable, name: name, fallback: dash.map { String(rest[$0.upperBound...]) })
    case .file:
      if rest.isEmpty || rest.unicodeScalars.contains(where: \.isInvisible) {
        throw fault("which names no file", fix: "write `${file:PATH}`")
      }
      if let fault = PathCheck.path(rest) {
        throw Fault(
          mark: mark, what: "has \(shown("${\(body)}")), \(fault.what)", why: fault.why, fix: fault.fix)
      }
      return OutsideReference(kind: .file, name: rest)
    case nil:
      if rest.hasPrefix("-") || rest.hasPrefix("?"), OutsideReference.isVariableName(kind) {
        throw fault(
          "which does not say where the value comes from", why: "it begins with `env:` or `file:`",
          fix: "write `${env:\(kind):-\(rest.dropFirst().prefix(40))}`")
      }
      let near = NearestName.find(kind, among: OutsideReference.Kind.allCases.map(\.rawValue))
      throw fault(
        "and \(shown(kind)) is no place that values come from", why: "known are `env` and `file`",
        fix: near.map { "did you mean `${\($0):\(rest.prefix(40))}`?" }
          ?? "write `${env:NAME}` or `${file:PATH}`, or `$${` for the text `${` itself")
    }
  }
}
