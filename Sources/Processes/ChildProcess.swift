internal import CSpawn
import Glibc
package import QuorateCore

/// A process that was started here: leader of a process group of its own, with three pipes.
package struct ChildProcess: Sendable {
  /// Its id, which is its group's too. It is this process's until ``reap()``: the system gives the number to nobody else.
  package let id: Int32
  /// Our ends of the pipes to its standard input, from its standard output and its standard error; non-blocking.
  package let pipes: [Int32]

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - words: The program, searched in `PATH`, and its arguments.
  ///   - isDetached: Whether it gets a session of its own, and so no terminal: what asks there cannot wait for an answer.
  ///   - environment: Variables besides this process's own.
  /// - Returns: The process, or an `errno`.
  package static func start(
    _ words: [String], isDetached: Bool = false, environment: [String: String] = [:]
  ) -> Result<ChildProcess, StartError> {
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
    let status = spawn(words, theirs, isDetached, environment, &id)
    guard status == 0 else {
      for descriptor in ours { close(descriptor) }
      return .failure(StartError(code: status))
    }
    return .success(ChildProcess(id: id, pipes: ours))
  }

  /// Why a program could not be started: an `errno`.
  package struct StartError: Error {
    /// The `errno`.
    package var code: Int32

    /// What it means.
    package var text: String { String(cString: strerror(code)) }
  }

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

  private static func spawn(
    _ words: [String], _ descriptors: [Int32], _ isDetached: Bool, _ environment: [String: String], _ id: inout pid_t
  ) -> Int32 {
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
    let group = isDetached ? QUORATE_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    guard !environment.isEmpty else {
      return posix_spawnp(&id, words.first ?? "", &actions, &attributes, arguments, environ)
    }
    var variables = environment.map { strdup("\($0)=\($1)") }
    let ownCount = variables.count
    defer { for variable in variables[..<ownCount] { free(variable) } }
    var next = environ
    while let variable = next.pointee {
      let name = String(cString: variable).prefix { $0 != "=" }
      if environment[String(name)] == nil { variables.append(variable) }
      next += 1
    }
    variables.append(nil)
    return posix_spawnp(&id, words.first ?? "", &actions, &attributes, arguments, variables)
  }

  /// Sends a signal to the group. Only before ``reap()``.
  package func signal(_ number: Int32) { kill(-id, number) }

  /// Whether it has ended; it stays a zombie, so that its id stays its own.
  package var hasEnded: Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo != 0
  }

  /// Waits until it ends, and releases it.
  ///
  /// - Returns: How it ended.
  package func reap() -> ExitStatus {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 && errno == EINTR {}
    let number = status & 0x7F
    return number == 0 ? .exited((status >> 8) & 0xFF) : .signalled(Self.name(ofSignal: number))
  }

  /// A signal's name without `SIG` (RFC 4254 section 6.10 and signal(7)).
  package static func name(ofSignal number: Int32) -> String {
    let names: [Int32: String] = [
      SIGABRT: "ABRT", SIGALRM: "ALRM", SIGBUS: "BUS", SIGFPE: "FPE", SIGHUP: "HUP", SIGILL: "ILL", SIGINT: "INT",
      SIGKILL: "KILL", SIGPIPE: "PIPE", SIGQUIT: "QUIT", SIGSEGV: "SEGV", SIGSYS: "SYS", SIGTERM: "TERM",
      SIGTRAP: "TRAP", SIGUSR1: "USR1", SIGUSR2: "USR2", SIGXCPU: "XCPU", SIGXFSZ: "XFSZ",
    ]
    return names[number] ?? "\(number)"
  }

  /// Ends it where it is not wanted any more: it is asked, and after a second made. A process that another user owns (by
  /// sudo) cannot be; it sees its input end, and is waited for in the background.
  package func end() {
    signal(SIGTERM)
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] as [Int32] {
      if hasEnded { break }
      poll(nil, 0, wait)
    }
    signal(SIGKILL)
    for wait in [0, 1, 10, 100] as [Int32] {
      poll(nil, 0, wait)
      if hasEnded {
        _ = reap()
        return
      }
    }
    DetachedThread.start { [id] in
      while waitpid(id, nil, 0) < 0 && errno == EINTR {}
    }
  }
}
