@testable import QuorateCore
import QuorateTesting
import Testing

@Suite struct StreamRelayTests {
  @Test func `only plain addresses are given to a program`() {
    for address in ["10.0.0.6", "fd00::1", "fe80::1%eth0", "etcd-0.example.com"] {
      #expect(StreamRelay.isPlain(address))
    }
    for address in ["", "-x", "a b", "a,fork", "a;b", "$(id)", "a/b", "a\nb", "é", "a!b", "[::1]", "a\"b"] {
      #expect(!StreamRelay.isPlain(address))
    }
  }

  @Test func `a host whose commands are all relays already is not waited for for ever`() async {
    await #expect {
      _ = try await StreamRelay.open(to: "10.0.0.6", port: 2379, host: "infra0", seconds: 0.05) {
        _ throws(TransportError) in
        // A transport's queue, which only cancellation ends here.
        for await _ in AsyncStream<Void>(Void.self, { _ in }) {}
        throw TransportError(.cancelled, host: "infra0", why: "cancelled")
      }
    } throws: { error in
      (error as? TransportError)?.code == .streamTargetUnreachable
        && (error as? TransportError)?.fix.contains("AllowTcpForwarding local") == true
    }
  }

  /// How the command ends on a host that has only some programs.
  private func status(_ programs: [String], port: String) async throws -> Int32 {
    try await TemporaryFolder.with { folder in
      for program in ["sh", "cat", "grep", "sleep"] + programs {
        let path = await LocalProgram.run(["sh", "-c", "command -v \(program)"]).text.split(whereSeparator: \.isNewline)
        guard let path = path.first else { continue }
        _ = await LocalProgram.run(["ln", "-s", String(path), "\(folder.path)/\(program)"])
      }
      return await LocalProgram.run(
        ["env", "PATH=\(folder.path)", "sh", "-c", StreamRelay.command.text], input: Array("127.0.0.1\n\(port)\n".utf8)
      ).status
    }
  }

  @Test(arguments: ["socat", "nc", "bash"])
  func `a program that cannot connect is told from one that is not there`(_ program: String) async throws {
    let isThere = await LocalProgram.run(["sh", "-c", "command -v \(program)"]).status == 0
    // Nobody listens on port 1.
    if isThere { #expect(try await status([program], port: "1") == 97) }
    #expect(try await status([], port: "1") == 98)
  }
}
