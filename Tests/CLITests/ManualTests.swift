import Foundation
import QuorateTesting
import Testing

/// The pages of `docs/man` are what the command says of itself. `QUORATE_RECORD=1 swift test --filter ManualTests`
/// writes them.
@Suite struct ManualTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/man")
    .standardized

  static func pages() async throws -> [ManualPage] {
    let help = await LocalProgram.run([CommandTests.binary, "--experimental-dump-help"])
    return ManualPage.all(of: try CommandDescription(json: help.text))
  }

  @Test func `The manual pages are those of this command`() async throws {
    let pages = try await Self.pages()
    let files = Set(pages.map { $0.name + ".1" })
    if ProcessInfo.processInfo.environment["QUORATE_RECORD"] != nil {
      for page in pages { try Data(page.text.utf8).write(to: Self.folder.appending(path: page.name + ".1")) }
    }
    for page in pages {
      let recorded = try String(contentsOf: Self.folder.appending(path: page.name + ".1"), encoding: .utf8)
      #expect(recorded == page.text, "\(page.name).1: record it again")
    }
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)) == files)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mandoc")))
  func `mandoc finds nothing to say of the manual pages`() async throws {
    for page in try await Self.pages() {
      let path = Self.folder.appending(path: page.name + ".1").path
      let lint = await LocalProgram.run(["mandoc", "-Tlint", "-Wstyle", path])
      // Pages that are not installed here are no fault.
      let faults = lint.text.split(separator: "\n").filter { !$0.contains("referenced manual not found") }
      #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }
  }
}
