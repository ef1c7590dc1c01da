public import QuorateCore
internal import Glibc
internal import Synchronization

/// Runs a program on this machine and waits for its end, for tests that check against a real kubeadm, etcd or shell.
///
/// Output goes to unlinked files, so that no amount of it can block, and a program that leaves children behind does
/// not keep the caller waiting.
public enum LocalProgram {
  /// How a program ended, and what it wrote.
  public struct Result: Sendable {
    /// Its exit status; 128 and the signal's number where a signal ended it; 127 where it could not be started.
    public var status: Int32
    /// Its standard output.
    public var output: [UInt8]
    /// Its standard error.
    public var errorOutput: [UInt8]

    /// Makes a result.
    public init(status: Int32, output: [UInt8] = [], errorOutput: [UInt8] = []) {
      self.status = status
      self.output = output
      self.errorOutput = errorOutput
    }

    /// Its standard output as text.
    public var text: String { String(decoding: output, as: UTF8.self) }
    /// Its standard error as text.
    public var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
  }

  /// Runs a program.
  ///
  /// - Parameters:
  ///   - arguments: The program, searched in `PATH`, and its arguments.
  ///   - input: What it reads on its standard input.
  /// - Returns: How it ended.
  public static func run(_ arguments: [String], input: [UInt8] = []) async -> Result {
    await withCheckedContinuation { continuation in
      let job = Job(arguments: arguments, input: input) { continuation.resume(returning: $0) }
      job.start()
    }
  }

  /// Runs a host command the way the program on a host does.
  public static func run(_ command: HostCommand) async -> Result { await run(command.arguments) }
}

/// One run, on a thread of its own: waiting for a child blocks.
private final class Job: Sendable {
  let arguments: [String]
  let input: [UInt8]
  let done: @Sendable (LocalProgram.Result) -> Void

  init(arguments: [String], input: [UInt8], done: @escaping @Sendable (LocalProgram.Result) -> Void) {
    self.arguments = arguments
    self.input = input
    self.done = done
  }

  func start() {
    if !DetachedThread.start({ [self] in done(run()) }) {
      done(LocalProgram.Result(status: 127, output: [], errorOutput: Array("no thread can be started".utf8)))
    }
  }

  private func run() -> LocalProgram.Result {
    let files = (0..<3).map { _ in unlinkedFile() }
    defer { for file in files where file >= 0 { close(file) } }
    guard files.allSatisfy({ $0 >= 0 }) else { return LocalProgram.Result(status: 127, output: [], errorOutput: []) }
    write(input, to: files[0])
    lseek(files[0], 0, SEEK_SET)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, file) in files.enumerated() { posix_spawn_file_actions_adddup2(&actions, file, Int32(number)) }
    var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    vector.append(nil)
    defer { for pointer in vector { free(pointer) } }
    // Threads of a test process block signals, and a child would inherit that: nothing could end what it leaves behind.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var process = pid_t()
    let failure = posix_spawnp(&process, arguments.first ?? "", &actions, &attributes, vector, environ)
    guard failure == 0 else {
      return LocalProgram.Result(
        status: 127, output: [], errorOutput: Array("\(arguments.first ?? ""): error \(failure)".utf8))
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7F
    return LocalProgram.Result(
      status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: read(files[1]), errorOutput: read(files[2]))
  }

  private func unlinkedFile() -> Int32 {
    var template = Array("/tmp/quorate-XXXXXX".utf8CString)
    let file = mkstemp(&template)
    if file >= 0 {
      unlink(template)
      _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    }
    return file
  }

  private func write(_ bytes: [UInt8], to file: Int32) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      offset += count
    }
  }

  private func read(_ file: Int32) -> [UInt8] {
    lseek(file, 0, SEEK_SET)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }
}
