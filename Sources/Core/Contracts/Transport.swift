/// Reaches one host: runs a fixed program there with bytes on its input, and opens byte streams to addresses
/// that the host can reach. A Transport alone touches a host.
///
/// **Who calls it.** Core's runner, on the operator's machine, and nothing else: plugins of other kinds never see a
/// transport. One connection a host is opened at the start of a command, kept for all of it and closed at its end.
///
/// **How often.** ``open(_:)`` once a host and command, for all hosts at once. ``run(_:on:)`` once a host for a command
/// that only looks; twice where the lock is held beside the survey; about ten times for the founding of three members.
/// The lock's command lasts as long as the run and its input stays open: a transport may not wait for the end of an
/// input before it passes on what it has read. Up to eight calls may be under way on one connection at once, and a
/// transport queues what its peer would refuse (sshd's `MaxSessions` is 10 by default). ``stream(to:on:)`` only where a
/// host has no program that speaks TLS, once for each conversation with its member. ``shutdown()`` once, after every
/// connection was closed.
///
/// **Values in, values out.** An open connection is a ``ConnectionHandle``, a byte stream a file descriptor,
/// so that a connection can live in another process. No call keeps a reference to what it was given.
///
/// **Idempotence.** ``close(_:)`` may be called twice and with a handle that is not open. The others are not
/// repeated by the caller once a byte may have reached the host; a program that may run twice says so itself.
///
/// **Cancellation.** When the calling task is cancelled, a transport ends its side of the call (closes the
/// channel, ends the local process) and throws ``TransportError/Code/cancelled`` promptly. The program on the
/// host sees its input end; what it does then is written in the program. It happens when the user asks twice for the
/// end of a run, and to a survey whose lock somebody else holds.
///
/// **Errors, and what is retried.** Nothing is retried by the caller: a host that cannot be reached within
/// ``OpenRequest/timeoutSeconds`` is reported with all others, and the user decides.
/// ``TransportError/isRetryable`` says whether trying again could help. After a ``run(_:on:)`` that failed, what happened
/// on the host is unknown: the next run surveys again.
///
/// **Threads.** A transport never blocks the thread that calls it.
public protocol Transport: Sendable {
  /// Opens a connection to a host and authenticates there.
  ///
  /// - Parameter request: The host's endpoint and how long to try.
  /// - Returns: A handle for the other calls, and what was learned while connecting.
  /// - Throws: ``TransportError``; a wrong or unknown host key is ``TransportError/Code/hostKeyRejected``.
  func open(_ request: OpenRequest) async throws(TransportError) -> OpenReply

  /// Runs one fixed command on the host and returns when it has ended and all its output has arrived.
  ///
  /// - Parameters:
  ///   - request: The command, its input, where its output goes, limits.
  ///   - connection: A handle from ``open(_:)``.
  /// - Returns: Exit status and collected output. A command that ends with a status other than 0 is no error.
  /// - Throws: ``TransportError`` when the command could not be run or its end could not be seen.
  func run(_ request: RunRequest, on connection: ConnectionHandle) async throws(TransportError) -> RunReply

  /// Opens a byte stream from the host to an address that the host can reach.
  ///
  /// - Returns: A connected stream socket; the caller owns it and closes it.
  /// - Throws: ``TransportError/Code/forwardingRefused`` where the host forbids it, naming the setting.
  func stream(to target: StreamTarget, on connection: ConnectionHandle) async throws(TransportError) -> Int32

  /// Closes a connection and everything that is open on it.
  func close(_ connection: ConnectionHandle) async

  /// Releases every thread, process and connection of this transport. Called once, at the end of a run.
  func shutdown() async
}

/// Names an open connection within one transport.
public struct ConnectionHandle: Hashable, Sendable, Codable {
  /// The transport's own number for the connection; never reused within a process.
  public let id: UInt64

  /// Makes a handle from a transport's own number.
  public init(id: UInt64) { self.id = id }
}

/// What a transport is asked to connect to.
public struct OpenRequest: Sendable, Codable {
  /// The name that messages use for the host (`infra0`).
  public var name: String
  /// Where the host listens, and as whom to log in.
  public var endpoint: HostEndpoint
  /// How long one attempt may take, in seconds, where the user said so for this run; it goes before the transport's own
  /// setting. Nil: the transport's own, or 10.
  public var timeoutSeconds: Double?

  /// Makes a request.
  public init(name: String, endpoint: HostEndpoint, timeoutSeconds: Double? = nil) {
    self.name = name
    self.endpoint = endpoint
    self.timeoutSeconds = timeoutSeconds
  }
}

/// Where a host listens for logins. Which parts are used is the transport's matter: `local` uses none.
public struct HostEndpoint: Sendable, Codable, Hashable {
  /// An IP address or a DNS name, without brackets.
  public var host: String
  /// A TCP port, 1 to 65535.
  public var port: UInt16
  /// The login name; nil: the transport's own default.
  public var user: String?

  /// Makes an endpoint; the port defaults to 22.
  public init(host: String, port: UInt16 = 22, user: String? = nil) {
    self.host = host
    self.port = port
    self.user = user
  }
}

/// What a transport learned while connecting.
public struct OpenReply: Sendable, Codable {
  /// The handle of the new connection.
  public var connection: ConnectionHandle
  /// The host key's SHA-256 fingerprint as OpenSSH prints it (`SHA256:…`), nil where there is no such thing.
  public var hostKeyFingerprint: String?
  /// The login name that was used, nil where there is no login.
  public var user: String?

  /// Makes a reply.
  public init(connection: ConnectionHandle, hostKeyFingerprint: String? = nil, user: String? = nil) {
    self.connection = connection
    self.hostKeyFingerprint = hostKeyFingerprint
    self.user = user
  }
}

/// One command to run on a host.
public struct RunRequest: Sendable {
  /// The command. It is a constant of this program: values travel on the input.
  public var command: FixedCommand
  /// What the command reads on its standard input, in order; its input ends after the last part.
  public var input: [InputPart]
  /// Where its standard output goes.
  public var output: OutputSink
  /// The most bytes of standard error that are kept (the first ones).
  public var errorLimit: Int
  /// The whole call's limit in seconds; nil: none.
  public var timeoutSeconds: Double?
  /// Whether the transport's `become` setting applies: false runs it as the login user even then.
  public var elevated: Bool

  /// Makes a request that collects at most 64 MiB of output and 64 KiB of errors.
  public init(
    command: FixedCommand, input: [InputPart] = [], output: OutputSink = .collected(limit: 64 << 20),
    errorLimit: Int = 64 << 10, timeoutSeconds: Double? = nil, elevated: Bool = true
  ) {
    self.command = command
    self.input = input
    self.output = output
    self.errorLimit = errorLimit
    self.timeoutSeconds = timeoutSeconds
    self.elevated = elevated
  }
}

/// A part of a command's standard input.
public enum InputPart: Sendable {
  /// Bytes that are no secret.
  case bytes([UInt8])
  /// Bytes that the transport must not copy into memory that outlives the call, nor log.
  case secret(SecretBytes)
  /// Everything that can be read from a descriptor until its end; the caller keeps owning it.
  case descriptor(Int32)
}

/// Where a command's standard output goes.
public enum OutputSink: Sendable {
  /// Into ``RunReply/output``; more than `limit` bytes is ``TransportError/Code/outputTooLarge``.
  case collected(limit: Int)
  /// To a descriptor, as it arrives; the caller keeps owning it. Nothing is collected.
  case descriptor(Int32)
}

/// How a command ended, and what it wrote.
public struct RunReply: Sendable {
  /// How it ended.
  public var status: ExitStatus
  /// Its standard output, where it was collected.
  public var output: [UInt8]
  /// The beginning of its standard error.
  public var errorOutput: [UInt8]

  /// Makes a reply.
  public init(status: ExitStatus, output: [UInt8] = [], errorOutput: [UInt8] = []) {
    self.status = status
    self.output = output
    self.errorOutput = errorOutput
  }
}

/// How a process ended.
public enum ExitStatus: Sendable, Codable, Hashable {
  /// It exited with this status, 0 to 255.
  case exited(Int32)
  /// A signal ended it; the name is without `SIG` (`KILL`), as in RFC 4254 section 6.10.
  case signalled(String)

  /// Whether it exited with 0.
  public var isSuccess: Bool { self == .exited(0) }
}

/// An address as the host sees it.
public enum StreamTarget: Sendable, Codable, Hashable {
  /// A TCP port of an IP address or name; an IPv6 address without brackets.
  case tcp(host: String, port: UInt16)
}
