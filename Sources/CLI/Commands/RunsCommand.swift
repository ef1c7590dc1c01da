internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc

/// `quorate runs`: the journals of earlier runs.
struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "Lists the runs on this machine that change something, the latest last, and where their journals are.")

  @OptionGroup var outputOptions: OutputOptions

  private struct Head: Decodable {
    var type: String
    var startedAt: String?
    var command: String?
    var cluster: String?
    var by: String?
    var status: Int?
  }

  func run() async throws {
    let console = outputOptions.console
    guard let folder = Journal.folder, let handle = opendir(folder) else {
      console.progress("There are no runs yet.")
      return
    }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".jsonl") { names.append(name) }
    }
    var rows: [[String]] = []
    for name in names.sorted() {
      guard let bytes = FileManager.default.contents(atPath: folder + "/" + name) else { continue }
      let lines = bytes.split(separator: 10)
      guard let first = lines.first, let head = try? JSONDecoder().decode(Head.self, from: Data(first)) else {
        continue
      }
      let last = lines.last.flatMap { try? JSONDecoder().decode(Head.self, from: Data($0)) }
      let status = last?.type == "exit" ? last?.status : nil
      if console.format == .json {
        console.result(
          JSONLine(
            "run",
            [
              ("startedAt", .optional(head.startedAt)), ("command", .optional(head.command)),
              ("cluster", .optional(head.cluster)), ("by", .optional(head.by)),
              ("status", status.map { .integer($0) } ?? .null), ("journal", .string(folder + "/" + name)),
            ]
          ).text)
      } else {
        let how = status.map { $0 == 0 ? "done" : "status \($0)" } ?? "did not end"
        rows.append([
          head.startedAt ?? "?", head.command ?? "?", head.cluster ?? "?", how, folder + "/" + name,
        ])
      }
    }
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = zip(row, widths).map { cell, width in cell.padded(to: width) }
      console.result((cells + [row[4]]).joined(separator: "  "))
    }
    if names.isEmpty { console.progress("There are no runs yet.") }
  }
}
