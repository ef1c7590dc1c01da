import Foundation
import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct FileTests {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "quorate-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func load(_ path: String, from folder: URL) -> LoadedConfiguration {
    ConfigurationLoader(plugins: KnownPlugins.all, workingFolder: folder.path).load(path: path)
  }

  @Test func `A file is read from the working folder, and its own folder is the base`() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(
        at: folder.appending(path: "prod"), withIntermediateDirectories: true)
      try Data(document().utf8).write(to: folder.appending(path: "prod/cluster.yaml"))
      let loaded = load("prod/cluster.yaml", from: folder)
      #expect(loaded.spec?.name == "prod")
      #expect(loaded.positions["spec"]?.file == "prod/cluster.yaml")
      #expect(loaded.baseFolder == folder.path + "/prod")
      #expect(load(folder.path + "/prod/cluster.yaml", from: folder).baseFolder == folder.path + "/prod")
    }
  }

  @Test func `A file that cannot be read is a finding`() throws {
    try withFolder { folder in
      #expect(
        text(load("cluster.yaml", from: folder).findings) == """
          error: there is no file `cluster.yaml`  [config.file.missing]
            fix: name the configuration with `-f FILE`, or write one with `quorate init`

          """)
      #expect(
        text(load(".", from: folder).findings) == """
          error: `.` is a folder  [config.file.unreadable]
            fix: name the file in it: `-f ./cluster.yaml`

          """)
      #expect(load("", from: folder).findings.map(\.code) == ["config.file.unreadable"])
      #expect(load("a\0b", from: folder).findings.map(\.code) == ["config.file.unreadable"])
    }
  }

  @Test func `A file of more than 1 MiB is refused, whatever is in it`() throws {
    try withFolder { folder in
      try Data(repeating: UInt8(ascii: "#"), count: (1 << 20) + 1).write(to: folder.appending(path: "big"))
      #expect(
        text(load("big", from: folder).findings) == """
          big:1:1: error: the file is larger than 1 MiB  [config.file.too-large]
            why: such a file takes a few kilobytes
            fix: check that `big` is the right file

          """)
      let endless = ConfigurationLoader(plugins: [], workingFolder: "/").load(path: "/dev/zero")
      #expect(endless.findings.map(\.code) == ["config.file.too-large"])
    }
  }
}
