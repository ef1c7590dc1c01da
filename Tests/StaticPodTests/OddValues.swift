/// Values that are hard to quote, from a fixed seed.
struct OddValues {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  private mutating func random(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((value ^ (value >> 31)) % UInt64(bound))
  }

  private static let parts = [
    " ", "  ", ": ", ":", " #", "#", "'", "''", "\"", "\\", "\\n", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">",
    "%",
    "@", "`", "?", "-", "- ", "---", "...", "=", "true", "null", "~", "0x1F", "1e3", "12:30", "2020-01-01", "é", "ß",
    "漢字", "\u{A0}", "\u{FEFF}", "😀", "\u{FFFD}", "\u{E000}", "\u{10FFFF}", "a", "word", "https://[fd00::1]:2379",
    "$HOME", "$(id)", ";", "<", "/", "%s", "averyveryveryverylongwordthatcannotbefolded",
  ]

  /// A value without control characters.
  mutating func next() -> String {
    let count = random(below: 4) == 0 ? random(below: 60) : random(below: 8)
    return (0..<count).map { _ in Self.parts[random(below: Self.parts.count)] }.joined()
  }

  /// A part of a path: no empty name, and none of `.` and `..`.
  mutating func path() -> String {
    "a" + next().split(separator: "/", omittingEmptySubsequences: true).map { "x\($0)x" }.joined()
  }
}
