public import QuorateCore

/// What every ``Transport`` must do, as checks against a host that is really there.
///
/// A plugin's tests run all of them, each as a test of its own:
///
/// ```swift
/// @Test(arguments: TransportConformance.checks)
/// func `does what every transport must do`(_ check: TransportConformance.Check) async throws {
///   try await TransportConformance(endpoint: endpoint) { try MyTransport() }.run(check)
/// }
/// ```
///
/// A transport that reaches its hosts over a wire also runs ``lossChecks``, with a `cut` that breaks it.
///
/// The host must have a POSIX `sh`, `cat`, `dd`, `head`, `wc` and a `sleep` that takes fractions, and reach this machine at
/// ``loopback`` (for a host that *is* this machine: 127.0.0.1). What is the host's own matter is found by running the checks
/// against such a host: login shells (sh, bash, csh, fish) that print banners, `umask 077`, a `/tmp` that is read-only or
/// noexec, a host that is far away, an sshd that forwards no connections or allows few sessions.
public struct TransportConformance: Sendable {
  /// One check.
  public struct Check: Sendable, CustomStringConvertible {
    /// What it shows, as a sentence.
    public let name: String
    /// Whether it moves hundreds of megabytes.
    public let isLarge: Bool
    /// Whether it breaks the connection: it needs a `cut`.
    public let breaksConnection: Bool
    let body: @Sendable (ConformanceHost) async throws -> Void

    init(
      _ name: String, isLarge: Bool = false, breaksConnection: Bool = false,
      _ body: @escaping @Sendable (ConformanceHost) async throws -> Void
    ) {
      self.name = name
      self.isLarge = isLarge
      self.breaksConnection = breaksConnection
      self.body = body
    }

    /// The sentence.
    public var description: String { name }
  }

  /// What every transport must do.
  public static let checks: [Check] =
    commandChecks + queueChecks + inputChecks + outputChecks + endingChecks + streamChecks

  /// Where the host listens.
  public let endpoint: HostEndpoint
  /// This machine's address as the host sees it.
  public let loopback: String
  /// How many bytes the large checks move.
  public let largeCount: Int
  private let cut: (@Sendable () async -> Void)?
  private let make: @Sendable () async throws -> any Transport

  /// Makes a suite.
  ///
  /// - Parameters:
  ///   - endpoint: Where the host listens.
  ///   - loopback: This machine's address as the host sees it.
  ///   - largeCount: How many bytes the large checks move.
  ///   - cut: Breaks the wire between this machine and the host, for ``lossChecks``.
  ///   - make: Makes a transport; called once a check.
  public init(
    endpoint: HostEndpoint, loopback: String = "127.0.0.1", largeCount: Int = 200_000_000,
    cut: (@Sendable () async -> Void)? = nil, make: @escaping @Sendable () async throws -> any Transport
  ) {
    self.endpoint = endpoint
    self.loopback = loopback
    self.largeCount = largeCount
    self.cut = cut
    self.make = make
  }

  /// Runs one check on a connection of its own.
  ///
  /// - Throws: ``ConformanceFailure`` when the transport does something else, or what the transport threw.
  public func run(_ check: Check) async throws {
    try expect(cut != nil || !check.breaksConnection, "this check needs a `cut`")
    let transport = try await make()
    do {
      let opened = try await transport.open(OpenRequest(name: "conformance", endpoint: endpoint, timeoutSeconds: 60))
      try await check.body(
        ConformanceHost(
          transport: transport, connection: opened.connection, endpoint: endpoint, loopback: loopback,
          largeCount: largeCount, cut: cut ?? {}))
      await transport.close(opened.connection)
    } catch {
      await transport.shutdown()
      throw error
    }
    await transport.shutdown()
  }
}

/// A transport did not do what it must.
public struct ConformanceFailure: Error, CustomStringConvertible {
  /// What it did instead.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// An open connection that a check works on.
struct ConformanceHost: Sendable {
  let transport: any Transport
  let connection: ConnectionHandle
  let endpoint: HostEndpoint
  let loopback: String
  let largeCount: Int
  let cut: @Sendable () async -> Void

  /// Runs a command.
  func run(
    _ command: FixedCommand, input: [InputPart] = [], output: OutputSink = .collected(limit: 64 << 20),
    errorLimit: Int = 64 << 10, timeoutSeconds: Double? = 60
  ) async throws(TransportError) -> RunReply {
    try await transport.run(
      RunRequest(
        command: command, input: input, output: output, errorLimit: errorLimit, timeoutSeconds: timeoutSeconds),
      on: connection)
  }

  /// Runs a command that must succeed, and returns its output as text.
  func text(_ command: FixedCommand, input: [InputPart] = []) async throws -> String {
    let reply = try await run(command, input: input)
    try expect(
      reply.status.isSuccess,
      "\(command) ended as \(reply.status): \(String(decoding: reply.errorOutput, as: UTF8.self))")
    return String(decoding: reply.output, as: UTF8.self)
  }

  /// Expects an error of one code.
  func expectError(
    _ codes: Set<TransportError.Code>, _ what: String, _ body: () async throws(TransportError) -> Void
  ) async throws {
    do {
      try await body()
    } catch {
      return try expect(codes.contains(error.code), "\(what): the error is \(error.code.rawValue): \(error.why)")
    }
    throw ConformanceFailure("\(what): no error")
  }
}

func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw ConformanceFailure(what()) }
}
