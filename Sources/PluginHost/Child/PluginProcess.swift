internal import CPluginProcess
internal import Glibc
internal import QuorateCore
internal import QuoratePluginMessages
internal import Synchronization

/// The process of a plugin: this program again, leader of a session of its own, with the socket as descriptor 3 and
/// nothing else of this process.
final class PluginProcess: Sendable {
  private let id: pid_t
  private let isReaped = Mutex(false)
  /// Our end of the socket.
  let socket: FrameSocket

  /// Starts it. Blocks for some milliseconds.
  ///
  /// - Parameters:
  ///   - program: What is started with the argument `plugin-host`.
  ///   - environment: All variables that it gets.
  init(program: String, environment: [String: String], plugin: String) throws(PluginFault) {
    var ends: [Int32] = [-1, -1]
    let failure = quorate_socket_pair(&ends)
    guard failure == 0 else { throw PluginFault(plugin: plugin, .notStarted(why: String(cString: strerror(failure)))) }
    let (ours, theirs) = (OwnedDescriptor(owning: ends[0]), OwnedDescriptor(owning: ends[1]))
    var id = pid_t()
    let status = Self.spawn(program, theirs.number, environment, &id)
    guard status == 0 else {
      throw PluginFault(plugin: plugin, .notStarted(why: "\(program): \(String(cString: strerror(status)))"))
    }
    self.id = id
    socket = FrameSocket(ours)
  }

  private static func spawn(
    _ program: String, _ socket: Int32, _ environment: [String: String], _ id: inout pid_t
  ) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // 3 first: any of 0, 1 and 2 could be the socket's own number. Where it is 3 already, this clears CLOEXEC.
    posix_spawn_file_actions_adddup2(&actions, socket, 3)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addclosefrom_np(&actions, 4)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes, Int16(QUORATE_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var arguments: [UnsafeMutablePointer<CChar>?] = []
    for word in ["quorate", PluginHostProgram.argument] { arguments.append(strdup(word)) }
    arguments.append(nil)
    var variables: [UnsafeMutablePointer<CChar>?] = []
    for (name, value) in environment { variables.append(strdup("\(name)=\(value)")) }
    variables.append(nil)
    defer { for text in arguments + variables { free(text) } }
    return posix_spawn(&id, program, &actions, &attributes, &arguments, &variables)
  }

  /// The variables that a plugin's process gets of this one's: none that says where secrets are or changes what is loaded.
  static var environment: [String: String] {
    var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no"]
    // LD_LIBRARY_PATH: where this program needs it, it needs it as a child too.
    for name in ["HOME", "TZ", "LD_LIBRARY_PATH"] {
      if let value = getenv(name) { variables[name] = String(cString: value) }
    }
    return variables
  }

  /// Ends it and all that it started, at once.
  func kill() {
    isReaped.withLock { isReaped in
      if !isReaped { _ = Glibc.kill(-id, SIGKILL) }
    }
  }

  /// How it ended.
  enum Ending: Sendable, Hashable {
    case exited(Int32)
    case signalled(String)
    /// It was alive, and was ended here.
    case killed
  }

  /// Waits until it has ended, which its socket said or it was told to; after the time it is made to. Blocks.
  func reap(within time: Duration) -> Ending {
    var waited: UInt64 = 0
    while !hasEnded, waited < time.milliseconds {
      let pause = max(1, min(waited / 4, 50))
      poll(nil, 0, Int32(pause))
      waited += pause
    }
    let wasAlive = !hasEnded
    // Its group too: what it started must not outlive it.
    kill()
    var status: Int32 = 0
    while true {
      var information = siginfo_t()
      if waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) == 0 || errno != EINTR { break }
    }
    isReaped.withLock { isReaped in
      while waitpid(id, &status, 0) < 0 && errno == EINTR {}
      isReaped = true
    }
    if wasAlive { return .killed }
    let number = status & 0x7F
    return number == 0 ? .exited((status >> 8) & 0xFF) : .signalled(Self.name(ofSignal: number))
  }

  /// Waits until ``reap(within:)``, on the thread that listens, is done; after the time the process is made to end. Blocks.
  func awaitReaped(within time: Duration) {
    var waited: UInt64 = 0
    while !isReaped.withLock({ $0 }) {
      poll(nil, 0, 2)
      waited += 2
      if waited >= time.milliseconds { kill() }
    }
  }

  private var hasEnded: Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo != 0
  }

  /// A signal's name without `SIG` (signal(7)).
  private static func name(ofSignal number: Int32) -> String {
    let names: [Int32: String] = [
      SIGABRT: "ABRT", SIGALRM: "ALRM", SIGBUS: "BUS", SIGFPE: "FPE", SIGHUP: "HUP", SIGILL: "ILL", SIGINT: "INT",
      SIGKILL: "KILL", SIGPIPE: "PIPE", SIGQUIT: "QUIT", SIGSEGV: "SEGV", SIGSYS: "SYS", SIGTERM: "TERM",
      SIGTRAP: "TRAP", SIGUSR1: "USR1", SIGUSR2: "USR2", SIGXCPU: "XCPU", SIGXFSZ: "XFSZ",
    ]
    return names[number] ?? "\(number)"
  }
}
