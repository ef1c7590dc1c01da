import Glibc
import QuorateCore
import QuorateTesting
import SSHTestHost
@testable import SSHTransport
import Testing

@Suite(.enabled(if: TestHost.isAvailable)) struct LoginTests {
  private func attempt(
    _ settings: [String: SettingsValue], user: String? = nil, secrets: TestSecrets = TestSecrets()
  ) async throws -> TransportError? {
    let server = try await TestHost.shared.server()
    let transport = try SSHTransport.forTests(server, settings, secrets: secrets)
    defer { Task { await transport.shutdown() } }
    do throws(TransportError) {
      _ = try await transport.open(
        OpenRequest(name: "infra0", endpoint: server.endpoint(user: user ?? TestHost.plainUser), timeoutSeconds: 60))
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    "id_ed25519", "id_ecdsa_256", "id_ecdsa_384", "id_ecdsa_521", "id_ecdsa_pem", "id_ecdsa_pkcs8",
  ])
  func `a key file of every usual form logs in`(_ name: String) async throws {
    #expect(try await attempt(["identityFile": .string(name)]) == nil)
  }

  @Test(arguments: ["id_ed25519_encrypted", "id_ecdsa_encrypted", "id_ecdsa_pem_encrypted"])
  func `an encrypted key asks for its passphrase once`(_ name: String) async throws {
    let secrets = TestSecrets(passphrase: "open sesame")
    #expect(try await attempt(["identityFile": .string(name)], secrets: secrets) == nil)
    let requests = await secrets.requests
    #expect(requests.map(\.purpose) == [.keyPassphrase])
    #expect(requests.first?.subject.hasSuffix("/\(name)") == true)
    let wrong = try await attempt(["identityFile": .string(name)], secrets: TestSecrets(passphrase: "open simsim"))
    #expect(wrong?.code == .credentialUnusable)
    #expect(wrong?.why.contains("the passphrase does not open the key") == true, "\(wrong?.why ?? "")")
    let none = try await attempt(["identityFile": .string(name)])
    #expect(none?.code == .credentialUnusable)
    #expect(none?.fix.contains("ssh-add") == true)
  }

  @Test(.enabled(if: SSHTransport.lacksRSA), arguments: ["id_rsa", "id_rsa_pem"])
  func `an RSA key is explained, with this libssh2`(_ name: String) async throws {
    let error = try await attempt(["identityFile": .string(name)])
    #expect(error?.code == .credentialUnusable)
    #expect(error?.why.contains("libssh2 1.10") == true && error?.why.contains("SHA-1") == true, "\(error?.why ?? "")")
    #expect(error?.fix.contains("ssh-keygen -t ed25519") == true)
    #expect(error?.fix.hasPrefix("use `transport: {plugin: openssh}`") == true, "\(error?.fix ?? "")")
  }

  @Test func `a certificate beside the key is named as what only openssh can show`() async throws {
    let error = try await attempt(["identityFile": .string("certified")])
    #expect(error?.code == .authenticationFailed)
    #expect(error?.why.contains("/certified-cert.pub was not shown: libssh2") == true, "\(error?.why ?? "")")
    #expect(error?.fix.contains("`transport: {plugin: openssh}`") == true, "\(error?.fix ?? "")")
  }

  @Test func `a key on a FIDO token is named as what only openssh can ask`() async throws {
    // The container of an sk key, without a private part that would mean anything.
    var key = SSHWriter()
    for part in ["sk-ssh-ed25519@openssh.com", String(repeating: "k", count: 32), "ssh:"] { key.string(part.utf8) }
    var file = SSHWriter()
    for byte in Array("openssh-key-v1".utf8) + [0] { file.byte(byte) }
    for part in ["none", "none", ""] { file.string(part.utf8) }
    file.number(1)
    file.string(key.bytes)
    file.string([])
    let folder = try await TemporaryFolder()
    try folder.write(
      "sk",
      "-----BEGIN OPENSSH PRIVATE KEY-----\n\(Base64.encode(file.bytes))\n-----END OPENSSH PRIVATE KEY-----\n")
    chmod(folder.path("sk"), 0o600)
    let error = try await attempt(["identityFile": .string(folder.path("sk"))])
    #expect(error?.code == .credentialUnusable)
    #expect(error?.why.contains("rests on a FIDO token") == true, "\(error?.why ?? "")")
    #expect(error?.fix.hasPrefix("use `transport: {plugin: openssh}`") == true, "\(error?.fix ?? "")")
  }

  @Test func `a key that the host does not take is named, and what the host takes`() async throws {
    let error = try await attempt(["identityFile": .string("stranger")])
    #expect(error?.code == .authenticationFailed)
    #expect(error?.why.contains("/stranger (ED25519 SHA256:") == true, "\(error?.why ?? "")")
    #expect(error?.why.contains("it takes: publickey") == true, "\(error?.why ?? "")")
    #expect(error?.fix.contains("authorized_keys") == true)
    let nobody = try await attempt([:], user: "no-such-user")
    #expect(nobody?.code == .authenticationFailed)
  }

  @Test func `a file that is no usable key is named`() async throws {
    let server = try await TestHost.shared.server()
    let missing = try await attempt(["identityFile": .string("no-such-file")])
    #expect(missing?.code == .credentialUnusable)
    #expect(missing?.why.hasSuffix("no-such-file cannot be opened: there is no such file") == true)
    let open = try await attempt(["identityFile": .string("authorized_keys")])
    #expect(open?.why == "others may read the private key \(server.folder)/authorized_keys")
    #expect(open?.fix == "chmod 600 \(server.folder)/authorized_keys")
    let folder = try await TemporaryFolder()
    try folder.write("k", "hello")
    chmod(folder.path("k"), 0o600)
    #expect(
      try await attempt(["identityFile": .string(folder.path("k"))])?.why == "\(folder.path("k")) is no private key")
  }

  @Test func `settings that cannot be right are refused with their name`() throws {
    let context = PluginContext(baseFolder: "/", secrets: TestSecrets())
    for (key, value) in [
      ("user", SettingsValue.string("-oProxyCommand=x")), ("connectTimeout", .integer(0)), ("keepalive", .integer(-1)),
      ("hostKeys", .list([.string("MD5:00")])),
    ] {
      #expect { _ = try SSHTransport(settings: .object([key: value]), context: context) } throws: { error in
        (error as? PluginError)?.setting?.hasPrefix(key) == true
      }
    }
  }
}

/// An agent is found by an environment variable, which belongs to the whole process: one test after the other, and
/// only those here set it.
@Suite(.serialized, .enabled(if: TestHost.isAvailable)) struct AgentTests {
  /// A real ssh-agent, for as long as this lives.
  private final class Agent: Sendable {
    let socket: String
    let process: Int32

    init() async throws {
      let answer = await LocalProgram.run(["ssh-agent", "-s"])
      let words = answer.text.split { "=;\n ".contains($0) }.map(String.init)
      guard let name = words.firstIndex(of: "SSH_AUTH_SOCK"), let number = words.firstIndex(of: "SSH_AGENT_PID"),
        let process = Int32(words[number + 1])
      else { throw TestHost.Failure(description: "no ssh-agent") }
      socket = words[name + 1]
      self.process = process
    }

    deinit { kill(process, SIGTERM) }

    func add(_ path: String) async {
      _ = await LocalProgram.run(["env", "SSH_AUTH_SOCK=\(socket)", "ssh-add", "-q", path])
    }
  }

  private func attempt(_ agent: Agent, _ settings: [String: SettingsValue]) async throws -> TransportError? {
    let server = try await TestHost.shared.server()
    setenv("SSH_AUTH_SOCK", agent.socket, 1)
    defer { unsetenv("SSH_AUTH_SOCK") }
    let transport = try SSHTransport.forTests(server, settings)
    defer { Task { await transport.shutdown() } }
    do throws(TransportError) {
      _ = try await transport.open(OpenRequest(name: "infra0", endpoint: server.endpoint, timeoutSeconds: 60))
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["id_ed25519", "id_ecdsa_256", "id_ecdsa_384", "id_ecdsa_521"])
  func `a key in an agent logs in`(_ name: String) async throws {
    let agent = try await Agent()
    let folder = try await TestHost.shared.folder()
    await agent.add("\(folder)/\(name)")
    #expect(try await attempt(agent, ["agent": .boolean(true), "identityFile": .string("stranger")]) == nil)
  }

  @Test func `an encrypted key that the agent holds needs no passphrase`() async throws {
    let agent = try await Agent()
    let folder = try await TestHost.shared.folder()
    // The agent gets the key by a copy without passphrase: ssh-add cannot be asked here.
    let copy = try await TemporaryFolder()
    _ = await LocalProgram.run(["cp", "\(folder)/id_ed25519_encrypted", copy.path("k")])
    _ = await LocalProgram.run(["ssh-keygen", "-q", "-p", "-P", "open sesame", "-N", "", "-f", copy.path("k")])
    await agent.add(copy.path("k"))
    #expect(
      try await attempt(agent, ["agent": .boolean(true), "identityFile": .string("id_ed25519_encrypted")]) == nil)
  }

  @Test func `an agent that is not there is only an error where it was asked for`() async throws {
    let agent = try await Agent()
    kill(agent.process, SIGTERM)
    unlink(agent.socket)
    let error = try await attempt(agent, ["agent": .boolean(true)])
    #expect(error?.code == .credentialUnusable)
    #expect(error?.why.contains("does not answer") == true)
    let server = try await TestHost.shared.server()
    let transport = try SSHTransport(
      settings: .object(["identityFile": .string("id_ed25519"), "knownHosts": .string("known_hosts")]),
      context: PluginContext(baseFolder: server.folder, secrets: TestSecrets()))
    setenv("SSH_AUTH_SOCK", agent.socket, 1)
    defer { unsetenv("SSH_AUTH_SOCK") }
    _ = try await transport.open(OpenRequest(name: "infra0", endpoint: server.endpoint, timeoutSeconds: 60))
    await transport.shutdown()
  }
}
