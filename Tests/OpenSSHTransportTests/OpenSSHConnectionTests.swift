import Glibc
@testable import OpenSSHTransport
import QuorateCore
import QuorateTesting
import SSHTestHost
import Testing

@Suite(.enabled(if: TestHost.isAvailable)) struct OpenSSHConnectionTests {
  private func attempt(
    _ server: TestHost.Server, _ settings: [String: SettingsValue] = [:], options: [String] = [],
    endpoint: HostEndpoint? = nil, seconds: Double = 60, secrets: TestSecrets = TestSecrets()
  ) async throws -> TransportError? {
    let transport = try OpenSSHTransport.forTests(server, settings, options: options, secrets: secrets)
    defer { Task { await transport.shutdown() } }
    do throws(TransportError) {
      let opened = try await transport.open(
        OpenRequest(name: "infra0", endpoint: endpoint ?? server.endpoint, timeoutSeconds: seconds))
      let reply = try await transport.run(
        RunRequest(command: FixedCommand(shell: "echo there")), on: opened.connection)
      #expect(reply.output == Array("there\n".utf8))
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["id_ed25519", "id_ecdsa_256", "id_rsa", "id_rsa_pem"])
  func `a key of every kind logs in, RSA too`(_ name: String) async throws {
    let server = try await TestHost.shared.server()
    #expect(try await attempt(server, ["identityFile": .string(name)]) == nil)
  }

  @Test func `a host that has an RSA key only is reached`() async throws {
    let server = try await TestHost.shared.server([], hostKeys: ["rsa"])
    #expect(try await attempt(server) == nil)
  }

  @Test func `a certificate logs in where the bare key would not`() async throws {
    let folder = try await TestHost.shared.folder()
    let server = try await TestHost.shared.server(["TrustedUserCAKeys \(folder)/authority.pub"])
    #expect(try await attempt(server, ["identityFile": .string("certified")]) == nil)
    let plain = try await TestHost.shared.server()
    let refused = try await attempt(plain, ["identityFile": .string("certified")])
    #expect(refused?.code == .authenticationFailed, "\(refused?.why ?? "")")
  }

  @Test func `an encrypted key asks for its passphrase once, by way of this program's secrets`() async throws {
    let server = try await TestHost.shared.server()
    let secrets = TestSecrets(passphrase: "open sesame")
    let error = try await attempt(server, ["identityFile": .string("id_ed25519_encrypted")], secrets: secrets)
    #expect(error == nil, "\(error?.why ?? "")")
    let requests = await secrets.requests
    #expect(requests.map(\.purpose) == [.keyPassphrase])
    #expect(requests.first?.subject == "\(server.folder)/id_ed25519_encrypted")
    let wrong = try await attempt(
      server, ["identityFile": .string("id_ed25519_encrypted")], secrets: TestSecrets(passphrase: "open simsim"))
    #expect(wrong?.code == .credentialUnusable)
    #expect(wrong?.why.hasPrefix("the passphrase does not open \(server.folder)/") == true, "\(wrong?.why ?? "")")
  }

  @Test func `what ssh asks is told apart`() {
    for (question, subject) in [
      ("Enter passphrase for key '/home/a b/id': ", "/home/a b/id"),
      ("Enter PIN for ED25519-SK key /home/a/id_sk: ", "the token of ED25519-SK key /home/a/id_sk (PIN)"),
      ("ops@10.0.0.6's password: ", nil),
      ("Are you sure you want to continue connecting (yes/no/[fingerprint])? ", nil),
      ("", nil),
    ] { #expect(PassphraseQuestions.subject(of: question) == subject) }
  }

  @Test func `one connection serves a run, and none is left`() async throws {
    let server = try await TestHost.shared.server()
    let relay = try await Relay(to: server)
    defer { relay.stop() }
    let transport = try OpenSSHTransport.forTests(server)
    let opened = try await transport.open(OpenRequest(name: "infra0", endpoint: relay.endpoint, timeoutSeconds: 60))
    #expect(opened.user == TestHost.plainUser)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<20 {
        group.addTask {
          let reply = try await transport.run(
            RunRequest(command: FixedCommand(shell: "cat"), input: [.bytes([UInt8(number)])]), on: opened.connection)
          #expect(reply.output == [UInt8(number)])
        }
      }
      try await group.waitForAll()
    }
    #expect(relay.connections == 1)
    let folder = try #require(transport.runtimeFolder)
    var status = stat()
    #expect(stat(folder, &status) == 0 && status.st_mode & 0o777 == 0o700)
    await transport.shutdown()
    #expect(access(folder, F_OK) != 0)
    let left = await LocalProgram.run(["pgrep", "-f", folder + "/"])
    #expect(left.text.isEmpty, "still running: \(left.text)")
  }

  @Test func `an unknown host key is a hard stop, whatever the user's configuration says`() async throws {
    let server = try await TestHost.shared.server()
    let folder = try await TemporaryFolder()
    try folder.write("config", "Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n")
    let error = try await attempt(server, ["configFile": .string(folder.path("config")), "knownHosts": .null])
    #expect(error?.code == .hostKeyRejected, "\(error?.why ?? "")")
    #expect(error?.why == "the host key of [127.0.0.1]:\(server.port) is unknown", "\(error?.why ?? "")")
  }

  @Test func `a changed host key is told with what is known`() async throws {
    let server = try await TestHost.shared.server()
    let folder = try await TemporaryFolder()
    let other = try await TestHost.publicKey("other_ed25519", folder: server.folder)
    try folder.write("known", "[127.0.0.1]:\(server.port) \(other)\n")
    let error = try await attempt(server, ["knownHosts": .string(folder.path("known"))])
    #expect(error?.code == .hostKeyRejected)
    #expect(error?.why.contains("has changed: it offers SHA256:") == true, "\(error?.why ?? "")")
    #expect(error?.why.contains("\(folder.path("known")):1 knows another") == true, "\(error?.why ?? "")")
    #expect(error?.fix.contains("ssh-keygen -R '[127.0.0.1]:\(server.port)'") == true, "\(error?.fix ?? "")")
  }

  @Test func `what can go wrong before the login is told apart`() async throws {
    let server = try await TestHost.shared.server()
    let refused = try await attempt(server, endpoint: HostEndpoint(host: "127.0.0.1", port: 1))
    #expect(refused?.code == .unreachable)
    #expect(refused?.why == "cannot connect to 127.0.0.1 port 1: connection refused", "\(refused?.why ?? "")")
    let unknown = try await attempt(server, endpoint: HostEndpoint(host: "no-such-host.invalid"))
    #expect(unknown?.why.hasPrefix("the name no-such-host.invalid was not found: ") == true, "\(unknown?.why ?? "")")
    let silent = try TestSignal.listener()
    defer { close(silent.descriptor) }
    let mute = try await attempt(server, endpoint: HostEndpoint(host: "127.0.0.1", port: silent.port), seconds: 1)
    #expect(mute?.code == .unreachable && mute?.why.contains("did not answer") == true, "\(mute?.why ?? "")")
    let stranger = try await attempt(server, ["identityFile": .string("stranger")])
    #expect(stranger?.code == .authenticationFailed)
    #expect(stranger?.why.contains("the host takes: publickey") == true, "\(stranger?.why ?? "")")
    let encrypted = try await attempt(server, ["identityFile": .string("id_ed25519_encrypted")])
    #expect(encrypted?.code == .credentialUnusable, "\(encrypted?.why ?? "")")
    #expect(encrypted?.fix.contains("ssh-add") == true, "\(encrypted?.fix ?? "")")
    let missing = try await attempt(server, ["identityFile": .string("no-such-file")])
    #expect(missing?.code == .credentialUnusable, "\(missing?.why ?? "")")
    let folder = try await TemporaryFolder()
    try folder.write("config", "Nonsense yes\n")
    let broken = try await attempt(server, ["configFile": .string(folder.path("config"))])
    #expect(broken?.code == .unsupported && broken?.why.contains("nonsense") == true, "\(broken?.why ?? "")")
  }

  @Test func `a host that falls silent is noticed by keepalive`() async throws {
    let server = try await TestHost.shared.server()
    let relay = try await Relay(to: server)
    defer { relay.stop() }
    let transport = try OpenSSHTransport.forTests(server, ["keepalive": .integer(1)])
    let opened = try await transport.open(OpenRequest(name: "infra0", endpoint: relay.endpoint, timeoutSeconds: 60))
    let begun = try TestSignal()
    let endless = try TestSignal()
    async let reply = transport.run(
      RunRequest(
        command: FixedCommand(shell: "echo begun; exec cat"), input: [.descriptor(endless.readEnd)],
        output: .descriptor(begun.writeEnd)), on: opened.connection)
    await begun.wait()
    relay.silence()
    do {
      _ = try await reply
      Issue.record("the command returned")
    } catch let error as TransportError {
      #expect(error.code == .connectionLost && error.why.contains("not responding"), "\(error.why)")
    }
    await transport.shutdown()
  }

  @Test(arguments: [1, 2, 3])
  func `fewer sessions than usual only make calls wait`(_ sessions: Int) async throws {
    let server = try await TestHost.shared.server(["MaxSessions \(sessions)"])
    let transport = try OpenSSHTransport.forTests(server)
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

  @Test func `a chain of jump hosts of ssh_config is gone through, and each host's key is checked`() async throws {
    let first = try await TestHost.shared.server(["LoginGraceTime 101"])
    let second = try await TestHost.shared.server(["LoginGraceTime 102"])
    let last = try await TestHost.shared.server(["LoginGraceTime 103"])
    let folder = try await TemporaryFolder()
    func configuration(knownAtSecond: String) -> String {
      """
      Host first
        Port \(first.port)
      Host second
        Port \(second.port)
        ProxyJump first
        UserKnownHostsFile \(knownAtSecond)
      Host 127.0.0.1
        ProxyJump second
      Host *
        HostName 127.0.0.1
        User \(TestHost.plainUser)
        IdentityFile \(last.folder)/id_ed25519
        IdentityAgent none
        UserKnownHostsFile \(last.folder)/known_hosts
        GlobalKnownHostsFile /dev/null

      """
    }
    try folder.write("good", configuration(knownAtSecond: "\(last.folder)/known_hosts"))
    let good = try await attempt(
      last, ["configFile": .string(folder.path("good")), "options": .list([]), "knownHosts": .null])
    #expect(good == nil, "\(good?.why ?? "")")
    try folder.write("bad", configuration(knownAtSecond: "/dev/null"))
    let bad = try await attempt(
      last, ["configFile": .string(folder.path("bad")), "options": .list([]), "knownHosts": .null])
    #expect(bad?.code == .hostKeyRejected, "\(bad?.why ?? "")")
    #expect(bad?.why == "the host key of [127.0.0.1]:\(second.port) is unknown", "\(bad?.why ?? "")")
  }

  @Test func `a jump host that forbids forwarding is named with the setting`() async throws {
    let jump = try await TestHost.shared.server(["AllowTcpForwarding no"])
    let last = try await TestHost.shared.server()
    let error = try await attempt(
      last, options: ["ProxyJump=\(TestHost.plainUser)@jump"])
    #expect(error?.code == .unreachable, "\(error?.why ?? "")")
    let folder = try await TemporaryFolder()
    try folder.write(
      "config",
      """
      Host jump
        HostName 127.0.0.1
        Port \(jump.port)
        User \(TestHost.plainUser)
        IdentityFile \(last.folder)/id_ed25519
        IdentityAgent none
        UserKnownHostsFile \(last.folder)/known_hosts

      """)
    let refused = try await attempt(
      last, ["configFile": .string(folder.path("config"))], options: ["ProxyJump=jump"])
    #expect(refused?.code == .forwardingRefused, "\(refused?.why ?? "")")
    #expect(refused?.fix.contains("AllowTcpForwarding local") == true)
  }

  @Test func `a master and its watcher run beside the commands, and end with the watcher's pipe`() async throws {
    let server = try await TestHost.shared.server()
    let transport = try OpenSSHTransport.forTests(server)
    _ = try await transport.open(OpenRequest(name: "infra0", endpoint: server.endpoint, timeoutSeconds: 60))
    let folder = try #require(transport.runtimeFolder)
    let running = await LocalProgram.run(["pgrep", "-f", folder + "/"])
    #expect(running.text.split(separator: "\n").count == 2, "\(running.text)")
    // Which closes the pipe, and does no more: the end of this process would do the same.
    await transport.shutdown()
    let left = await LocalProgram.run(["pgrep", "-f", folder + "/"])
    #expect(left.text.isEmpty, "still running: \(left.text)")
  }

  @Test func `settings that cannot be right are refused with their name`() throws {
    let context = PluginContext(baseFolder: "/", secrets: TestSecrets())
    for (key, value) in [
      ("user", SettingsValue.string("-oProxyCommand=x")), ("connectTimeout", .integer(0)), ("keepalive", .integer(-1)),
      ("configFile", .string("a\"b")), ("options", .list([.string("nonsense")])),
      ("options", .list([.string("Ciphers=a\nProxyCommand x")])),
    ] {
      #expect { _ = try OpenSSHTransport(settings: .object([key: value]), context: context) } throws: { error in
        (error as? PluginError)?.setting?.hasPrefix(key) == true
      }
    }
    for keyword in [
      "ProxyCommand", "proxycommand", "LocalCommand", "PermitLocalCommand", "KnownHostsCommand", "PKCS11Provider",
      "SecurityKeyProvider", "Include", "Match", "StrictHostKeyChecking", "ControlPath", "ControlMaster", "BatchMode",
      "RemoteCommand", "LocalForward", "XAuthLocation", "SetEnv", "UpdateHostKeys", "NoHostAuthenticationForLocalhost",
    ] {
      #expect {
        _ = try OpenSSHTransport(
          settings: .object(["options": .list([.string("\(keyword)=x")])]), context: context)
      } throws: { error in
        (error as? PluginError)?.why == "the option \(keyword) cannot be set here"
      }
    }
  }
}
