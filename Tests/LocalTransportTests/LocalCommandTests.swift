import Glibc
@testable import LocalTransport
import QuorateCore
import QuorateProcesses
import QuorateTesting
import Testing

@Suite struct LocalCommandTests {
  private func transport() -> LocalTransport {
    LocalTransport(settings: .object([:]), context: PluginContext(baseFolder: "/", secrets: NoSecrets()))
  }

  private func text(_ reply: RunReply) -> String { String(decoding: reply.output, as: UTF8.self) }

  @Test func `a command inherits three descriptors and no others`() async throws {
    // As a library would open one that knows nothing of CLOEXEC.
    let stray = open("/dev/null", O_RDONLY)
    defer { close(stray) }
    let transport = transport()
    let opened = try await transport.open(OpenRequest(name: "here", endpoint: HostEndpoint(host: "localhost")))
    let reply = try await transport.run(
      RunRequest(command: FixedCommand(shell: "cd /proc/$$/fd && echo *")), on: opened.connection)
    #expect(text(reply).hasPrefix("0 1 2"))
    #expect(!text(reply).split(whereSeparator: \.isWhitespace).contains("\(stray)"))
    await transport.shutdown()
  }

  @Test func `a command has a process group of its own, and default signals`() async throws {
    let transport = transport()
    let opened = try await transport.open(OpenRequest(name: "here", endpoint: HostEndpoint(host: "localhost")))
    let reply = try await transport.run(
      RunRequest(
        command: FixedCommand(
          shell: "cut -d \" \" -f 5 /proc/$$/stat; echo $$; grep -E \"^Sig(Blk|Ign)\" /proc/self/status")),
      on: opened.connection)
    let lines = text(reply).split(separator: "\n")
    #expect(lines.count == 4 && lines[0] == lines[1], "\(lines)")
    // glibc keeps two real-time signals for itself, and ignores them across exec.
    #expect(
      lines.dropFirst(2).allSatisfy { ["\t0000000000000000", "\t0000000180000000"].contains(where: $0.hasSuffix) },
      "\(lines)")
    await transport.shutdown()
  }

  @Test func `a cancelled command ends with all its children`() async throws {
    let transport = transport()
    let opened = try await transport.open(OpenRequest(name: "here", endpoint: HostEndpoint(host: "localhost")))
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    let (readEnd, writeEnd) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let call = Task {
      try await transport.run(
        RunRequest(
          command: FixedCommand(
            shell:
              "trap : TERM; (trap : TERM; read -r p q < /proc/self/stat; echo $p; while :; do sleep 1; done) & wait; wait"
          ),
          output: .descriptor(writeEnd)), on: opened.connection)
    }
    let child = await withCheckedContinuation { (continuation: CheckedContinuation<Int32, Never>) in
      let hasStarted = DetachedThread.start {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(readEnd, &byte, 1) == 1, byte != 10 { line.append(byte) }
        continuation.resume(returning: Int32(String(decoding: line, as: UTF8.self)) ?? 0)
      }
      if !hasStarted { continuation.resume(returning: 0) }
    }
    #expect(child > 1 && kill(child, 0) == 0)
    call.cancel()
    await #expect { _ = try await call.value } throws: { ($0 as? TransportError)?.code == .cancelled }
    await transport.shutdown()
    // Orphaned, it is a zombie until the init process looks after it.
    let state = await LocalProgram.run(["cut", "-d", " ", "-f", "3", "/proc/\(child)/stat"])
    #expect(state.status != 0 || state.text == "Z\n" || state.text == "X\n", "the child is in state \(state.text)")
    close(readEnd)
    close(writeEnd)
  }

  @Test(arguments: [
    (SIGKILL, "KILL"), (SIGTERM, "TERM"), (SIGSEGV, "SEGV"), (SIGUSR1, "USR1"), (SIGSTKFLT, "16"),
  ])
  func `signals have the names of RFC 4254`(_ number: Int32, _ name: String) {
    #expect(ChildProcess.name(ofSignal: number) == name)
  }

  @Test(.enabled(if: geteuid() == 0 && access("/usr/bin/sudo", X_OK) == 0), arguments: ElevationForm.allCases)
  func `every way to get rights works where sudo does not ask`(_ form: ElevationForm) throws {
    let stop = try #require(CallStop())
    let request = RunRequest(
      command: FixedCommand(shell: "id -u; cat"),
      input: [.bytes(Array("da".utf8)), .secret(SecretBytes(Array("ta".utf8)))])
    let command = CommandProcess(
      form.words, form, request, password: SecretBytes(Array("never sent".utf8)), host: "here", user: "root", stop: stop
    )
    guard case .success(.reply(let reply)) = command.run() else {
      Issue.record("\(form) did not run")
      return
    }
    #expect(text(reply) == "0\ndata")
  }

  @Test func `shutting down ends what runs, and waits for it`() async throws {
    let transport = transport()
    let opened = try await transport.open(OpenRequest(name: "here", endpoint: HostEndpoint(host: "localhost")))
    let call = Task {
      try await transport.run(RunRequest(command: FixedCommand(shell: "exec sleep 60")), on: opened.connection)
    }
    while transport.callCount == 0 { await Task.yield() }
    await transport.shutdown()
    #expect(transport.callCount == 0)
    await #expect { _ = try await call.value } throws: { ($0 as? TransportError)?.code == .connectionLost }
  }
}
