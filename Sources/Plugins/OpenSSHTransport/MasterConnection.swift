import Glibc
import QuorateCore
import QuorateProcesses
import Synchronization

/// The one connection to a host: an `ssh` in the background that others go through, and a watcher that ends it as soon as
/// this process lets go of a pipe, however that comes about.
final class MasterConnection: Sendable {
  /// How ssh is called for this host.
  let client: ClientArguments
  /// The login name, as ssh has it.
  let user: String
  /// Who may run a command now.
  let turns = CallTurns()
  /// With whose rights commands run.
  let elevation: Elevation
  private let name: String
  private let watcher: Mutex<ChildProcess?>
  private let refusesForwarding = Mutex(false)

  private init(
    name: String, client: ClientArguments, user: String, watcher: ChildProcess, elevation: Elevation
  ) {
    self.name = name
    self.client = client
    self.user = user
    self.elevation = elevation
    self.watcher = Mutex(watcher)
  }

  /// Connects and logs in. Blocks.
  ///
  /// - Parameters:
  ///   - name: The host's name, for errors.
  ///   - seconds: How long all of it may take.
  ///   - questions: Answers what ssh asks; nil: it asks nothing.
  ///   - elevation: With whose rights commands are going to run, given the login name.
  static func open(
    _ client: ClientArguments, name: String, seconds: Double, stop: CallStop,
    questions: PassphraseQuestions?, elevation: (String) -> Elevation
  ) -> Result<MasterConnection, TransportError> {
    let deadline = ClientRun.moment(in: seconds)
    func failure(_ failure: ClientRun.Failure, _ address: String) -> TransportError {
      switch failure {
      case .notStarted(let why):
        return TransportError(
          .unsupported, host: name, why: why, fix: "install OpenSSH's client (apt-get install openssh-client)")
      case .stopped(let reason): return reason
      case .timedOut:
        let text = seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
        return TransportError(
          .unreachable, host: name, why: "\(address) did not answer within \(text) seconds",
          fix: "see whether the host is up, and whether a firewall drops the connection; `connectTimeout` sets the time"
        )
      }
    }
    let identity: ClientIdentity
    switch ClientRun.run(client.inquiry, stop: stop, until: deadline) {
    case .failure(let reason): return .failure(failure(reason, client.endpoint.host))
    case .success(let run):
      guard run.status.isSuccess, let told = ClientIdentity(run.output) else {
        return .failure(
          TransportError(
            .unsupported, host: name, why: "ssh does not take its configuration: \(HostWords.printable(run.errors))",
            fix: "correct ssh_config (`configFile`) or `options`; ssh -G \(client.endpoint.host) shows what holds"))
      }
      identity = told
    }
    let watcher: ChildProcess
    switch ChildProcess.start(client.watch, isDetached: true) {
    case .success(let started): watcher = started
    case .failure(let error):
      return .failure(TransportError(.internal, host: name, why: "sh cannot be started: \(error.text)"))
    }
    for pipe in watcher.pipes.dropFirst() { Glibc.close(pipe) }
    let master = MasterConnection(
      name: name, client: client, user: identity.user, watcher: watcher, elevation: elevation(identity.user))
    let error: TransportError
    switch ClientRun.run(client.master(seconds: seconds), stop: stop, until: deadline, questions: questions) {
    case .success(let run) where run.status.isSuccess: return .success(master)
    case .success(let run):
      let told = ClientWords(master.logText(from: 0) + "\n" + run.errors).error(host: name, identity: identity)
      error = told.code == .authenticationFailed ? questions?.failure(host: name) ?? told : told
    case .failure(let reason): error = failure(reason, identity.address)
    }
    master.end()
    return .failure(error)
  }

  /// Whether the connection is there.
  var isAlive: Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { field in
      field.copyBytes(from: client.socket.utf8.prefix(field.count - 1))
    }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }

  /// The error of everything on a connection that is not there any more.
  var loss: TransportError {
    let said = ClientWords(logText(from: 0)).lastLine
    return TransportError(
      .connectionLost, host: name,
      why: "the connection to \(name) (\(client.endpoint.host)) was lost" + (said.isEmpty ? "" : ": \(said)"),
      fix: "run the same command again: it goes on where it stopped")
  }

  /// Whether sshd has refused to forward, so that it is not asked again.
  var forwardingIsRefused: Bool {
    get { refusesForwarding.withLock { $0 } }
    set { refusesForwarding.withLock { $0 = newValue } }
  }

  /// How much the master has said so far, in bytes.
  var logLength: Int {
    var status = stat()
    return stat(client.log, &status) == 0 ? Int(status.st_size) : 0
  }

  /// What the master has said from a byte on; at most the last 64 KiB.
  func logText(from offset: Int) -> String {
    let descriptor = Glibc.open(client.log, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    let length = Int(lseek(descriptor, 0, SEEK_END))
    lseek(descriptor, off_t(max(offset, length - 65_536)), SEEK_SET)
    var bytes = [UInt8](repeating: 0, count: 65_536)
    var count = 0
    while count < bytes.count {
      let more = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
      guard more > 0 else { break }
      count += more
    }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// Ends the connection, and waits until the master is gone. Blocks, for some seconds at most; may be called twice.
  func end() {
    let watcher = self.watcher.withLock { watcher in
      defer { watcher = nil }
      return watcher
    }
    guard let watcher else { return }
    close(watcher.pipes[0])
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000, 1000] as [Int32] {
      if watcher.hasEnded { break }
      poll(nil, 0, wait)
    }
    if watcher.hasEnded { _ = watcher.reap() } else { watcher.end() }
    unlink(client.socket)
    unlink(client.log)
  }
}

/// Who and where, as `ssh -G` prints it.
struct ClientIdentity: Sendable, Hashable {
  /// The login name.
  var user: String
  /// The host's name or address.
  var host: String
  /// The port.
  var port: String

  /// Reads what `ssh -G` printed; nil when one of the three is missing.
  init?(_ text: String) {
    var values: [Substring: String] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1)
      if words.count == 2, values[words[0]] == nil { values[words[0]] = String(words[1]) }
    }
    guard let user = values["user"], let host = values["hostname"], let port = values["port"] else { return nil }
    self.user = user
    self.host = host
    self.port = port
  }

  /// The host for messages.
  var address: String { port == "22" ? host : "\(host) port \(port)" }
}
