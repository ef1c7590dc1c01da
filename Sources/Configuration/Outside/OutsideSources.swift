internal import Glibc
public import QuorateCore

/// Where values from outside of a configuration are taken from. A test, or a program of its own, gives others.
public struct OutsideSources: Sendable {
  /// The value of an environment variable; nil where it is not set.
  public var variable: @Sendable (String) -> SecretBytes?
  /// The names of all variables that are set, to name the nearest one.
  public var variableNames: @Sendable () -> [String]
  /// The content of a file by its absolute path.
  public var file: @Sendable (String) -> Result<SecretBytes, Failure>

  /// Why a file gives no value.
  public struct Failure: Error, Sendable, Hashable {
    /// Continues a sentence that names the file: `which is a folder`.
    public var what: String
    /// What to do about it; may be empty.
    public var fix: String

    /// Makes a failure.
    public init(what: String, fix: String = "") {
      self.what = what
      self.fix = fix
    }
  }

  /// Makes sources.
  public init(
    variable: @escaping @Sendable (String) -> SecretBytes?, variableNames: @escaping @Sendable () -> [String],
    file: @escaping @Sendable (String) -> Result<SecretBytes, Failure>
  ) {
    self.variable = variable
    self.variableNames = variableNames
    self.file = file
  }

  /// The largest file that a value is taken from, in bytes.
  public static let sizeLimit = 64 << 10

  /// The process's environment and the files of this machine. Reading standard input or a process substitution
  /// blocks until it ends; a named pipe is refused.
  public static let process = OutsideSources(
    variable: { name in
      getenv(name).map { SecretBytes(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }, variableNames: names, file: read)

  private static func names() -> [String] {
    guard case .success(let bytes) = read("/proc/self/environ") else { return [] }
    return bytes.withBytes { content in
      content.split(separator: 0).map { String(decoding: $0.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self) }
    }
  }

  private static func read(_ path: String) -> Result<SecretBytes, Failure> {
    let descriptor: Int32
    switch FileOpening.open(path) {
    case .opened(let opened): descriptor = opened
    case .folder: return .failure(Failure(what: "which is a folder", fix: "name a file in it"))
    case .namedPipe:
      return .failure(
        Failure(what: "which is a named pipe", fix: "name a file, or a process substitution's `/dev/fd/N`"))
    case .failed(let number): return .failure(failure(number))
    }
    defer { close(descriptor) }
    var length = 0
    var number: Int32 = 0
    let whole = SecretBytes(count: sizeLimit + 1) { memory in
      while length < memory.count {
        let count = Glibc.read(descriptor, memory.baseAddress?.advanced(by: length), memory.count - length)
        if count < 0 && errno == EINTR { continue }
        if count < 0 { number = errno }
        guard count > 0 else { break }
        length += count
      }
    }
    if number != 0 { return .failure(failure(number)) }
    guard length <= sizeLimit else {
      return .failure(Failure(what: "which is larger than \(sizeLimit >> 10) KiB", fix: "check the path"))
    }
    return .success(whole.withBytes { SecretBytes($0.prefix(length)) })
  }

  private static func failure(_ number: Int32) -> Failure {
    switch number {
    case ENOENT, ENOTDIR: Failure(what: "which does not exist", fix: "write the file, or correct the path")
    case EACCES, EPERM: Failure(what: "which may not be read", fix: "give your user permission to read it")
    default: Failure(what: "which cannot be read: \(String(cString: strerror(number)))")
    }
  }
}
