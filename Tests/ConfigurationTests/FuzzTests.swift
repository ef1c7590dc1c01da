import Foundation
import QuorateConfiguration
import QuorateCore
import Testing

/// SplitMix64 with a fixed seed: every run does the same.
private struct Dice: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

@Suite struct FuzzTests {
  private static let seeds: [[UInt8]] = CaseTests.names.compactMap { name in
    (try? Data(contentsOf: CaseTests.folder.appending(path: name + ".yaml"))).map(Array.init)
  }

  /// How many texts a round tries; `QUORATE_FUZZ_TEXTS=20000 swift test --filter FuzzTests` tries more of them.
  private static let texts = ProcessInfo.processInfo.environment["QUORATE_FUZZ_TEXTS"].flatMap(Int.init) ?? 500

  private static let morsels = [
    "*a", "&a ", "<<: ", "? ", ": ", "- ", "{", "}", "[", "]", "\"", "'", "|\n", ">\n", "#", "!!str ", "!x ", "%", "@",
    "\t", "\0", "\n", "\r\n", "---\n", "...\n", "~", "null", "true", "1e9", "0x1", ".inf", "-", "--", "=", "//", "..",
    "\u{E000}", "\u{F0000}", "\u{202E}", "\u{FEFF}", "\\", "\\x", "9999999999999999999999", "-1", "10.0.0.6", "::",
    "%eth0",
    "environments:", "spec:", "hosts:", "name: ", "plugin: ", "with: ", "  ", ",", "*", "é", "🦊",
    "${", "$${", "${env:STAGE}", "${env:PORT:-1}", "${env:NONE}", "${file:token}", "${file:/latin}", "}",
  ].map { Array($0.utf8) }

  private static func mutate(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...6, using: &dice) {
      let place = Int.random(in: 0...bytes.count, using: &dice)
      let length = min(Int.random(in: 0...24, using: &dice), bytes.count - place)
      switch Int.random(in: 0..<7, using: &dice) {
      case 0: bytes.insert(UInt8.random(in: 0...255, using: &dice), at: place)
      case 1: bytes.removeSubrange(place..<place + length)
      case 2: bytes.insert(contentsOf: morsels.randomElement(using: &dice) ?? [], at: place)
      case 3: bytes.replaceSubrange(place..<place + length, with: morsels.randomElement(using: &dice) ?? [])
      case 4: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &dice) }
      case 5:
        let source = Int.random(in: 0...bytes.count - length, using: &dice)
        bytes.insert(contentsOf: bytes[source..<source + length], at: place)
      default:
        // A line twice, or two lines swapped.
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        lines.insert(lines.randomElement(using: &dice) ?? [], at: Int.random(in: 0...lines.count, using: &dice))
        bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
      }
    }
    return bytes
  }

  @Test(arguments: 0..<8) func `Whatever is written, a specification or an error comes out`(_ round: Int) {
    var dice = Dice(state: UInt64(round) &* 7919 &+ 1)
    for _ in 0..<Self.texts {
      let seed = Self.seeds.randomElement(using: &dice) ?? []
      let bytes = Self.mutate(seed, &dice)
      for environment in [nil, "laptop"] {
        let loaded = KnownPlugins.loader.load(file: "fuzz.yaml", bytes: bytes, environment: environment)
        let isFaulty = loaded.findings.contains { $0.severity == .error }
        let lineCount = bytes.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } + 1
        let isPlaced = loaded.findings.allSatisfy { finding in
          finding.position.map { $0.line >= 1 && $0.column >= 1 && $0.line <= lineCount } ?? false
        }
        if (loaded.spec == nil) != isFaulty || !isPlaced {
          Issue.record("\(String(decoding: bytes, as: UTF8.self))\n\(text(loaded.findings))")
          return
        }
      }
    }
  }

  /// Texts made to take long: each must be read or refused within what a test run can bear (a fraction of a second).
  @Test func `Texts that are made to take long do not`() {
    let head = document()
    let wide = (0..<30_000).map { "  k\($0): 1\n" }.joined()
    let texts = [
      head + wide, head + (0..<5_000).map { "  k\($0): 1\n" }.joined(),
      head + String(repeating: "  k: 1\n", count: 20_000), head + "  x: " + String(repeating: "[", count: 100_000),
      head + "  x: " + String(repeating: "{a: ", count: 100_000), head + String(repeating: "? ", count: 100_000),
      head + String(repeating: "- ", count: 100_000),
      head + "  x: \"" + String(repeating: "a", count: 900_000) + "\"\n",
      head + "  " + String(repeating: "a", count: 900_000) + ": 1\n",
      head + "  x: &a [" + String(repeating: "b,", count: 9_000) + "]\n  y: [" + String(repeating: "*a,", count: 9_000)
        + "]\n",
      "environments: {" + (0..<2_000).map { "e\($0): {zzz: 1, hosts: [{nam: a}]}" }.joined(separator: ", ") + "}\n"
        + head,
      document(hosts: (0..<3_000).map { "- {name: h\($0), address: 10.0.0.6}" }.joined(separator: "\n")),
      String(repeating: "&a ", count: 10_000), String(repeating: "*a\n", count: 100_000),
      String(repeating: "!!str ", count: 10_000), String(repeating: "# *\n", count: 200_000),
      String(String.UnicodeScalarView((0xF0000...0xFFFFD).compactMap { Unicode.Scalar($0 as UInt32) })),
    ]
    for text in texts {
      let loaded = load(text)
      #expect(loaded.spec == nil)
      #expect(loaded.findings.contains { $0.severity == .error })
      #expect(loaded.findings.count <= 201)
    }
  }
}
