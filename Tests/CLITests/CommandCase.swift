import Foundation
import QuorateTesting

/// A command line and what a user sees of it: files that are there before, the command, its exit status and its output.
///
/// ```
/// --- cluster.yaml
/// apiVersion: quorate/v1
/// --- run
/// quorate validate
/// --- exit 78
/// --- stdout
/// --- stderr
/// …
/// ```
/// The command runs in an empty folder by `sh`, with `quorate` in its search path and nothing of the user's settings.
struct CommandCase {
  var files: [(name: String, text: String)] = []
  var command = ""
  var status: Int32 = 0
  var output = ""
  var errorOutput = ""

  init(_ text: String) throws {
    for section in Self.sections(of: text) {
      switch section.title {
      case "run": command = section.body
      case "stdout": output = section.body
      case "stderr": errorOutput = section.body
      case let title where title.hasPrefix("exit "): status = Int32(title.dropFirst(5)) ?? -1
      case let title: files.append((title, section.body))
      }
    }
    if command.isEmpty { throw Fault(description: "no section `--- run`") }
  }

  struct Fault: Error, CustomStringConvertible { let description: String }

  private static func sections(of text: String) -> [(title: String, body: String)] {
    var sections: [(title: String, body: String)] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("--- ") {
        sections.append((String(line.dropFirst(4)), ""))
      } else if !sections.isEmpty {
        sections[sections.count - 1].body += line + "\n"
      }
    }
    // What ends with a line's end has no empty line behind it.
    if let last = sections.indices.last, sections[last].body.hasSuffix("\n") { sections[last].body.removeLast() }
    return sections
  }

  /// The case as its file has it.
  var text: String {
    files.map { "--- \($0.name)\n\($0.text)" }.joined()
      + "--- run\n\(command)--- exit \(status)\n--- stdout\n\(output)--- stderr\n\(errorOutput)"
  }

  /// The same case with what happens now.
  func carriedOut(by binary: String) async throws -> CommandCase {
    let folder = FileManager.default.temporaryDirectory.appending(path: "quorate-cli-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for file in files { try Data(file.text.utf8).write(to: folder.appending(path: file.name)) }
    let search = (binary as NSString).deletingLastPathComponent + ":/usr/local/bin:/usr/bin:/bin"
    let result = await LocalProgram.run([
      "env", "--ignore-environment", "--chdir=\(folder.path)", "PATH=\(search)", "HOME=\(folder.path)/home", "LC_ALL=C",
      "USER=operator", "sh", "-c", command,
    ])
    var actual = self
    actual.status = result.status
    actual.output = Self.masked(result.text, folder.path)
    actual.errorOutput = Self.masked(result.errorText, folder.path)
    return actual
  }

  /// The text without what differs from run to run and from machine to machine: the folder, tokens, times,
  /// the version of the installed etcd.
  private static func masked(_ text: String, _ folder: String) -> String {
    text.replacingOccurrences(of: folder, with: "/FOLDER")
      .replacing(/token ([a-z0-9-]+)-[0-9a-f]{8}/) { "token \($0.output.1)-XXXXXXXX" }
      .replacing(/is etcd [0-9.]+,/, with: "is etcd N.N.N,")
      .replacing(/\b[0-9]+\.[0-9]s\b/, with: "N.Ns")
  }
}
