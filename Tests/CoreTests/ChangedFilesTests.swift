import Testing

@testable import QuorateCore

@Suite struct ChangedFilesTests {
  private static let key = "8180|0|0|root|root|227|12|2026-11-24 15:44:44.815561258 +0000|/pki/peer.key"

  private func told(_ before: [String], _ after: [String]) -> String {
    ChangedFiles.described(
      (["changed since the survey, expected:"] + before + ["found:"] + after).joined(separator: "\n"))
  }

  @Test(arguments: [
    ("8180|0|0|root|root|227|12|2026-11-24 15:44:50.1 +0000|/pki/peer.key", "was touched at 2026-11-24 15:44:50"),
    ("8180|0|0|root|root|227|13|2026-11-24 15:44:44.9 +0000|/pki/peer.key", "was replaced"),
    ("81a4|0|0|root|root|227|12|2026-11-24 15:44:50.1 +0000|/pki/peer.key", "mode 0644, was 0600"),
    (
      "8180|9|0|etcd|root|230|12|2026-11-24 15:44:50.1 +0000|/pki/peer.key",
      "owner etcd:root, was root:root, 230 bytes, were 227"
    ),
    ("a1ff|0|0|root|root|9|14|2026-11-24 15:44:50.1 +0000|/pki/peer.key", "is another kind of file"),
  ])
  func `A path that changed is told with how it changed`(after: String, change: String) {
    #expect(told([Self.key], [after]) == "changed since the survey: /pki/peer.key: \(change)")
  }

  @Test func `What came and what went is told, what stayed is not`() {
    let odd = "8180|0|0|root|root|1|15|2026-11-24 15:44:50.1 +0000|/a|b"
    let same = "8180|0|0|root|root|1|16|2026-11-24 15:44:50.1 +0000|/pki/ca.key"
    #expect(told([Self.key, same], [odd, same]).hasSuffix("survey: /a|b is there now; /pki/peer.key is gone"))
  }

  @Test func `Another text, and one that cannot be read, are told as they are`() {
    for text in ["", "disk full", "changed since the survey, expected:\nfound:\nx|y"] {
      #expect(ChangedFiles.described(text) == text)
    }
  }
}
