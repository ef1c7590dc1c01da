import Foundation
import Testing

/// What the user reads, to the letter. `QUORATE_RECORD=1 swift test --filter CLITests` writes what is there now.
@Suite struct CommandTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases")

  /// `quorate` is built beside the tests.
  static let binary = URL(filePath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
    .appending(path: "quorate").path

  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".case") }.map { String($0.dropLast(5)) }.sorted()
  }()

  @Test(arguments: names) func `A command prints and ends as its case says`(_ name: String) async throws {
    let file = Self.folder.appending(path: name + ".case")
    let expected = try String(contentsOf: file, encoding: .utf8)
    let actual = try await CommandCase(expected).carriedOut(by: Self.binary)
    if ProcessInfo.processInfo.environment["QUORATE_RECORD"] != nil {
      try Data(actual.text.utf8).write(to: file)
      return
    }
    #expect(actual.text == expected)
  }

  @Test func `No case shows a Swift type, an optional or a line with blanks at its end`() throws {
    #expect(Self.names.count > 10)
    for name in Self.names {
      let text = try String(contentsOf: Self.folder.appending(path: name + ".case"), encoding: .utf8)
      for mark in ["Optional(", "Swift.", "QuorateCore", "Error(", "nil"] { #expect(!text.contains(mark), "\(name)") }
      for line in text.split(separator: "\n") { #expect(!line.hasSuffix(" "), "\(name): \(line)") }
    }
  }
}
