import QuorateCore
import QuorateTesting
import SSHTestHost
import SSHTransport
import Testing

@Suite(.enabled(if: TestHost.isAvailable)) struct HostKeyTests {
  /// Tries to connect with a known hosts file of one's own.
  private func attempt(
    _ server: TestHost.Server, knownHosts: String? = nil, hostKeys: [String] = []
  ) async throws -> Result<OpenReply, TransportError> {
    let folder = try await TemporaryFolder()
    if let knownHosts { try folder.write("known", knownHosts) }
    var settings: [String: SettingsValue] = ["knownHosts": .string(folder.path("known"))]
    if !hostKeys.isEmpty { settings["hostKeys"] = .list(hostKeys.map { .string($0) }) }
    let transport = try SSHTransport.forTests(server, settings)
    let result: Result<OpenReply, TransportError>
    do throws(TransportError) {
      result = .success(
        try await transport.open(OpenRequest(name: "infra0", endpoint: server.endpoint, timeoutSeconds: 60)))
    } catch {
      result = .failure(error)
    }
    await transport.shutdown()
    return result
  }

  private func line(_ server: TestHost.Server, _ key: String, host: String? = nil) async throws -> String {
    "\(host ?? "[127.0.0.1]:\(server.port)") \(try await TestHost.publicKey(key, folder: server.folder))\n"
  }

  private func fingerprint(_ server: TestHost.Server, _ key: String) async throws -> String {
    let shown = await LocalProgram.run(["ssh-keygen", "-lf", "\(server.folder)/\(key).pub"])
    return shown.text.split(separator: " ").dropFirst().first.map(String.init) ?? ""
  }

  private func expectRejection(
    _ result: Result<OpenReply, TransportError>, _ code: TransportError.Code = .hostKeyRejected, why: [String],
    fix: [String] = []
  ) {
    guard case .failure(let error) = result else {
      Issue.record("the host's key was taken")
      return
    }
    #expect(error.code == code)
    for part in why { #expect(error.why.contains(part), "\(error.why) does not say \(part)") }
    for part in fix { #expect(error.fix.contains(part), "\(error.fix) does not say \(part)") }
  }

  @Test(arguments: ["host_ed25519", "host_ecdsa"])
  func `one known key is enough, whichever the server would rather show`(_ key: String) async throws {
    let server = try await TestHost.shared.server()
    let reply = try await attempt(server, knownHosts: try await line(server, key)).get()
    #expect(reply.hostKeyFingerprint == (try await fingerprint(server, key)))
    #expect(reply.user == TestHost.plainUser)
  }

  @Test func `a key that is known for the name is taken on another port`() async throws {
    let server = try await TestHost.shared.server()
    _ = try await attempt(server, knownHosts: try await line(server, "host_ecdsa", host: "127.0.0.1")).get()
  }

  @Test func `hashed names are known names`() async throws {
    let server = try await TestHost.shared.server()
    let folder = try await TemporaryFolder()
    try folder.write("known", try await line(server, "host_ed25519"))
    let status = await LocalProgram.run(["ssh-keygen", "-H", "-f", folder.path("known")]).status
    try #require(status == 0)
    #expect(try folder.read("known").hasPrefix("|1|"))
    _ = try await attempt(server, knownHosts: try folder.read("known")).get()
  }

  @Test func `an unknown key is a hard stop that shows it and says how to make it known`() async throws {
    let server = try await TestHost.shared.server()
    let shown = try await fingerprint(server, "host_ed25519")
    expectRejection(
      try await attempt(server, knownHosts: "# none\n"),
      why: ["the host key of 127.0.0.1 port \(server.port) is unknown", "ED25519 \(shown)", "does not know it"],
      fix: [
        "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
        "ssh-keyscan -p \(server.port) -t ed25519 127.0.0.1 >> ",
      ])
    expectRejection(try await attempt(server), why: ["ED25519 \(shown)", "there is no /tmp/"])
    expectRejection(
      try await attempt(server, knownHosts: try await line(server, "other_ed25519", host: "127.0.0.1")),
      why: ["is unknown"])
  }

  @Test func `a changed key is a hard stop that shows both`() async throws {
    let server = try await TestHost.shared.server()
    let known = "# comment\n" + (try await line(server, "other_ed25519"))
    expectRejection(
      try await attempt(server, knownHosts: known),
      why: [
        "has changed", "it offers ED25519 \(try await fingerprint(server, "host_ed25519"))",
        "known:2 knows ED25519 \(try await fingerprint(server, "other_ed25519"))",
      ], fix: ["ssh-keygen -R '[127.0.0.1]:\(server.port)'"])
  }

  @Test func `a revoked key is refused, known or not`() async throws {
    let server = try await TestHost.shared.server()
    let known = try await line(server, "host_ed25519")
    expectRejection(
      try await attempt(server, knownHosts: known + "@revoked " + (try await line(server, "host_ed25519", host: "*"))),
      why: ["is revoked", "known:2"])
  }

  @Test func `a pinned fingerprint is enough, of whichever type its key is`() async throws {
    let server = try await TestHost.shared.server()
    for key in ["host_ed25519", "host_ecdsa"] {
      let pin = try await fingerprint(server, key)
      let reply = try await attempt(server, hostKeys: [pin]).get()
      #expect(reply.hostKeyFingerprint == pin)
    }
    let wrong = try await fingerprint(server, "other_ed25519")
    expectRejection(
      try await attempt(server, knownHosts: try await line(server, "host_ed25519"), hostKeys: [wrong]),
      why: ["is not the one in the configuration", wrong])
  }

  @Test func `a key that the server does not have any more is named`() async throws {
    let server = try await TestHost.shared.server([], hostKeys: ["ecdsa"])
    expectRejection(
      try await attempt(server, knownHosts: try await line(server, "host_ed25519")),
      why: ["does not offer the host key that is known for it", "known:1", "ecdsa-sha2-nistp256"])
  }

  @Test(.enabled(if: SSHTransport.lacksRSA))
  func `a host with an RSA key only, or known by it only, is explained`() async throws {
    let server = try await TestHost.shared.server([], hostKeys: ["rsa"])
    expectRejection(
      try await attempt(server, knownHosts: try await line(server, "host_rsa")), .unsupported,
      why: ["has an RSA host key only", "libssh2 1.10", "SHA-1"],
      fix: ["ssh-keygen -A", "`transport: {plugin: openssh}`"])
    let mixed = try await TestHost.shared.server()
    expectRejection(
      try await attempt(mixed, knownHosts: try await line(mixed, "host_rsa")), .unsupported,
      why: ["the only host key that is known", "RSA in ", "libssh2 1.10"],
      fix: ["ssh-keyscan -p \(mixed.port) -t ed25519", "`transport: {plugin: openssh}`"])
  }
}

extension SSHTransport {
  /// Whether the linked libssh2 is older than 1.11.
  static var lacksRSA: Bool { libraryVersion < Version(1, 11, 0) }
}
