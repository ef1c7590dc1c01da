import Foundation
import Glibc
import Synchronization

/// A program that a test started. It ends with the test's process, whatever becomes of that, because the thread that
/// reads its output started it and `setpriv` ties it to that thread.
final class ChildProcess: Sendable {
  private let state = Mutex(State())

  private struct State {
    var pid: pid_t = 0
    var lines: [String] = []
    var status: Int32?
    var waiting: [(wanted: @Sendable (String) -> Bool, CheckedContinuation<Bool, Never>)] = []
    var exit: [CheckedContinuation<Int32, Never>] = []
  }

  /// Starts a program; its standard output and error are read line by line, its input is `input` or empty.
  init(_ arguments: [String], input: String? = nil) {
    Thread.detachNewThread { self.main(arguments, input: input) }
  }

  /// Waits for a line; false: the program ended without it.
  func waitForLine(where wanted: @escaping @Sendable (String) -> Bool) async -> Bool {
    await withCheckedContinuation { continuation in
      let known: Bool? = state.withLock { state in
        if state.lines.contains(where: wanted) { return true }
        if state.status != nil { return false }
        state.waiting.append((wanted, continuation))
        return nil
      }
      if let known { continuation.resume(returning: known) }
    }
  }

  /// Waits for the program's end and returns what `waitpid` says.
  @discardableResult
  func waitForExit() async -> Int32 {
    await withCheckedContinuation { continuation in
      let status: Int32? = state.withLock { state in
        if state.status == nil { state.exit.append(continuation) }
        return state.status
      }
      if let status { continuation.resume(returning: status) }
    }
  }

  /// Sends a signal to the program and nobody else.
  func signal(_ signal: Int32) {
    state.withLock { state in
      if state.pid > 0, state.status == nil { kill(state.pid, signal) }
    }
  }

  /// Ends the program and waits for its end.
  func stop(_ signal: Int32 = SIGTERM) async {
    self.signal(signal)
    await waitForExit()
  }

  /// What it wrote.
  var output: String { state.withLock { $0.lines.joined(separator: "\n") } }

  /// Runs a program to its end.
  static func run(_ arguments: [String]) async throws {
    let process = ChildProcess(arguments)
    guard await process.waitForExit() == 0 else { throw Failed(arguments: arguments, output: process.output) }
  }

  struct Failed: Error {
    var arguments: [String]
    var output: String
  }

  private func main(_ arguments: [String], input: String?) {
    var ends: [Int32] = [0, 0]
    // Closed in every other program that is being started at this moment, which `pipe` could not promise.
    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    let all = ["setpriv", "--pdeathsig", "KILL", "--"] + arguments
    var pointers: [UnsafeMutablePointer<CChar>?] = all.map { strdup($0) } + [nil]
    var pid: pid_t = 0
    let failure = posix_spawnp(&pid, "setpriv", &actions, nil, &pointers, environ)
    for pointer in pointers { free(pointer) }
    posix_spawn_file_actions_destroy(&actions)
    close(ends[1])
    state.withLock { $0.pid = failure == 0 ? pid : 0 }
    read(ends[0])
    close(ends[0])
    var status = failure
    if failure == 0 { while waitpid(pid, &status, 0) < 0 && errno == EINTR {} }
    end(status)
  }

  private func read(_ descriptor: Int32) {
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      rest.append(contentsOf: buffer[..<count])
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        take(String(decoding: rest[..<end], as: UTF8.self))
        rest.removeSubrange(...end)
      }
    }
    if !rest.isEmpty { take(String(decoding: rest, as: UTF8.self)) }
  }

  private func take(_ line: String) {
    let ready = state.withLock { state in
      state.lines.append(line)
      let ready = state.waiting.filter { $0.wanted(line) }.map(\.1)
      state.waiting.removeAll { $0.wanted(line) }
      return ready
    }
    for continuation in ready { continuation.resume(returning: true) }
  }

  private func end(_ status: Int32) {
    let (waiting, exit) = state.withLock { state in
      state.status = status
      defer { (state.waiting, state.exit) = ([], []) }
      return (state.waiting.map(\.1), state.exit)
    }
    for continuation in waiting { continuation.resume(returning: false) }
    for continuation in exit { continuation.resume(returning: status) }
  }
}
