internal import Glibc

/// Opens files for reading, and never waits for a pipe's writer.
enum FileOpening {
  /// What came of it.
  enum Outcome {
    /// The file's descriptor, for the caller to close; reading it blocks as usual.
    case opened(Int32)
    /// It is a folder.
    case folder
    /// It is a named pipe, fifo(7).
    case namedPipe
    /// The system's error number.
    case failed(Int32)
  }

  /// Opens a file by its path.
  ///
  /// A pipe that the shell has open already, standard input or a process substitution, is read like a file: it has a
  /// writer, or has come to its end. A named pipe may have none, and gives what it holds only once, while a configuration
  /// may be read several times; so it is not opened to be read.
  static func open(_ path: String) -> Outcome {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard descriptor >= 0 else { return .failed(errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let number = errno
      close(descriptor)
      return .failed(number)
    }
    let kind = status.st_mode & S_IFMT
    if kind == S_IFDIR || kind == S_IFIFO && !isInherited(path) {
      close(descriptor)
      return kind == S_IFDIR ? .folder : .namedPipe
    }
    // Without O_NONBLOCK again: what a pipe or a terminal has not given yet is waited for.
    _ = fcntl(descriptor, F_SETFL, 0)
    return .opened(descriptor)
  }

  /// Whether a path names a descriptor that this process was started with.
  private static func isInherited(_ path: String) -> Bool {
    path == "/dev/stdin" || path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/")
  }
}
