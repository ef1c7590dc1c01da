internal import Glibc
public import QuorateCore

/// Reads a configuration file.
public enum ConfigurationFile {
  /// The name that is looked for when the user gives none.
  public static let defaultName = "cluster.yaml"

  /// Why a file could not be read.
  public struct Failure: Error, Sendable {
    /// What to tell the user.
    public var finding: Finding
  }

  /// Reads a file. Blocks while standard input or a process substitution has no end yet; a named pipe is refused.
  ///
  /// - Parameters:
  ///   - path: The file, as the user named it.
  ///   - folder: The folder that a relative path starts from.
  ///   - limit: The largest size that is read, in bytes; nil: 1 MiB.
  public static func read(_ path: String, from folder: String, limit: Int? = nil) -> Result<[UInt8], Failure> {
    let limit = limit ?? SourceText.sizeLimit
    guard !path.utf8.contains(0), !path.isEmpty else {
      return failure(
        path, "file.unreadable", "the configuration has no usable file name", fix: "name the file: `-f cluster.yaml`")
    }
    let descriptor: Int32
    switch FileOpening.open(path.hasPrefix("/") ? path : folder + "/" + path) {
    case .opened(let opened): descriptor = opened
    case .folder:
      return failure(
        path, "file.unreadable", "`\(path)` is a folder", fix: "name the file in it: `-f \(path)/\(defaultName)`")
    case .namedPipe:
      return failure(
        path, "file.unreadable", "`\(path)` is a named pipe",
        why: "it gives what is in it only once, and only while a program writes into it",
        fix: "name a file, or `/dev/stdin` behind a pipe of the shell")
    case .failed(let number): return failure(path, number: number)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { return .success(bytes) }
      if count < 0 {
        if errno == EINTR { continue }
        return failure(path, number: errno)
      }
      bytes.append(contentsOf: chunk[..<count])
      if bytes.count > limit { return .failure(Failure(finding: SourceText.tooLarge(file: path, limit: limit))) }
    }
  }

  private static func failure(_ path: String, number: Int32) -> Result<[UInt8], Failure> {
    switch number {
    case ENOENT:
      failure(
        path, "file.missing", "there is no file `\(path)`",
        fix: "name the configuration with `-f FILE`, or write one with `quorate init`")
    case EACCES, EPERM:
      failure(path, "file.unreadable", "`\(path)` may not be read", fix: "give your user permission to read it")
    default:
      failure(
        path, "file.unreadable", "`\(path)` cannot be read", why: String(cString: strerror(number)), fix: "")
    }
  }

  private static func failure(
    _ path: String, _ code: String, _ what: String, why: String = "", fix: String
  ) -> Result<[UInt8], Failure> {
    .failure(Failure(finding: Finding(.error, code: "config." + code, what: what, why: why, fix: fix)))
  }
}
