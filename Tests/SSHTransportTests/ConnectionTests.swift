import Glibc
import QuorateCore
import QuorateTesting
import SSHTestHost
@testable import SSHTransport
import Testing

@Suite(.enabled(if: TestHost.isAvailable)) struct ConnectionTests {
  private func withRelay(
    _ settings: [String: SettingsValue] = [:],
    _ body: (SSHTransport, ConnectionHandle, Relay) async throws -> Void
  ) async throws {
    let server = try await TestHost.shared.server()
    let relay = try Relay(to: server.port)
    defer { relay.stop() }
    let key = try await TestHost.publicKey("host_ed25519", folder: server.folder)
    try TestHost.append("[127.0.0.1]:\(relay.port) \(key)\n", to: "\(server.folder)/known_hosts")
    let transport = try SSHTransport.forTests(server, settings)
    let opened = try await transport.open(
      OpenRequest(
        name: "infra0", endpoint: HostEndpoint(host: "127.0.0.1", port: relay.port, user: TestHost.plainUser),
        timeoutSeconds: 60))
    try await body(transport, opened.connection, relay)
    await transport.shutdown()
  }

  /// The error of a command that has begun when `harm` is done.
  private func lossOf(
    _ transport: SSHTransport, _ connection: ConnectionHandle, harm: () -> Void
  ) async throws -> TransportError? {
    let begun = try TestSignal()
    let endless = try TestSignal()
    async let reply = transport.run(
      RunRequest(
        command: FixedCommand(shell: "echo begun; exec cat"), input: [.descriptor(endless.readEnd)],
        output: .descriptor(begun.writeEnd)),
      on: connection)
    await begun.wait()
    harm()
    do {
      _ = try await reply
      return nil
    } catch {
      return error as? TransportError
    }
  }

  @Test func `a connection that breaks ends what runs on it, and says so`() async throws {
    try await withRelay { transport, connection, relay in
      let error = try await lossOf(transport, connection) { relay.cut() }
      #expect(error?.code == .connectionLost)
      #expect(error?.why.hasPrefix("the connection to infra0 (127.0.0.1) was lost: ") == true, "\(error?.why ?? "")")
      await #expect {
        _ = try await transport.run(RunRequest(command: FixedCommand(shell: "true")), on: connection)
      } throws: {
        ($0 as? TransportError)?.code == .connectionLost
      }
    }
  }

  @Test func `a host that falls silent is noticed by keepalive`() async throws {
    try await withRelay(["keepalive": .integer(1)]) { transport, connection, relay in
      let error = try await lossOf(transport, connection) { relay.silence() }
      #expect(error?.code == .connectionLost)
      #expect(error?.why.contains("nothing came from the host for") == true, "\(error?.why ?? "")")
    }
  }

  @Test func `a long quiet command on a host that answers keepalive goes on`() async throws {
    try await withRelay(["keepalive": .integer(1)]) { transport, connection, _ in
      let reply = try await transport.run(
        RunRequest(command: FixedCommand(shell: "sleep 5; echo done")), on: connection)
      #expect(reply.output == Array("done\n".utf8))
    }
  }

  @Test func `a host that does not answer, refuses, or is no SSH server is told apart`() async throws {
    let server = try await TestHost.shared.server()
    let transport = try SSHTransport.forTests(server)
    func error(_ port: UInt16, host: String = "127.0.0.1", seconds: Double = 60) async -> TransportError? {
      do throws(TransportError) {
        _ = try await transport.open(
          OpenRequest(name: "infra0", endpoint: HostEndpoint(host: host, port: port), timeoutSeconds: seconds))
        return nil
      } catch {
        return error
      }
    }
    let silent = try TestSignal.listener()
    defer { close(silent.descriptor) }
    let mute = await error(silent.port, seconds: 1)
    #expect(mute?.code == .unreachable && mute?.isRetryable == true)
    #expect(mute?.why == "127.0.0.1 port \(silent.port) did not answer within 1 seconds", "\(mute?.why ?? "")")
    let web = try TestSignal.listener(says: "HTTP/1.1 400 Bad Request\r\n\r\n")
    let wrong = await error(web.port)
    #expect(wrong?.code == .unreachable)
    #expect(wrong?.why.contains("is no SSH server; it said: HTTP/1.1 400 Bad Request") == true, "\(wrong?.why ?? "")")
    let shy = try TestSignal.listener(says: "")
    let closed = await error(shy.port)
    #expect(closed?.why.contains("closed the connection before it said anything") == true, "\(closed?.why ?? "")")
    let refused = await error(1)
    #expect(refused?.why == "cannot connect to 127.0.0.1 port 1: connection refused", "\(refused?.why ?? "")")
    let unknown = await error(22, host: "no-such-host.invalid")
    #expect(unknown?.why.hasPrefix("the name no-such-host.invalid was not found: ") == true, "\(unknown?.why ?? "")")
    await transport.shutdown()
  }

  @Test func `names are looked up, and the next address is tried where the first refuses`() async throws {
    let server = try await TestHost.shared.server()
    let key = try await TestHost.publicKey("host_ed25519", folder: server.folder)
    try TestHost.append("[localhost]:\(server.port) \(key)\n", to: "\(server.folder)/known_hosts")
    let transport = try SSHTransport.forTests(server)
    _ = try await transport.open(
      OpenRequest(
        name: "infra0", endpoint: HostEndpoint(host: "localhost", port: server.port, user: TestHost.plainUser),
        timeoutSeconds: 60))
    await transport.shutdown()
  }

  @Test func `an open that is cancelled ends at once`() async throws {
    let silent = try TestSignal.listener()
    defer { close(silent.descriptor) }
    let server = try await TestHost.shared.server()
    let transport = try SSHTransport.forTests(server)
    let opening = Task {
      try await transport.open(
        OpenRequest(name: "infra0", endpoint: HostEndpoint(host: "127.0.0.1", port: silent.port), timeoutSeconds: 600))
    }
    opening.cancel()
    await #expect { _ = try await opening.value } throws: { ($0 as? TransportError)?.code == .cancelled }
    await transport.shutdown()
  }

  @Test(arguments: [1, 2, 3])
  func `fewer sessions than usual only make calls wait`(_ sessions: Int) async throws {
    let server = try await TestHost.shared.server(["MaxSessions \(sessions)"])
    let transport = try SSHTransport.forTests(server)
    let opened = try await transport.open(OpenRequest(name: "infra0", endpoint: server.endpoint, timeoutSeconds: 60))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<12 {
        group.addTask {
          let reply = try await transport.run(
            RunRequest(command: FixedCommand(shell: "cat"), input: [.bytes([UInt8(number)])]), on: opened.connection)
          #expect(reply.output == [UInt8(number)])
        }
      }
      try await group.waitForAll()
    }
    await transport.shutdown()
  }

  @Test func `where sshd forbids forwarding and nothing can relay, the error names the setting`() async throws {
    let folder = try await TestHost.shared.folder()
    for option in ["AllowTcpForwarding no", "DisableForwarding yes", "PermitOpen 127.0.0.1:1"] {
      let server = try await TestHost.shared.server([option, "SetEnv PATH=\(folder)/bare"])
      let transport = try SSHTransport.forTests(server)
      let opened = try await transport.open(OpenRequest(name: "infra0", endpoint: server.endpoint, timeoutSeconds: 60))
      do throws(TransportError) {
        close(try await transport.stream(to: .tcp(host: "127.0.0.1", port: server.port), on: opened.connection))
        Issue.record("\(option): a stream was opened")
      } catch {
        #expect(error.code == .forwardingRefused, "\(option): \(error.why)")
        #expect(error.fix.contains("AllowTcpForwarding local"))
      }
      await transport.shutdown()
    }
  }

  @Test func `keys are exchanged anew in the middle of transfers`() async throws {
    let server = try await TestHost.shared.server(["RekeyLimit 1M"])
    for check in TransportConformance.checks {
      let suite = TransportConformance(endpoint: server.endpoint, largeCount: 30_000_000) {
        try SSHTransport.forTests(server)
      }
      try await suite.run(check)
    }
  }

  @Test func `the end of the sshd that serves a connection is its loss`() async throws {
    let server = try await TestHost.shared.server()
    let transport = try SSHTransport.forTests(server)
    let opened = try await transport.open(OpenRequest(name: "infra0", endpoint: server.endpoint, timeoutSeconds: 60))
    let endless = try TestSignal()
    await #expect {
      _ = try await transport.run(
        RunRequest(
          command: FixedCommand(
            shell: """
              p=$$; while read -r a b c q d < /proc/$p/stat; do case $b in "(sshd"*) break;; esac; p=$q; done; \
              kill -9 $p; exec cat
              """), input: [.descriptor(endless.readEnd)]), on: opened.connection)
    } throws: {
      ($0 as? TransportError)?.code == .connectionLost
    }
    await transport.shutdown()
  }

  @Test func `two threads serve many hosts`() async throws {
    let server = try await TestHost.shared.server()
    let transport = try SSHTransport.forTests(server)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<25 {
        group.addTask {
          let opened = try await transport.open(
            OpenRequest(name: "host\(number)", endpoint: server.endpoint, timeoutSeconds: 60))
          let reply = try await transport.run(
            RunRequest(command: FixedCommand(shell: "cat"), input: [.bytes([UInt8(number)])]), on: opened.connection)
          #expect(reply.output == [UInt8(number)])
        }
      }
      try await group.waitForAll()
    }
    #expect(transport.threadCount == 2)
    await transport.shutdown()
  }
}
