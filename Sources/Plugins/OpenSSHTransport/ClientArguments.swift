import QuorateCore

/// How `ssh` is called: for the master connection of a host, and through it.
///
/// What must hold at jump hosts too stands in a configuration of our own, which reads the user's behind it (the first value
/// counts): ssh gives the file, and nothing of its command line, to the ssh that it starts for a jump host.
struct ClientArguments: Sendable {
  /// Where the host listens, as the configuration has it.
  let endpoint: HostEndpoint
  /// The control socket.
  let socket: String
  /// Where the master writes what it has to say.
  let log: String
  private let settings: OpenSSHSettings
  private let configuration: String

  /// Makes the arguments for one host.
  ///
  /// - Parameters:
  ///   - configuration: The file with ``configuration(_:)``.
  ///   - place: The path of the control socket; the log lies beside it.
  init(_ settings: OpenSSHSettings, endpoint: HostEndpoint, configuration: String, place: String) {
    self.settings = settings
    self.endpoint = endpoint
    self.configuration = configuration
    socket = place
    log = place + ".log"
  }

  /// The text of the configuration that is put before the user's own.
  ///
  /// - Parameter asks: Whether ``PassphraseQuestions`` answers what ssh asks; it asks for no passwords even then.
  static func configuration(_ settings: OpenSSHSettings, asks: Bool) -> String {
    let own: [String] =
      settings.configFile == "none"
      ? []
      : settings.configFile.map { ["Include \"\($0)\""] } ?? ["Include ~/.ssh/config", "Include /etc/ssh/ssh_config"]
    let known = settings.knownHosts.map { ["UserKnownHostsFile \"\($0)\"", "GlobalKnownHostsFile none"] } ?? []
    let asking =
      asks
      ? ["NumberOfPasswordPrompts 1", "PasswordAuthentication no", "ChallengeResponseAuthentication no"]
      : ["BatchMode yes"]
    return (["StrictHostKeyChecking yes", "UpdateHostKeys no", "PermitLocalCommand no"] + asking + known + own)
      .joined(separator: "\n") + "\n"
  }

  /// The options and the destination, as the user's configuration is looked at for the host.
  private var target: [String] {
    var words = ["-F", configuration] + settings.options.flatMap { ["-o", $0] }
    if let user = endpoint.user ?? settings.user { words += ["-l", user] }
    // 22 is what a host has that says nothing: ssh_config may know better.
    if let port = endpoint.port != 22 ? endpoint.port : settings.port { words += ["-p", "\(port)"] }
    if let file = settings.identityFile { words += ["-i", file, "-o", "IdentitiesOnly=yes"] }
    return words + ["--", endpoint.host]
  }

  /// Prints what holds for the host, and connects to nothing.
  var inquiry: [String] { ["ssh", "-G"] + target }

  /// Starts the master connection, and returns once it is there: it goes on in the background, without commands of its own.
  ///
  /// - Parameter seconds: How long one TCP connection may take.
  func master(seconds: Double) -> [String] {
    [
      "ssh", "-M", "-N", "-f", "-T", "-a", "-x", "-E", log, "-o", "ControlMaster=yes", "-o", "ControlPath=\(socket)",
      "-o",
      "ControlPersist=no", "-o", "LogLevel=INFO", "-o", "ClearAllForwardings=yes", "-o", "Tunnel=no", "-o",
      "RemoteCommand=none", "-o", "ConnectTimeout=\(Int(max(1, seconds.rounded(.up))))", "-o",
      "ServerAliveInterval=\(settings.keepAlive)", "-o", "ServerAliveCountMax=3",
    ] + target
  }

  /// Through the master, and through it alone: the user's configuration has had its say, and without the master ssh would
  /// make a connection of its own, which leads nowhere.
  private var client: [String] {
    [
      "ssh", "-F", "none", "-T", "-o", "ControlMaster=no", "-o", "ControlPath=\(socket)", "-o", "ProxyCommand=false",
      "-o",
      "BatchMode=yes",
    ]
  }

  /// Runs a command line on the host.
  func run(_ line: String) -> [String] { client + ["--", endpoint.host, line] }

  /// Connects standard input and output to an address that the host can reach, and says so on standard error.
  func stream(to address: String) -> [String] {
    client + ["-o", "LogLevel=DEBUG1", "-W", address, "--", endpoint.host]
  }

  /// Ends the master once standard input has ended: when the connection is closed, or when this process is gone.
  var watch: [String] {
    [
      "sh", "-c", #"cat >/dev/null; exec ssh -F none -o ControlPath="$0" -O exit -- "$1" >/dev/null 2>&1"#, socket,
      endpoint.host,
    ]
  }
}
