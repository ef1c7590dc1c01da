internal import CSpawn
import Glibc
import QuorateCore

/// A process that was started here: leader of a process group of its own, with three pipes.
struct LocalProcess {
  /// Its id, which is its group's too. It is this process's until ``reap()``: the system gives the number to nobody else.
  let id: pid_t
  /// Our ends of the pipes to its standard input, from its standard output and its standard error; non-blocking.
  let pipes: [Int32]

  /// Starts a program.
  ///
  /// - Parameter words: The program, searched in `PATH`, and its arguments.
  /// - Returns: The process, or an `errno`.
  static func start(_ words: [String]) -> Result<LocalProcess, StartError> {
    var ours: [Int32] = []
    var theirs: [Int32] = []
    defer { for descriptor in theirs { close(descriptor) } }
    for number in 0..<3 {
      guard let (readEnd, writeEnd) = pipe() else {
        for descriptor in ours { close(descriptor) }
        return .failure(StartError(code: errno))
      }
      ours.append(number == 0 ? writeEnd : readEnd)
      theirs.append(number == 0 ? readEnd : writeEnd)
    }
    for descriptor in ours { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    var id = pid_t()
    let status = spawn(words, theirs, &id)
    guard status == 0 else {
      for descriptor in ours { close(descriptor) }
      return .failure(StartError(code: status))
    }
    return .success(LocalProcess(id: id, pipes: ours))
  }

  /// Why a program could not be started: an `errno`.
  struct StartError: Error { var code: Int32 }

  /// A pipe above the three standard descriptors, closed in children.
  private static func pipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
    for index in 0..<2 where ends[index] < 3 {
      let higher = fcntl(ends[index], F_DUPFD_CLOEXEC, 3)
      close(ends[index])
      ends[index] = higher
    }
    return (ends[0], ends[1])
  }

  private static func spawn(_ words: [String], _ descriptors: [Int32], _ id: inout pid_t) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    // Whatever some library opened without CLOEXEC stays here.
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    return posix_spawnp(&id, words.first ?? "", &actions, &attributes, arguments, environ)
  }

  /// Sends a signal to the group. Only before ``reap()``.
  func signal(_ number: Int32) { kill(-id, number) }

  /// Whether it has ended; it stays a zombie, so that its id stays its own.
  var hasEnded: Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo != 0
  }

  /// Waits until it ends, and releases it.
  ///
  /// - Returns: How it ended.
  func reap() -> ExitStatus {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 && errno == EINTR {}
    let number = status & 0x7F
    return number == 0 ? .exited((status >> 8) & 0xFF) : .signalled(Self.name(ofSignal: number))
  }

  /// A signal's name without `SIG` (RFC 4254 section 6.10 and signal(7)).
  static func name(ofSignal number: Int32) -> String {
    let names: [Int32: String] = [
      SIGABRT: "ABRT", SIGALRM: "ALRM", SIGBUS: "BUS", SIGFPE: "FPE", SIGHUP: "HUP", SIGILL: "ILL", SIGINT: "INT",
      SIGKILL: "KILL", SIGPIPE: "PIPE", SIGQUIT: "QUIT", SIGSEGV: "SEGV", SIGSYS: "SYS", SIGTERM: "TERM",
      SIGTRAP: "TRAP", SIGUSR1: "USR1", SIGUSR2: "USR2", SIGXCPU: "XCPU", SIGXFSZ: "XFSZ",
    ]
    return names[number] ?? "\(number)"
  }
}
