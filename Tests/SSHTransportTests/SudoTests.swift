import QuorateCore
import QuorateTesting
import SSHTestHost
import SSHTransport
import Testing

@Suite(.enabled(if: TestHost.hasUsers)) struct SudoTests {
  private static let whoami = FixedCommand(shell: "id -u; cat")

  /// What became of one elevated command.
  private func run(
    _ user: String, _ secrets: TestSecrets, times: Int = 1, elevated: Bool = true
  ) async throws -> Result<[RunReply], TransportError> {
    let server = try await TestHost.shared.server()
    let transport = try SSHTransport.forTests(server, ["become": .string("sudo")], secrets: secrets)
    let result: Result<[RunReply], TransportError>
    do throws(TransportError) {
      let opened = try await transport.open(
        OpenRequest(name: "infra0", endpoint: server.endpoint(user: user), timeoutSeconds: 60))
      var replies: [RunReply] = []
      for _ in 0..<times {
        replies.append(
          try await transport.run(
            RunRequest(command: Self.whoami, input: [.bytes(Array("data".utf8))], elevated: elevated),
            on: opened.connection))
      }
      result = .success(replies)
    } catch {
      result = .failure(error)
    }
    await transport.shutdown()
    return result
  }

  private func error(_ result: Result<[RunReply], TransportError>) -> TransportError? {
    if case .failure(let error) = result { error } else { nil }
  }

  @Test func `without a password in sudoers none is asked for`() async throws {
    let secrets = TestSecrets(password: TestHost.password)
    let replies = try await run("free", secrets).get()
    #expect(replies.map(\.output) == [Array("0\ndata".utf8)])
    #expect(await secrets.requests.isEmpty)
  }

  @Test(arguments: ["asked", "askedfish", "askedcsh", "askedbanner"])
  func `the password is asked for once, and never becomes data`(_ user: String) async throws {
    let secrets = TestSecrets(password: TestHost.password)
    let replies = try await run(user, secrets, times: 3).get()
    #expect(replies.map(\.output) == [[UInt8]](repeating: Array("0\ndata".utf8), count: 3))
    #expect(replies.map(\.errorOutput) == [[], [], []])
    #expect(await secrets.requests == [SecretRequest(purpose: .becomePassword, subject: user)])
  }

  @Test func `a password that sudo has cached is not sent, and does not become data`() async throws {
    let secrets = TestSecrets(password: TestHost.password)
    let replies = try await run("cached", secrets, times: 3).get()
    #expect(replies.map(\.output) == [[UInt8]](repeating: Array("0\ndata".utf8), count: 3))
  }

  @Test func `a wrong password is reported as exactly that, and not tried again`() async throws {
    let secrets = TestSecrets(password: "wrong")
    let failure = error(try await run("asked", secrets))
    #expect(failure?.code == .elevationPasswordWrong)
    #expect(failure?.why == "the sudo password of asked is wrong")
    let once = error(try await run("once", secrets))
    #expect(once?.code == .elevationPasswordWrong)
  }

  @Test func `without a password to give, the error says how to give one`() async throws {
    let failure = error(try await run("asked", TestSecrets()))
    #expect(failure?.code == .elevationRefused)
    #expect(failure?.why == "sudo asks asked for a password, and none was given")
    #expect(failure?.fix.contains("--ask-become-pass or --become-pass-fd N") == true)
  }

  @Test func `who may not use sudo is told so`() async throws {
    let failure = error(try await run("barred", TestSecrets(password: TestHost.password)))
    #expect(failure?.code == .elevationRefused)
    #expect(
      failure?.why.hasPrefix("sudo does not allow barred to run programs as root") == true, "\(failure?.why ?? "")")
  }

  @Test func `requiretty is named`() async throws {
    let failure = error(try await run("terminal", TestSecrets()))
    #expect(failure?.code == .elevationRefused)
    #expect(failure?.why == "sudo on this host wants a terminal (`requiretty`)", "\(failure?.why ?? "")")
  }

  @Test func `a command that needs no rights runs as the login user`() async throws {
    let secrets = TestSecrets(password: TestHost.password)
    let replies = try await run("asked", secrets, elevated: false).get()
    #expect(replies.first?.output.starts(with: Array("0\n".utf8)) == false)
    #expect(await secrets.requests.isEmpty)
  }

  @Test func `a shell that does not start the command is told by its own words`() async throws {
    let server = try await TestHost.shared.server()
    let transport = try SSHTransport.forTests(server)
    for (user, word) in [("shut", "This account is currently not available"), ("flood", "wrote more than a mebibyte")] {
      do throws(TransportError) {
        let opened = try await transport.open(
          OpenRequest(name: "infra0", endpoint: server.endpoint(user: user), timeoutSeconds: 60))
        _ = try await transport.run(RunRequest(command: Self.whoami), on: opened.connection)
        Issue.record("\(user) ran a command")
      } catch {
        #expect(error.code == .commandNotStarted && error.why.contains(word), "\(error.why)")
      }
    }
    await transport.shutdown()
  }
}
