import QuorateCore
import QuorateTesting
import SSHTestHost
@testable import SSHTransport
import Testing

/// Counts of round trips: a timing would depend on the machine, a count does not.
@Suite(.enabled(if: TestHost.isAvailable)) struct RoundTripTests {
  private static let echo = FixedCommand(shell: "cat")

  private func withRelay(
    milliseconds: Int, user: String? = nil, _ settings: [String: SettingsValue] = [:],
    secrets: TestSecrets = TestSecrets(), server: TestHost.Server? = nil,
    _ body: (SSHTransport, ConnectionHandle, Relay) async throws -> Void
  ) async throws {
    let shared = try await TestHost.shared.server()
    let server = server ?? shared
    let relay = try Relay(to: server.port, milliseconds: milliseconds)
    defer { relay.stop() }
    let key = try await TestHost.publicKey("host_ed25519", folder: server.folder)
    try TestHost.append("[127.0.0.1]:\(relay.port) \(key)\n", to: "\(server.folder)/known_hosts")
    let transport = try SSHTransport.forTests(server, settings, secrets: secrets)
    let opened = try await transport.open(
      OpenRequest(
        name: "far", endpoint: HostEndpoint(host: "127.0.0.1", port: relay.port, user: user ?? TestHost.plainUser),
        timeoutSeconds: 60))
    try await body(transport, opened.connection, relay)
    await transport.shutdown()
  }

  private func run(
    _ transport: SSHTransport, _ connection: ConnectionHandle, _ text: String
  ) async throws(TransportError) -> String {
    let reply = try await transport.run(
      RunRequest(command: Self.echo, input: [.bytes(Array(text.utf8))]), on: connection)
    return String(decoding: reply.output, as: UTF8.self)
  }

  /// The relay cannot see the round trip of the TCP connect: it is added.
  @Test func `connecting, logging in and the first command take nine round trips`() async throws {
    try await withRelay(milliseconds: 60) { transport, connection, relay in
      try await transport.find(connection).stopKeepingSpares()
      let answer = try await run(transport, connection, "first")
      #expect(answer == "first")
      let count = relay.roundTrips + 1
      #expect(count <= 9, "\(count) round trips")
      #expect(relay.connections == 1)
    }
  }

  /// The third command of a run comes only where there is something to change: nothing was started ahead for it.
  @Test func `a prepared command takes one round trip, and the third of a run two`() async throws {
    try await withRelay(milliseconds: 60) { transport, connection, relay in
      _ = try await run(transport, connection, "first")
      for (command, most) in [("second", 1), ("third", 2), ("fourth", 1), ("fifth", 1)] {
        try await transport.find(connection).untilPrepared()
        let begin = relay.begunRoundTrips
        let answer = try await run(transport, connection, command)
        #expect(answer == command)
        let count = relay.roundTrips - begin
        #expect(count <= most, "the \(command) command took \(count) round trips")
      }
    }
  }

  @Test func `a far host that needs no change runs the lock and the survey, and nothing else`() async throws {
    // Equal options are the same server for other tests too: these are nobody else's.
    let server = try await TestHost.shared.server(["LoginGraceTime 111"])
    try await withRelay(milliseconds: 20, server: server) { transport, connection, relay in
      let held = try TestSignal()
      let begun = try TestSignal()
      async let lock = transport.run(
        RunRequest(
          command: FixedCommand(shell: "echo locked; exec cat"), input: [.descriptor(held.readEnd)],
          output: .descriptor(begun.writeEnd)), on: connection)
      async let survey = run(transport, connection, "survey")
      await begun.wait()
      let answer = try await survey
      #expect(answer == "survey")
      try await transport.find(connection).untilPrepared()
      held.end()
      _ = try await lock
      try await transport.find(connection).untilPrepared()
      #expect(relay.connections == 1)
    }
    let commands = try TestHost.read(server.log).split(whereSeparator: \.isNewline)
      .count { $0.hasPrefix("Starting session: ") }
    #expect(commands == 2)
  }

  @Test(.enabled(if: TestHost.hasUsers), arguments: ["free", "asked"])
  func `a shell by sudo is prepared too`(_ user: String) async throws {
    let secrets = TestSecrets(password: TestHost.password)
    try await withRelay(milliseconds: 60, user: user, ["become": .string("sudo")], secrets: secrets) {
      transport, connection, relay in
      _ = try await run(transport, connection, "first")
      try await transport.find(connection).untilPrepared()
      let begin = relay.begunRoundTrips
      let answer = try await run(transport, connection, "second")
      #expect(answer == "second")
      let count = relay.roundTrips - begin
      #expect(count <= 1, "\(count) round trips")
    }
  }
}

extension SSHConnection {
  /// Waits until a spare channel is as ready as it gets.
  func untilPrepared() async throws {
    keepsSpare = true
    prepareSpare()
    keepsSpare = false
    while isPreparingSpare || (spare?.exchange.map { !$0.isReady } ?? false) {
      if let lost { throw lost }
      await pause()
    }
  }

  /// What is opened ahead for the command after next would be counted too.
  func stopKeepingSpares() { keepsSpare = false }
}
