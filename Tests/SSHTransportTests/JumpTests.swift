import Glibc
import QuorateCore
import QuorateTesting
import SSHTestHost
@testable import SSHTransport
import Testing

@Suite(.enabled(if: TestHost.isAvailable)) struct JumpTests {
  /// Servers that are different ones, whatever other tests use.
  private func servers(_ options: [[String]]) async throws -> [TestHost.Server] {
    var servers: [TestHost.Server] = []
    for (index, own) in options.enumerated() {
      servers.append(try await TestHost.shared.server(["LoginGraceTime \(90 + index)"] + own))
    }
    return servers
  }

  private func jump(_ servers: [TestHost.Server]) -> SettingsValue {
    .list(servers.map { .string("\(TestHost.plainUser)@127.0.0.1:\($0.port)") })
  }

  private func attempt(
    _ last: TestHost.Server, _ settings: [String: SettingsValue], seconds: Double = 60
  ) async throws -> TransportError? {
    let transport = try SSHTransport.forTests(last, settings)
    defer { Task { await transport.shutdown() } }
    do throws(TransportError) {
      let opened = try await transport.open(
        OpenRequest(name: "infra0", endpoint: last.endpoint, timeoutSeconds: seconds))
      let reply = try await transport.run(
        RunRequest(command: FixedCommand(shell: "cat"), input: [.bytes(Array("there".utf8))]), on: opened.connection)
      #expect(reply.output == Array("there".utf8))
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: TransportConformance.checks)
  func `does what every transport must do behind two jump hosts`(_ check: TransportConformance.Check) async throws {
    let chain = try await servers([[], [], []])
    try await TransportConformance(endpoint: chain[2].endpoint, largeCount: 50_000_000) {
      try SSHTransport.forTests(chain[2], ["jump": jump(Array(chain[..<2]))])
    }.run(check)
  }

  @Test(arguments: TransportConformance.checks.filter { !$0.isLarge })
  func `does it behind jump hosts that forward only by a program`(_ check: TransportConformance.Check) async throws {
    let chain = try await servers([["AllowTcpForwarding no"], ["AllowTcpForwarding no"], ["AllowTcpForwarding no"]])
    try await TransportConformance(endpoint: chain[2].endpoint) {
      try SSHTransport.forTests(chain[2], ["jump": jump(Array(chain[..<2]))])
    }.run(check)
  }

  @Test(arguments: TransportConformance.lossChecks)
  func `a wire that breaks before the jump host is noticed`(_ check: TransportConformance.Check) async throws {
    let chain = try await servers([[], []])
    let relay = try await Relay(to: chain[0])
    defer { relay.stop() }
    try await TransportConformance(endpoint: chain[1].endpoint, cut: { relay.cut() }) {
      try SSHTransport.forTests(
        chain[1], ["jump": .list([.string("\(TestHost.plainUser)@127.0.0.1:\(relay.port)")])])
    }.run(check)
  }

  @Test func `three jump hosts are gone through`() async throws {
    let chain = try await servers([[], [], [], []])
    let error = try await attempt(chain[3], ["jump": jump(Array(chain[..<3]))])
    #expect(error == nil, "\(error?.why ?? "")")
  }

  @Test func `a jump host is logged in to once for all hosts behind it, and shows it only a key`() async throws {
    let chain = try await servers([[], []])
    let relay = try await Relay(to: chain[0])
    defer { relay.stop() }
    let transport = try SSHTransport.forTests(
      chain[1], ["jump": .list([.string("\(TestHost.plainUser)@127.0.0.1:\(relay.port)")])])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<5 {
        group.addTask {
          let opened = try await transport.open(
            OpenRequest(name: "host\(number)", endpoint: chain[1].endpoint, timeoutSeconds: 60))
          let reply = try await transport.run(
            RunRequest(command: FixedCommand(shell: "cat"), input: [.bytes([UInt8(number)])]), on: opened.connection)
          #expect(reply.output == [UInt8(number)])
        }
      }
      try await group.waitForAll()
    }
    #expect(relay.connections == 1)
    await transport.shutdown()
  }

  @Test func `an unknown host key at the second jump host is a hard stop that names it`() async throws {
    let chain = try await servers([[], [], []])
    let folder = try await TemporaryFolder()
    var known = ""
    for server in [chain[0], chain[2]] {
      known += "[127.0.0.1]:\(server.port) \(try await TestHost.publicKey("host_ed25519", folder: server.folder))\n"
    }
    try folder.write("known", known)
    let error = try await attempt(
      chain[2], ["jump": jump(Array(chain[..<2])), "knownHosts": .string(folder.path("known"))])
    #expect(error?.code == .hostKeyRejected)
    #expect(error?.host == "infra0")
    #expect(
      error?.why.hasPrefix(
        "on the way, at jump host 127.0.0.1: the host key of 127.0.0.1 port \(chain[1].port) is unknown") == true,
      "\(error?.why ?? "")")
    #expect(
      error?.fix.contains("ssh -p \(chain[0].port) \(TestHost.plainUser)@127.0.0.1 ssh-keyscan -p \(chain[1].port)")
        == true,
      "\(error?.fix ?? "")")
  }

  @Test func `a jump host can have a key, a user and pinned host keys of its own`() async throws {
    let chain = try await servers([[], []])
    let shown = await LocalProgram.run(["ssh-keygen", "-lf", "\(chain[0].folder)/host_ed25519.pub"])
    let fingerprint = try #require(shown.text.split(separator: " ").dropFirst().first.map(String.init))
    func hop(_ changes: [String: SettingsValue]) -> SettingsValue {
      var values: [String: SettingsValue] = [
        "host": .string("127.0.0.1"), "port": .integer(Int(chain[0].port)), "user": .string(TestHost.plainUser),
        "identityFile": .string("id_ecdsa_256"), "hostKeys": .list([.string(fingerprint)]),
      ]
      values.merge(changes) { $1 }
      return .list([.object(values)])
    }
    let right = try await attempt(chain[1], ["jump": hop([:])])
    #expect(right == nil, "\(right?.why ?? "")")
    let otherKey = String(fingerprint.dropLast(3)) + "AAA"
    let pinned = try await attempt(chain[1], ["jump": hop(["hostKeys": .list([.string(otherKey)])])])
    #expect(pinned?.code == .hostKeyRejected && pinned?.why.contains("at jump host 127.0.0.1") == true)
    let stranger = try await attempt(chain[1], ["jump": hop(["identityFile": .string("stranger")])])
    #expect(
      stranger?.code == .authenticationFailed && stranger?.why.contains("/stranger") == true, "\(stranger?.why ?? "")")
  }

  @Test func `a host that the jump host cannot reach, and a jump host that is not there, are told apart`() async throws
  {
    let chain = try await servers([[]])
    let closed = try TestSignal.listener()
    close(closed.descriptor)
    let transport = try SSHTransport.forTests(chain[0], ["jump": jump(chain)])
    do throws(TransportError) {
      _ = try await transport.open(
        OpenRequest(
          name: "infra0", endpoint: HostEndpoint(host: "127.0.0.1", port: closed.port), timeoutSeconds: 60))
      Issue.record("it was opened")
    } catch {
      #expect(error.code == .unreachable && error.host == "infra0")
      #expect(error.why == "jump host 127.0.0.1 cannot connect to 127.0.0.1:\(closed.port)", "\(error.why)")
    }
    await transport.shutdown()
    let missing = try await attempt(chain[0], ["jump": .list([.string("127.0.0.1:\(closed.port)")])])
    #expect(missing?.code == .unreachable)
    #expect(
      missing?.why.hasPrefix("on the way, at jump host 127.0.0.1: cannot connect to") == true, "\(missing?.why ?? "")")
  }

  @Test func `where nothing can relay, the error names the setting`() async throws {
    let folder = try await TestHost.shared.folder()
    let jumpHost = try await TestHost.shared.server(["AllowTcpForwarding no", "SetEnv PATH=\(folder)/bare"])
    let last = try await TestHost.shared.server()
    let behind = try await attempt(last, ["jump": jump([jumpHost])])
    #expect(behind?.code == .forwardingRefused, "\(behind?.why ?? "")")
    #expect(
      behind?.why.contains("there is no socat, nc, ncat or bash that could relay") == true, "\(behind?.why ?? "")")
    #expect(behind?.fix.contains("AllowTcpForwarding local") == true)
  }

  @Test func `waiting for a jump host can be cancelled`() async throws {
    let silent = try TestSignal.listener()
    defer { close(silent.descriptor) }
    let server = try await TestHost.shared.server()
    let transport = try SSHTransport.forTests(
      server, ["jump": .list([.string("127.0.0.1:\(silent.port)")]), "connectTimeout": .integer(600)])
    let opening = Task {
      try await transport.open(OpenRequest(name: "infra0", endpoint: server.endpoint, timeoutSeconds: 600))
    }
    opening.cancel()
    await #expect { _ = try await opening.value } throws: { ($0 as? TransportError)?.code == .cancelled }
    await transport.shutdown()
  }

  @Test func `jump hosts are read in their short form`() {
    for (text, endpoint) in [
      ("bastion", HostEndpoint(host: "bastion")),
      ("ops@bastion:2222", HostEndpoint(host: "bastion", port: 2222, user: "ops")),
      ("[fd00::1]:22", HostEndpoint(host: "fd00::1")), ("fd00::1", HostEndpoint(host: "fd00::1")),
      ("ops@[fd00::1]", HostEndpoint(host: "fd00::1", user: "ops")),
    ] { #expect(JumpHost.endpoint(text) == endpoint, "\(text)") }
    for text in [
      "", "-oProxyCommand=x", "ops@", "@bastion", "a b", "bastion:", "bastion:0", "bastion:65536", "[::1", "a;b",
      "-x@b",
    ] {
      #expect(JumpHost.endpoint(text) == nil, "\(text)")
    }
    Mutations(seed: 9).run(Array("ops@[fd00::1]:2222".utf8), rounds: 5000) {
      _ = JumpHost.endpoint(String(decoding: $0, as: UTF8.self))
    }
  }

  @Test func `jump hosts that cannot be right are refused with their place`() {
    let context = PluginContext(baseFolder: "/", secrets: TestSecrets())
    for (value, setting) in [
      (SettingsValue.string("a b"), "jump[0]"), (.object(["host": .string("-x")]), "jump[0].host"),
      (.object(["host": .string("a"), "user": .string("-x")]), "jump[0].user"),
      (.object(["host": .string("a"), "hostKeys": .list([.string("MD5:0")])]), "jump[0].hostKeys[0]"),
    ] {
      #expect { _ = try SSHTransport(settings: .object(["jump": .list([value])]), context: context) } throws: {
        ($0 as? PluginError)?.setting == setting
      }
    }
  }
}
