/// A host as an Ansible inventory names it: `infra0`, `infra[0:2]`, `node[a:c].example.com:2222`.
struct AnsibleHostPattern {
  /// The names that it stands for.
  var names: [String]
  /// A port behind it.
  var port: String?

  private static let rangeLimit = 8

  /// Why a pattern cannot be read.
  struct Fault: Error {
    /// Continues a sentence that begins with the pattern.
    var what: String
    var fix: String
  }

  init(_ text: String) throws(Fault) {
    var pattern = Substring(text)
    // Several colons are an IPv6 address, colons in brackets a range or one.
    let outer = Self.colonsOutsideBrackets(text)
    if outer.count == 1, let colon = outer.first {
      let digits = text[text.index(after: colon)...]
      if !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) {
        port = String(digits)
        pattern = text[..<colon]
      }
    }
    guard pattern.count(where: { $0 == "[" }) <= Self.rangeLimit else {
      throw Fault(what: "has more than \(Self.rangeLimit) ranges", fix: "write the hosts one by one")
    }
    names = try Self.expanded(pattern, room: AnsibleGroups.hostLimit)
  }

  private static func colonsOutsideBrackets(_ text: String) -> [String.Index] {
    var depth = 0
    var colons: [String.Index] = []
    for index in text.indices {
      switch text[index] {
      case "[": depth += 1
      case "]": depth -= 1
      case ":" where depth == 0: colons.append(index)
      default: break
      }
    }
    return colons
  }

  private static func expanded(_ text: Substring, room: Int) throws(Fault) -> [String] {
    guard let open = text.firstIndex(of: "[") else { return [String(text)] }
    guard let close = text[open...].firstIndex(of: "]") else {
      throw Fault(what: "has `[` without `]`", fix: "write a range as `infra[0:2]`")
    }
    let body = text[text.index(after: open)..<close]
    let rest = try expanded(text[text.index(after: close)...], room: room)
    let before = String(text[..<open])
    // An IPv6 address in brackets.
    if body.count(where: { $0 == ":" }) > 2 || body.contains("::") { return rest.map { before + body + $0 } }
    let middle = try range(body)
    guard middle.count * rest.count <= room else {
      throw Fault(what: "stands for more than \(room) hosts", fix: "correct the range")
    }
    return middle.flatMap { part in rest.map { before + part + $0 } }
  }

  private static func range(_ body: Substring) throws(Fault) -> [String] {
    let fault = Fault(
      what: "has the range `[\(body.prefix(40))]`, which is none", fix: "write it as `[0:2]` or `[a:c]`")
    let parts = body.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 || parts.count == 3 else { throw fault }
    let step = parts.count == 3 ? Int(parts[2]) : 1
    guard let step, step > 0, !parts[1].isEmpty else { throw fault }
    let isNumber = { (text: String) in text.count <= 9 && text.allSatisfy { $0.isASCII && $0.isNumber } }
    let first = parts[0].isEmpty ? "0" : parts[0]
    if isNumber(first), isNumber(parts[1]), let low = Int(first), let high = Int(parts[1]) {
      guard low <= high, (high - low) / step < AnsibleGroups.hostLimit else { throw fault }
      let width = first.hasPrefix("0") ? first.count : 0
      return stride(from: low, through: high, by: step).map { number in
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
      }
    }
    guard first.utf8.count == 1, parts[1].utf8.count == 1, let low = first.utf8.first, let high = parts[1].utf8.first,
      first.first?.isLetter == true, parts[1].first?.isLetter == true, low <= high
    else { throw fault }
    return stride(from: Int(low), through: Int(high), by: step).compactMap { Unicode.Scalar($0).map { String($0) } }
      .filter { $0.first?.isLetter == true }
  }
}
