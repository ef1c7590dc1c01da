import Foundation
import QuorateConfiguration
import QuorateCore
import Testing

/// Every `Cases/NAME.yaml` is loaded, and its findings must be those of `Cases/NAME.expected`, to the letter. A first
/// line `# environment: NAME` chooses one. `QUORATE_RECORD=1 swift test --filter CaseTests` writes the expected ones.
@Suite struct CaseTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases")

  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }()

  @Test(arguments: names) func `The findings are those that are written beside the case`(_ name: String) throws {
    let bytes = try Data(contentsOf: Self.folder.appending(path: name + ".yaml"))
    let head = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
    let environment = head.hasPrefix("# environment: ") ? String(head.dropFirst(15)) : nil
    let loaded = KnownPlugins.loader.load(file: name + ".yaml", bytes: Array(bytes), environment: environment)
    let actual = loaded.findings.isEmpty ? "No findings.\n" : text(loaded.findings)
    let expectation = Self.folder.appending(path: name + ".expected")
    if ProcessInfo.processInfo.environment["QUORATE_RECORD"] != nil {
      try Data(actual.utf8).write(to: expectation)
      return
    }
    #expect(try actual == String(contentsOf: expectation, encoding: .utf8))
    #expect((loaded.spec == nil) == loaded.findings.contains { $0.severity == .error })
  }

  @Test func `Every finding has a place, a code and a sentence without a full stop`() throws {
    for name in Self.names {
      let bytes = try Data(contentsOf: Self.folder.appending(path: name + ".yaml"))
      for finding in KnownPlugins.loader.load(file: name, bytes: Array(bytes)).findings {
        #expect(finding.position != nil, "\(finding)")
        #expect(finding.code.hasPrefix("config."))
        for sentence in [finding.what, finding.why, finding.fix] {
          #expect(!sentence.hasSuffix("."), "\(sentence)")
          #expect(!sentence.contains("  ") && !sentence.contains("Optional("), "\(sentence)")
        }
      }
    }
  }
}
