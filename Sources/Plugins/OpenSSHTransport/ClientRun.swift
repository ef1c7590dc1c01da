import Glibc
import QuorateCore
import QuorateProcesses

/// A run of a program that ends by itself, with what it said. Blocks: for threads of their own.
struct ClientRun: Sendable {
  /// How it ended.
  var status: ExitStatus
  /// Its standard output.
  var output: String
  /// Its standard error.
  var errors: String

  /// Why there is no result.
  enum Failure: Error {
    /// It could not be started.
    case notStarted(String)
    /// The time was up.
    case timedOut
    /// The caller does not want it any more.
    case stopped(TransportError)
  }

  private static let limit = 256 << 10

  /// Runs a program without input until its standard output ends. What it leaves running in the background does not count:
  /// it must have let go of that.
  ///
  /// - Parameter questions: Answers what ssh asks; the time that takes does not count.
  static func run(
    _ words: [String], stop: CallStop, until limit: UInt64, questions: PassphraseQuestions? = nil
  ) -> Result<ClientRun, Failure> {
    let process: ChildProcess
    switch ChildProcess.start(words, isDetached: true, environment: questions?.environment ?? [:]) {
    case .success(let started): process = started
    case .failure(let error): return .failure(.notStarted("\(words.first ?? "") cannot be started: \(error.text)"))
    }
    defer { for pipe in process.pipes.dropFirst() { close(pipe) } }
    close(process.pipes[0])
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let hasEnded = drain(process.pipes[1], &output, &buffer)
      _ = drain(process.pipes[2], &errors, &buffer)
      if hasEnded { break }
      questions?.take()
      let now = Self.now
      let deadline = limit + (questions?.spent ?? 0)
      if let reason = stop.reason {
        process.end()
        return .failure(.stopped(reason))
      }
      if now >= deadline {
        process.end()
        return .failure(.timedOut)
      }
      var entries = [
        pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: process.pipes[1], events: Int16(POLLIN), revents: 0),
        pollfd(fd: questions?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: process.pipes[2], events: Int16(POLLIN), revents: 0),
      ]
      poll(&entries, 4, Int32(min((deadline - now) / 1_000_000 + 1, 1 << 30)))
      // Standard error at its end is always ready: then only output and time are waited for.
      if entries[3].revents & Int16(POLLIN) == 0, entries[3].revents & Int16(POLLHUP) != 0 { poll(&entries, 3, 50) }
    }
    let status = process.reap()
    _ = drain(process.pipes[2], &errors, &buffer)
    return .success(
      ClientRun(
        status: status, output: String(decoding: output, as: UTF8.self), errors: String(decoding: errors, as: UTF8.self)
      ))
  }

  /// Reads what is there now; whether it has ended.
  private static func drain(_ descriptor: Int32, _ bytes: inout [UInt8], _ buffer: inout [UInt8]) -> Bool {
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 {
        bytes.append(contentsOf: buffer[..<min(count, max(0, limit - bytes.count))])
      } else if count == 0 {
        return true
      } else if errno != EINTR {
        return errno != EAGAIN
      }
    }
  }

  /// Nanoseconds of a clock that only runs forward.
  static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// A moment some seconds from now.
  static func moment(in seconds: Double) -> UInt64 { now + UInt64(max(0, min(seconds, 1e9)) * 1e9) }
}
