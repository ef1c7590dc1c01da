import Glibc
package import QuorateCore
import QuorateTesting

/// Real `sshd` processes on loopback, each with a configuration of its own, for as long as this process lives.
///
/// As root each runs in a mount namespace of its own that has its own `/etc/passwd`, `/etc/shadow`, `/etc/group` and
/// `/etc/sudoers`: users with other login shells and other rights exist there and nowhere else. Without root the only
/// user is the one who runs the tests, and what needs another is left out.
///
/// A supervising shell waits on a pipe that this process holds: whatever ends this process ends the servers, and the
/// last one removes the folder.
package actor TestHost {
  package static let shared = TestHost()

  /// Whether this machine has an sshd to test against.
  package static let isAvailable: Bool = {
    let has = access("/usr/sbin/sshd", X_OK) == 0 && access("/usr/bin/ssh-keygen", X_OK) == 0
    if !has { print("left out: tests against a real sshd (install openssh-server)") }
    return has
  }()

  /// Whether there can be users with other shells and rights.
  package static let hasUsers: Bool = {
    let may = isAvailable && geteuid() == 0 && access("/usr/bin/unshare", X_OK) == 0
    if !may { print("left out: tests with other login shells and with sudo (run as root)") }
    return may
  }()

  /// Whether a shell is installed.
  package static func has(_ shell: String) -> Bool {
    let isThere = access(shell, X_OK) == 0
    if !isThere { print("left out: tests with \(shell) as login shell") }
    return isThere
  }

  /// A running server.
  package struct Server: Sendable {
    /// Where it listens on loopback.
    package let port: UInt16
    /// The folder with keys and users.
    package let folder: String
    /// The file that its log goes to.
    package let log: String
    let process: Int32
    /// Held: its closing ends the server.
    let lifeline: Int32

    package var endpoint: HostEndpoint { HostEndpoint(host: "127.0.0.1", port: port, user: TestHost.plainUser) }

    package func endpoint(user: String) -> HostEndpoint { HostEndpoint(host: "127.0.0.1", port: port, user: user) }
  }

  /// A user who is always there.
  package static let plainUser =
    geteuid() == 0 ? "plain" : getpwuid(geteuid()).flatMap { $0.pointee.pw_name }.map { String(cString: $0) } ?? ""

  /// The password of those who have one.
  package static let password = "correct horse"

  private var folderTask: Task<String, any Error>?
  private var servers: [String: Task<Server, any Error>] = [:]

  /// The folder with keys and users.
  package func folder() async throws -> String {
    if let folderTask { return try await folderTask.value }
    let task = Task { try await Self.makeFolder() }
    folderTask = task
    return try await task.value
  }

  /// A server with further lines in its configuration; equal lines, the same server.
  ///
  /// - Parameter temporary: How `/tmp` is mounted for it (`ro`, `noexec`), as root; nil: as it is.
  package func server(
    _ options: [String] = [], hostKeys: [String] = ["ed25519", "ecdsa", "rsa"], temporary: String? = nil
  ) async throws -> Server {
    let key = (options + hostKeys + [temporary ?? ""]).joined(separator: "\n")
    if let known = servers[key] { return try await known.value }
    let folder = try await folder()
    if let known = servers[key] { return try await known.value }
    let task = Task { try await Self.start(folder, options, hostKeys, temporary ?? "") }
    servers[key] = task
    return try await task.value
  }

  // MARK: Making

  package struct Failure: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
  }

  private static func makeFolder() async throws -> String {
    var template = Array("/tmp/quorate-sshd-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(description: "no temporary folder") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    chmod(folder, 0o755)
    let result = await LocalProgram.run([
      "sh", "-euc", TestHostFiles.script, "sh", folder, geteuid() == 0 ? "root" : "",
    ])
    guard result.status == 0 else { throw Failure(description: "no test host: \(result.errorText)") }
    return folder
  }

  private static func start(
    _ folder: String, _ options: [String], _ hostKeys: [String], _ temporary: String
  ) async throws -> Server {
    // Ports below those that the system gives to others; another process may still take one in between.
    for _ in 0..<5 {
      let port = UInt16.random(in: 20_000..<32_768)
      if let server = try await start(folder, options, hostKeys, temporary, port: port) { return server }
    }
    throw Failure(description: "no free port for sshd")
  }

  /// A server on a port; nil when the port is taken.
  private static func start(
    _ folder: String, _ options: [String], _ hostKeys: [String], _ temporary: String, port: UInt16
  ) async throws -> Server? {
    let number = UInt32.random(in: .min ... .max)
    let configuration = "\(folder)/sshd_config.\(number)"
    let lines =
      [
        "Port \(port)", "ListenAddress 127.0.0.1", "PidFile none", "UsePAM no", "StrictModes no",
        "AuthorizedKeysFile \(folder)/authorized_keys", "PasswordAuthentication no",
        "KbdInteractiveAuthentication no", "MaxStartups 500", "LogLevel VERBOSE", "UseDNS no",
      ] + hostKeys.map { "HostKey \(folder)/host_\($0)" } + options
    try write(lines.joined(separator: "\n") + "\n", to: configuration)
    var lifeline: [Int32] = [-1, -1]
    guard pipe(&lifeline) == 0 else { throw Failure(description: "no pipe") }
    for end in lifeline { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let log = "\(folder)/log.\(number)"
    let process = try spawn(
      geteuid() == 0
        ? [
          "setsid", "unshare", "--mount", "--propagation", "private", "sh", "-c", TestHostFiles.supervisor, "sh",
          folder,
          configuration, log, "root", temporary,
        ]
        : ["setsid", "sh", "-c", TestHostFiles.supervisor, "sh", folder, configuration, log, "", ""], input: lifeline[0]
    )
    close(lifeline[0])
    let server = Server(port: port, folder: folder, log: log, process: process, lifeline: lifeline[1])
    let isUp = await LocalProgram.run(["sh", "-c", TestHostFiles.waiter, "sh", "\(port)", log])
    guard isUp.status == 0 else {
      close(server.lifeline)
      if isUp.text.contains("Address already in use") { return nil }
      throw Failure(description: "sshd did not start: \(isUp.text)")
    }
    try await know(server, hostKeys)
    return server
  }

  private static func know(_ server: Server, _ hostKeys: [String]) async throws {
    for type in hostKeys {
      let line = try await publicKey("host_\(type)", folder: server.folder)
      try append("[127.0.0.1]:\(server.port) \(line)\n", to: "\(server.folder)/known_hosts")
    }
  }

  /// Type and base 64 of a public key file.
  package static func publicKey(_ name: String, folder: String) async throws -> String {
    try read("\(folder)/\(name).pub").split(separator: " ").prefix(2).joined(separator: " ")
  }

  private static func spawn(_ words: [String], input: Int32) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    var process = pid_t()
    guard posix_spawnp(&process, words[0], &actions, nil, arguments, environ) == 0 else {
      throw Failure(description: "\(words[0]) cannot be started")
    }
    return process
  }

  // MARK: Files

  package static func write(_ text: String, to path: String) throws { try put(text, path, "w") }

  package static func append(_ text: String, to path: String) throws { try put(text, path, "a") }

  private static func put(_ text: String, _ path: String, _ mode: String) throws {
    guard let file = fopen(path, mode) else { throw Failure(description: "\(path) cannot be written") }
    fputs(text, file)
    fclose(file)
  }

  package static func read(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw Failure(description: "\(path) cannot be read") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
