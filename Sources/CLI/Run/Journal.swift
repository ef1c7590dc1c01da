internal import Glibc
internal import QuorateCore

/// What happened in a run that changes something, one object a line, in a file of its own. It holds no secret, since
/// no event does.
final class Journal: Sendable {
  /// The file.
  let path: String
  private let descriptor: Int32

  /// Begins a journal; nil where there is no place for it, which is no reason not to run.
  init?(cluster: String, command: String, startedAt: Instant) {
    guard let state = Environment.stateFolder else { return nil }
    let folder = state + "/quorate/runs"
    Self.makeFolders(folder)
    let stamp = startedAt.text.filter { $0 != ":" && $0 != "-" }
    path = "\(folder)/\(stamp)-\(getpid())-\(cluster).jsonl"
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0o600)
    guard descriptor >= 0 else { return nil }
    record(
      JSONLine(
        "run",
        [
          ("format", .string("1.0")), ("quorate", .string(Product.version)), ("command", .string(command)),
          ("cluster", .string(cluster)), ("startedAt", .string(startedAt.text)),
          ("by", .string(Environment.whoAndWhere)),
        ]))
  }

  deinit { close(descriptor) }

  /// Adds a line.
  func record(_ line: JSONLine) {
    _ = Array((line.text + "\n").utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  }

  /// The folder of all journals.
  static var folder: String? { Environment.stateFolder.map { $0 + "/quorate/runs" } }

  private static func makeFolders(_ path: String) {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/" + part
      mkdir(made, 0o700)
    }
  }
}
