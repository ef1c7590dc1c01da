import Glibc
import Synchronization

/// Starts a command, watches members from outside, and says what both took: one line a value on standard output.
///
/// `wall`, `user`, `system` in seconds, `memory` in megabytes (the peak resident size of the command and of what it waited
/// for), `status`, and with members to watch `healthy`: seconds from the command's start until the last of them gave
/// its first healthy answer.
struct Measurement {
  private var targets: [Member] = []
  private var waitsForRestart = false
  private var argument: String?
  private var timeout = 120.0
  private var command: [String] = []

  init(_ arguments: ArraySlice<String>) throws {
    var rest = arguments
    while let option = rest.popFirst() {
      switch option {
      case "--healthy": targets.append(try Member(rest.popFirst() ?? ""))
      case "--restarted": waitsForRestart = true
      case "--with": argument = rest.popFirst()
      case "--timeout": timeout = rest.popFirst().flatMap(Double.init) ?? timeout
      case "--":
        command = Array(rest)
        rest = []
      default: throw Failure("measure does not know \(option)")
      }
    }
    guard !command.isEmpty else { throw Failure("measure needs -- COMMAND") }
  }

  func run() throws {
    let before = targets.map { waitsForRestart ? $0.startTime() : nil }
    let start = monotonic()
    let pid = try spawn()
    let watch = HealthWatch(targets, startedOtherThan: before, with: argument, until: start + timeout)
    var status: Int32 = 0
    var usage = rusage()
    while wait4(pid, &status, 0, &usage) < 0 && errno == EINTR {}
    let end = monotonic()
    print("wall \(end - start)")
    print("user \(usage.ru_utime.seconds)")
    print("system \(usage.ru_stime.seconds)")
    print("memory \(Double(usage.ru_maxrss) / 1024)")
    print("status \(status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f)")
    guard !targets.isEmpty else { return }
    if status != 0 { watch.giveUp() }
    let times = watch.finish()
    guard status == 0 else { return }
    for (member, time) in zip(targets, times) {
      guard let time else { throw Failure("\(member) was not healthy after \(timeout) s") }
      print("member \(member) \(time - start)")
    }
    print("healthy \((times.compactMap { $0 }.max() ?? start) - start)")
  }

  private func spawn() throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The command's own output goes to standard error; standard output is this program's.
    posix_spawn_file_actions_adddup2(&actions, 2, 1)
    var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid = pid_t()
    let code = posix_spawnp(&pid, command[0], &actions, nil, &words, environ)
    guard code == 0 else { throw Failure("cannot run \(command[0]): \(String(cString: strerror(code)))") }
    return pid
  }
}

extension timeval {
  fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}

/// A thread a member that asks it every ten milliseconds until it is healthy.
final class HealthWatch: Sendable {
  private let found: Mutex<[Double?]>
  private let threads: Mutex<[pthread_t]> = Mutex([])
  private let isGivenUp = Mutex(false)

  init(_ members: [Member], startedOtherThan before: [String?], with argument: String?, until deadline: Double) {
    found = Mutex(Array(repeating: nil, count: members.count))
    for (index, member) in members.enumerated() {
      let known = before[index]
      let body = ThreadBody { [self] in
        member.enterNetwork()
        while monotonic() < deadline, !isGivenUp.withLock({ $0 }) {
          if member.isHealthy(), known == nil || member.startTime().map({ $0 != known }) == true,
            argument.map(member.runsOnly) ?? true
          {
            let time = monotonic()
            found.withLock { $0[index] = time }
            return
          }
          usleep(10_000)
        }
      }
      threads.withLock { $0.append(body.start()) }
    }
  }

  /// Ends the watch: what was started failed.
  func giveUp() { isGivenUp.withLock { $0 = true } }

  /// When each was first seen healthy, on the monotonic clock.
  func finish() -> [Double?] {
    for thread in threads.withLock({ $0 }) { pthread_join(thread, nil) }
    return found.withLock { $0 }
  }
}

/// What a thread does.
final class ThreadBody {
  private let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }

  func start() -> pthread_t {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        argument.map { Unmanaged<ThreadBody>.fromOpaque($0).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    return thread
  }
}
