import Glibc

/// Files on the operator's machine: a CA that the user brought, or keeps there (`ca.keyAt: operator`).
public struct OperatorFiles: Sendable {
  /// Reads and writes below no particular folder; paths are absolute.
  public init() {}

  /// Reads a small file.
  ///
  /// - Parameters:
  ///   - path: Where it is.
  ///   - limit: The largest size that is read, in bytes.
  /// - Throws: ``RunFailure`` when it cannot be read, or is larger.
  public func read(_ path: String, limit: Int = 65_536) throws(RunFailure) -> [UInt8] {
    let secret = try readSecret(path, limit: limit)
    return secret.withBytes { Array($0) }
  }

  /// Reads a small file that holds a secret.
  ///
  /// - Parameters:
  ///   - path: Where it is.
  ///   - limit: The largest size that is read, in bytes.
  /// - Throws: ``RunFailure`` when it cannot be read, or is larger.
  public func readSecret(_ path: String, limit: Int = 65_536) throws(RunFailure) -> SecretBytes {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure("cannot read \(path)") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("cannot read \(path)") }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
      throw RunFailure(
        code: "operator.file", what: "cannot read \(path)", why: "it is no regular file of at most \(limit >> 10) KiB",
        fix: "check the path")
    }
    var length = 0
    let whole = SecretBytes(count: Int(status.st_size)) { memory in
      while length < memory.count {
        let count = Glibc.read(descriptor, memory.baseAddress?.advanced(by: length), memory.count - length)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        length += count
      }
    }
    guard length == whole.count else { throw failure("cannot read \(path)") }
    return whole
  }

  /// Whether there is something at a path.
  public func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Writes a file: under another name, synced, renamed into place. Never over an existing one.
  ///
  /// - Throws: ``RunFailure`` when it cannot be written, or exists.
  public func write(_ content: SecretBytes, to path: String, mode: UInt32) throws(RunFailure) {
    let temporary = try stage(content, for: path, mode: mode)
    let isPlaced = link(temporary, path) == 0
    let error = errno
    unlink(temporary)
    guard isPlaced else {
      errno = error
      throw failure("cannot write \(path)")
    }
  }

  /// Writes a file like ``write(_:to:mode:)``, over what is there.
  ///
  /// - Throws: ``RunFailure`` when it cannot be written.
  public func replace(_ content: SecretBytes, at path: String, mode: UInt32) throws(RunFailure) {
    let temporary = try stage(content, for: path, mode: mode)
    guard rename(temporary, path) == 0 else {
      let error = errno
      unlink(temporary)
      errno = error
      throw failure("cannot write \(path)")
    }
  }

  /// Writes files like ``replace(_:at:mode:)``, the first rename only when all are written and synced.
  ///
  /// - Throws: ``RunFailure`` when one cannot be written; before the first rename nothing was changed.
  func replaceTogether(_ writes: [(content: SecretBytes, path: String, mode: UInt32)]) throws(RunFailure) {
    var staged: [(temporary: String, path: String)] = []
    // What was renamed is not there any more.
    defer { for file in staged { unlink(file.temporary) } }
    for write in writes {
      staged.append((try stage(write.content, for: write.path, mode: write.mode), write.path))
    }
    for file in staged where rename(file.temporary, file.path) != 0 { throw failure("cannot write \(file.path)") }
    for folder in Set(staged.map { $0.path.prefix(upTo: $0.path.lastIndex(of: "/") ?? $0.path.startIndex) }) {
      let descriptor = open(folder.isEmpty ? "." : String(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      fsync(descriptor)
      close(descriptor)
    }
  }

  /// Makes a folder where there is none.
  ///
  /// - Throws: ``RunFailure`` when it cannot be made.
  func makeFolder(_ path: String, mode: UInt32) throws(RunFailure) {
    guard mkdir(path, mode) != 0, errno != EEXIST else { return }
    throw failure("cannot make the folder \(path)")
  }

  /// Corrects a file's mode.
  ///
  /// - Returns: Whether it was another one.
  func correct(mode: UInt16, of path: String) throws(RunFailure) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure("cannot look at \(path)") }
    guard UInt16(truncatingIfNeeded: status.st_mode & 0o7777) != mode else { return false }
    guard chmod(path, mode_t(mode)) == 0 else { throw failure("cannot set the mode of \(path)") }
    return true
  }

  private func stage(_ content: SecretBytes, for path: String, mode: UInt32) throws(RunFailure) -> String {
    let temporary = "\(path).\(HostSession.nonce())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw failure("cannot write \(path)") }
    var isWhole = fchmod(descriptor, mode) == 0
    content.withBytes { bytes in
      var offset = 0
      while isWhole && offset < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
        if count < 0 && errno == EINTR { continue }
        isWhole = count > 0
        offset += max(count, 0)
      }
    }
    isWhole = isWhole && fsync(descriptor) == 0
    let error = errno
    close(descriptor)
    guard isWhole else {
      unlink(temporary)
      errno = error
      throw failure("cannot write \(path)")
    }
    return temporary
  }

  private func failure(_ what: String) -> RunFailure {
    RunFailure(
      code: "operator.file", what: what, why: String(cString: strerror(errno)),
      fix: "check the path in the configuration, and who may read it")
  }
}
