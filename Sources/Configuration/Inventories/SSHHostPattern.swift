/// A list of patterns of ssh_config(5): `*` and `?`, and `!` for what does not match.
struct SSHHostPattern {
  private let patterns: [String]
  private let parts: [(isNegated: Bool, text: [Character])]

  init(_ patterns: [String]) {
    self.patterns = patterns
    parts = patterns.map { ($0.hasPrefix("!"), Array(($0.hasPrefix("!") ? $0.dropFirst() : $0[...]).lowercased())) }
  }

  /// The patterns that are names.
  var names: [String] { patterns.filter { !$0.hasPrefix("!") && !$0.contains { $0 == "*" || $0 == "?" } } }

  /// Whether one matches, and none that is negated does.
  func matches(_ name: String) -> Bool {
    let name = Array(name.lowercased())
    var isMatched = false
    for part in parts where part.isNegated || !isMatched {
      guard Self.matches(part.text, name) else { continue }
      if part.isNegated { return false }
      isMatched = true
    }
    return isMatched
  }

  /// Matches without recursion, so that no pattern takes long.
  private static func matches(_ pattern: [Character], _ name: [Character]) -> Bool {
    var (p, n) = (0, 0)
    var star: (pattern: Int, name: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p, n)
        p += 1
      } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
        (p, n) = (p + 1, n + 1)
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        (p, n) = (last.pattern + 1, last.name + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }
}
