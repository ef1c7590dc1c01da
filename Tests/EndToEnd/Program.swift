import Foundation
import Synchronization

/// A program that runs beside a test: its lines can be waited for while it runs, and it can be signalled in the middle.
///
/// It is ended when the task that waits for it is cancelled, so that a test's time limit leaves nothing running.
final class Program: Sendable {
  /// How a program ended, and everything it wrote.
  struct Ending: Sendable {
    /// Its exit status; 128 and the signal's number where a signal ended it.
    var status: Int32
    var output: String
    var errorOutput: String

    /// Both outputs, for what must be in neither.
    var everything: String { output + errorOutput }
  }

  /// Why a program could not be started.
  struct StartFailure: Error, CustomStringConvertible { let description: String }

  let process: pid_t
  private let state = Mutex(State())

  private struct State {
    var output = Data()
    var errorOutput = Data()
    var status: Int32?
    var isReaped = false
    var changes = 0
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - arguments: The program, searched in `PATH`, and its arguments.
  ///   - folder: Where it starts.
  ///   - environment: All of its environment.
  ///   - secrets: What it can read from the descriptors 3, 4, and so on.
  init(
    _ arguments: [String], in folder: URL, environment: [String: String], secrets: [String] = []
  ) throws {
    let output = try Self.pipe()
    let errorOutput = try Self.pipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errorOutput.write, STDERR_FILENO)
    var lent: [Int32] = []
    for (index, secret) in secrets.enumerated() {
      let ends = try Self.pipe()
      _ = Array(secret.utf8).withUnsafeBytes { write(ends.write, $0.baseAddress, $0.count) }
      close(ends.write)
      lent.append(ends.read)
      posix_spawn_file_actions_adddup2(&actions, ends.read, Int32(3 + index))
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var usual = sigset_t()
    sigfillset(&usual)
    posix_spawnattr_setsigdefault(&attributes, &usual)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var vector: [UnsafeMutablePointer<CChar>?] =
      (["env", "--chdir=\(folder.path)"] + arguments).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in vector + variables { free(pointer) } }
    var process = pid_t()
    let failure = posix_spawnp(&process, "env", &actions, &attributes, &vector, &variables)
    for descriptor in lent + [output.write, errorOutput.write] { close(descriptor) }
    guard failure == 0 else {
      close(output.read)
      close(errorOutput.read)
      throw StartFailure(description: "\(arguments[0]): \(String(cString: strerror(failure)))")
    }
    self.process = process
    Thread.detachNewThread { self.follow(output.read, errorOutput.read) }
  }

  /// Sends a signal, as long as the program runs.
  func signal(_ number: Int32) { state.withLock { if !$0.isReaped { _ = kill(process, number) } } }

  /// Waits until the program has written a text to its standard output, or has ended.
  ///
  /// - Returns: Whether it wrote the text.
  func wrote(_ text: String) async -> Bool {
    await first { state in
      if String(decoding: state.output, as: UTF8.self).contains(text) { return true }
      return state.status == nil ? nil : false
    }
  }

  /// Waits until the program has ended.
  func ended() async -> Ending {
    await first { state in
      state.status.map {
        Ending(
          status: $0, output: String(decoding: state.output, as: UTF8.self),
          errorOutput: String(decoding: state.errorOutput, as: UTF8.self))
      }
    }
  }

  /// Waits until there is an answer to a question that is asked again whenever something is new. A task that is
  /// cancelled ends the program, and so every wait for it.
  private func first<Answer>(_ answer: @Sendable (State) -> Answer?) async -> Answer {
    await withTaskCancellationHandler {
      while true {
        let (found, seen) = state.withLock { (answer($0), $0.changes) }
        if let found { return found }
        await withCheckedContinuation { continuation in
          let isOld = state.withLock { state in
            if state.changes == seen { state.waiters.append(continuation) }
            return state.changes == seen
          }
          if !isOld { continuation.resume() }
        }
      }
    } onCancel: {
      signal(SIGKILL)
    }
  }

  /// Reads both outputs until they end, or until the program has and left them to others; on a thread of its own.
  private func follow(_ output: Int32, _ errorOutput: Int32) {
    var open = [
      pollfd(fd: output, events: Int16(POLLIN), revents: 0), pollfd(fd: errorOutput, events: Int16(POLLIN), revents: 0),
    ]
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var status: Int32?
    while true {
      let ready = poll(&open, nfds_t(open.count), status == nil ? 50 : 0)
      for index in open.indices where ready > 0 && open[index].revents != 0 {
        let count = read(open[index].fd, &buffer, buffer.count)
        if count > 0 {
          take(index == 0 ? \.output : \.errorOutput, buffer[..<count])
        } else {
          open[index].fd = -1
        }
      }
      if status == nil {
        status = reap()
      } else if status != nil, ready <= 0 || open.allSatisfy({ $0.fd < 0 }) {
        break
      }
    }
    close(output)
    close(errorOutput)
    wake { $0.status = status }
  }

  /// The program's status, once it has ended; its number may be another program's from then on.
  private func reap() -> Int32? {
    var word: Int32 = 0
    let ended = state.withLock { state in
      state.isReaped = waitpid(process, &word, WNOHANG) == process
      return state.isReaped
    }
    guard ended else { return nil }
    return word & 0x7F == 0 ? (word >> 8) & 0xFF : 128 + (word & 0x7F)
  }

  private func take(_ output: WritableKeyPath<State, Data>, _ bytes: ArraySlice<UInt8>) {
    wake { $0[keyPath: output].append(contentsOf: bytes) }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiters = state.withLock { state in
      change(&state)
      state.changes += 1
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// A pipe that no other child inherits, its ends numbered high so that they are in nobody's way. (A pair of sockets:
  /// glibc shows Swift no call that makes a pipe close-on-exec at once.)
  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw StartFailure(description: "no pipe: \(errno)") }
    let moved = ends.map { fcntl($0, F_DUPFD_CLOEXEC, 100) }
    for end in ends { close(end) }
    return (moved[0], moved[1])
  }
}
