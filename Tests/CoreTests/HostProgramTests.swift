import Glibc
import QuorateTesting
import Testing

@testable import QuorateCore

/// The program that runs on hosts, run by this machine's own shells.
@Suite struct HostProgramTests {
  static let shells = ["dash", "bash"]

  @Test(arguments: shells)
  func `A survey sees kind, mode, size and content, and nothing where nothing is`(shell: String) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("plain", "hello\n", mode: 0o640)
      try folder.write("with a blank", "x", mode: 0o600)
      let paths = ["plain", "with a blank", "missing"].map { folder.path + "/" + $0 } + [folder.path]
      let answer = try await perform([.files(limit: 100, paths: paths)], shell: shell)
      guard case .files(let found)? = answer.replies.first else { throw Unexpected() }
      let plain = try #require(found[paths[0]])
      #expect(plain.file.kind == .regular && plain.file.mode == 0o640 && plain.file.size == 6)
      #expect(answer.content(try #require(plain.content)) == Array("hello\n".utf8))
      #expect(found[paths[1]]?.file.size == 1)
      #expect(found[paths[2]] == nil)
      #expect(found[paths[3]]?.file.kind == .folder)
    }
  }

  @Test(arguments: shells)
  func `A file larger than the limit is seen, and its content left alone`(shell: String) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("large", String(repeating: "x", count: 101), mode: 0o600)
      let answer = try await perform([.files(limit: 100, paths: [folder.path + "/large"])], shell: shell)
      guard case .files(let found)? = answer.replies.first else { throw Unexpected() }
      #expect(found[folder.path + "/large"]?.file.size == 101)
      #expect(found[folder.path + "/large"]?.content == nil)
    }
  }

  @Test(arguments: shells)
  func `A command's arguments arrive as they are, whatever they hold`(shell: String) async throws {
    let odd = ["a b", "$(touch /nonexistent)", "`id`", "'", "\"", "\\", "*", "-n", "", "ä🙂", "; exit 3"]
    let answer = try await perform(
      [.command(HostCommand(["printf", "[%s]\\n"] + odd)), .command(HostCommand(["sh", "-c", "exit 3"]))], shell: shell)
    guard case .command(0, let output)? = answer.replies.first else { throw Unexpected() }
    #expect(String(decoding: output, as: UTF8.self) == odd.map { "[\($0)]\n" }.joined())
    guard case .command(3, _)? = answer.replies.last else { throw Unexpected() }
  }

  @Test func `Of an update in parts, no part writes over what an earlier one put into place`() async throws {
    try await TemporaryFolder.with { folder in
      let host = HostSpec(name: "here", address: .loopbackV4, root: folder.path)
      let owner = FileOwner(user: "\(getuid())", group: "\(getgid())")
      try folder.write("other", "other", mode: 0o644)
      func write(_ name: String) -> Step {
        .write(
          FileChange(
            file: DesiredFile(path: folder.path + "/" + name, mode: 0o600, owner: owner, text: "the \(name)"),
            seen: .absent))
      }
      let steps = [
        write("key"),
        .setAttributes(path: folder.path + "/other", mode: 0o600, owner: owner, seen: .absent, reasons: []),
        write("manifest"),
      ]
      let program = try StepCompiler(steps, stage: .update, host: host, holder: "me", slots: SlotValues())
      _ = try await perform(
        program.operations.filter {
          switch $0 {
          case .holding, .expect: false
          default: true
          }
        })
      #expect(try folder.read("key") == Array("the key".utf8))
      #expect(try folder.read("manifest") == Array("the manifest".utf8))
    }
  }

  @Test(arguments: shells)
  func `An archive goes into the runtime's own program, byte for byte, and what follows is carried out`(shell: String)
    async throws
  {
    try await TemporaryFolder.with { folder in
      // A podman that keeps what it is given. Another process writes it: a program that a test beside this one starts
      // would inherit a descriptor of ours, and a file that is open for writing cannot be run.
      let podman = Array("#!/bin/sh\n[ \"$1\" = load ] || exit 3\ncat >\"${0%/*}/got\"\n".utf8)
      let written = await LocalProgram.run(
        ["sh", "-c", "cat >\"$0\" && chmod 755 \"$0\"", folder.path + "/podman"], input: podman)
      try #require(written.status == 0)
      let archive = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 37 >> 3) }
      let answer = try await perform(
        [
          .importImages(.podman, archive: .bytes(archive), count: archive.count),
          .command(HostCommand(["echo", "still here"])),
        ], shell: shell, searching: folder.path)
      #expect(answer.isComplete)
      #expect(try folder.read("got") == archive)
      guard case .command(0, let output)? = answer.replies.last else { throw Unexpected() }
      #expect(String(decoding: output, as: UTF8.self) == "still here\n")
    }
  }

  @Test func `A value that holds a line break is refused before anything is sent`() async throws {
    await #expect(throws: HostProgramError.self) { try await perform([.remove("/tmp/a\nb")]) }
  }

  @Test(arguments: shells)
  func `Files are placed with their mode and content, binary and empty ones too`(shell: String) async throws {
    try await TemporaryFolder.with { folder in
      let binary = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let target = folder.path + "/sub folder"
      _ = try await perform(
        [
          .makeFolder(path: target, mode: 0o750, owner: nil), .stage(folder.path + "/staged here"),
          .put(
            index: 0, path: target + "/one", mode: 0o600, owner: nil, content: .secret(SecretBytes(binary)),
            count: binary.count),
          .put(index: 1, path: target + "/none", mode: 0o644, owner: nil, content: .bytes([]), count: 0),
          .commit(stage: folder.path + "/staged here", keep: false),
        ], shell: shell)
      #expect(try folder.read("sub folder/one") == binary)
      #expect(try folder.mode("sub folder/one") == 0o600)
      #expect(try folder.read("sub folder/none") == [])
      #expect(try folder.mode("sub folder/none") == 0o644)
      #expect(folder.names() == ["sub folder"])
    }
  }

  @Test(arguments: shells)
  func `What changed since the survey stops the program before it changes anything`(shell: String) async throws {
    try await TemporaryFolder.with { folder in
      let path = folder.path + "/file"
      try folder.write("file", "seen", mode: 0o600)
      let seen = try await look(at: path, shell)
      try folder.write("file", "else", mode: 0o600)
      let error = await #expect(throws: HostProgramError.self) {
        try await perform(
          [
            .expect([(path, seen), (folder.path + "/absent", .absent)]), .stage(folder.path + "/s"),
            .put(index: 0, path: path, mode: 0o600, owner: nil, content: .bytes([1]), count: 1),
            .commit(stage: folder.path + "/s", keep: false),
          ], shell: shell)
      }
      #expect(error?.operation == "expect")
      #expect(try folder.read("file") == Array("else".utf8))
      #expect(folder.names() == ["file"])
    }
  }

  @Test(arguments: shells)
  func `What is as the survey saw it passes`(shell: String) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("a b", "seen", mode: 0o600)
      let path = folder.path + "/a b"
      let seen = try await look(at: path, shell)
      _ = try await perform([.expect([(folder.path + "/absent", .absent), (path, seen)])], shell: shell)
    }
  }

  @Test(arguments: shells)
  func `A file that appeared where none was seen stops the program`(shell: String) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("new", "x", mode: 0o600)
      await #expect(throws: HostProgramError.self) {
        try await perform([.expect([(folder.path + "/new", .absent)])], shell: shell)
      }
    }
  }

  @Test(arguments: shells)
  func `An interrupted replacement is finished from its staged copies`(shell: String) async throws {
    try await TemporaryFolder.with { folder in
      for name in ["key", "crt"] { try folder.write(name, "old", mode: 0o600) }
      let stage = folder.path + "/staged"
      let puts: [HostOperation] = ["key", "crt"].enumerated().map { index, name in
        .put(
          index: index, path: folder.path + "/" + name, mode: 0o600, owner: nil, content: .bytes(Array("new".utf8)),
          count: 3)
      }
      _ = try await perform([.stage(stage)] + puts + [.commit(stage: stage, keep: true)], shell: shell)
      // As if the machine had stopped between the two renames.
      try folder.write("crt", "old", mode: 0o600)
      _ = try await perform([.resume(stage: stage, keep: false)], shell: shell)
      #expect(try folder.read("key") == Array("new".utf8))
      #expect(try folder.read("crt") == Array("new".utf8))
      #expect(folder.names() == ["crt", "key"])
    }
  }

  @Test func `Staged copies that never became complete are not resumed`() async throws {
    try await TemporaryFolder.with { folder in
      let stage = folder.path + "/staged"
      _ = try await perform([
        .stage(stage),
        .put(index: 0, path: folder.path + "/x", mode: 0o600, owner: nil, content: .bytes([1]), count: 1),
      ])
      await #expect(throws: HostProgramError.self) { try await perform([.resume(stage: stage, keep: false)]) }
      #expect(folder.names() == ["staged"])
    }
  }

  @Test(arguments: shells)
  func `A new pair's staged copies stay until a listener shows its certificate`(shell: String) async throws {
    try await TemporaryFolder.with { folder in
      for name in ["old", "new"] { try await TLSListener.makePair(name, in: folder.path) }
      let stage = folder.path + "/staged"
      let operations = { (listener: TLSListener, seconds: Int) -> [HostOperation] in
        [
          .stage(stage),
          .put(index: 0, path: folder.path + "/x", mode: 0o600, owner: nil, content: .bytes([1]), count: 1),
          .commit(stage: stage, keep: true),
          .served(listener.endpoint, certificate: folder.path + "/new.crt", seconds: seconds),
          .discard(stage: stage, onlyIfSeen: true),
        ]
      }
      let old = try await TLSListener(showing: "old", in: folder.path)
      defer { old.end() }
      let error = await #expect(throws: HostProgramError.self) {
        try await perform(operations(old, 1), shell: shell)
      }
      #expect(error?.operation == "served")
      #expect(error?.why.contains("does not show the certificate in \(folder.path)/new.crt") == true)
      #expect(folder.names().contains("staged"))
      let new = try await TLSListener(showing: "new", in: folder.path)
      defer { new.end() }
      _ = try await perform(operations(new, 60), shell: shell)
      #expect(!folder.names().contains("staged"))
    }
  }

  @Test func `A failing command ends the program, and says what it said`() async throws {
    try await TemporaryFolder.with { folder in
      let error = await #expect(throws: HostProgramError.self) {
        try await perform([
          .execute(HostCommand(["sh", "-c", "echo it broke >&2; exit 4"])),
          .makeFolder(path: folder.path + "/x", mode: 0o700, owner: nil),
        ])
      }
      #expect(error?.index == 0)
      #expect(error?.why == "ended with status 4: it broke")
      #expect(folder.names() == [])
    }
  }

  @Test func `A program that a test starts can be ended by a signal`() async throws {
    let result = await LocalProgram.run(["sh", "-c", "kill -TERM $$; echo still here"])
    #expect(result.status == 128 + SIGTERM)
    #expect(result.output.isEmpty)
  }

  @Test func `A command that does not end in time is ended`() async throws {
    let error = await #expect(throws: HostProgramError.self) {
      try await perform([.execute(HostCommand(["sleep", "600"], timeoutSeconds: 1))])
    }
    #expect(error?.why == "did not end in time")
  }

  @Test func `Waiting for a member that nobody runs ends with what was seen last`() async throws {
    let error = await #expect(throws: HostProgramError.self) {
      try await perform([.await(NetworkEndpoint(address: .loopbackV4, port: 1), seconds: 1, restarted: false)])
    }
    #expect(error?.why == "not healthy after 1 s: nobody listens on 127.0.0.1 port 1")
  }

  @Test func `A member that closes what it has just accepted is asked again until it answers`() async throws {
    let member = try RestlessMember(refusals: 20)
    defer { member.end() }
    _ = try await perform([
      .await(NetworkEndpoint(address: .loopbackV4, port: member.port), seconds: 60, restarted: false)
    ])
  }

  @Test(arguments: shells)
  func `A restart is another instance that answers, where the service manager tells them apart`(
    _ shell: String
  ) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("instance", "old\n", mode: 0o600)
      let member = try RestlessMember(refusals: 0)
      defer { member.end() }
      let endpoint = NetworkEndpoint(address: .loopbackV4, port: member.port)
      let instance = HostCommand(["cat", folder.path + "/instance"])
      func become(_ lines: String) -> HostOperation {
        .execute(HostCommand(["sh", "-c", "printf \"$1\" >\"$2\"", "x", lines, folder.path + "/instance"]))
      }
      _ = try await perform(
        [
          .mark(endpoint, instance: instance), become("new\\n"),
          .await(endpoint, seconds: 60, restarted: true, instance: instance),
        ], shell: shell)
      // The old one is there again beside the new one: it may be the one that answers.
      for lines in ["new\\n", "other\\nnew\\n", ""] {
        let error = await #expect(throws: HostProgramError.self) {
          try await perform(
            [
              .mark(endpoint, instance: instance), become(lines),
              .await(endpoint, seconds: 1, restarted: true, instance: instance),
            ], shell: shell)
        }
        #expect(error?.operation == "await")
        _ = try await perform([become("new\\n")], shell: shell)
      }
    }
  }

  @Test func `An HTTP listener that is not there is status 0`() async throws {
    let answer = try await perform([.http(host: "127.0.0.1", port: 1, path: "/health")])
    guard case .http(let raw)? = answer.replies.first else { throw Unexpected() }
    #expect(HTTPAnswer.parse(raw) == .http(status: 0, body: []))
  }

  // MARK: -

  private struct Unexpected: Error {}

  private func look(at path: String, _ shell: String) async throws -> ObservedFile {
    let answer = try await perform([.files(limit: 0, paths: [path])], shell: shell)
    guard case .files(let found)? = answer.replies.first, let file = found[path]?.file else { throw Unexpected() }
    return file
  }

  @discardableResult
  private func perform(
    _ operations: [HostOperation], shell: String = "sh", searching folder: String? = nil
  ) async throws -> HostAnswer {
    let host = HostSpec(name: "here", address: .loopbackV4)
    let session = HostSession(
      host: host, transport: ShellTransport(shell: shell, folder: folder),
      opened: OpenReply(connection: ConnectionHandle(id: 1)))
    return try await session.perform(operations, timeoutSeconds: 60)
  }
}

/// Runs commands by a shell of this machine; enough of a transport for the program on a host.
struct ShellTransport: Transport {
  var shell = "sh"
  /// Where programs are looked for first.
  var folder: String?
  /// What a login shell says before the command runs.
  var banner = "Welcome to this host.\nquorate is not what this line begins with\n"

  func open(_ request: OpenRequest) async throws(TransportError) -> OpenReply {
    OpenReply(connection: ConnectionHandle(id: 1))
  }

  func run(_ request: RunRequest, on connection: ConnectionHandle) async throws(TransportError) -> RunReply {
    var input: [UInt8] = []
    for part in request.input {
      switch part {
      case .bytes(let bytes): input += bytes
      case .secret(let secret): input += secret.withBytes { Array($0) }
      case .descriptor: throw TransportError(.unsupported, host: "here", why: "no descriptors here")
      }
    }
    let search = folder.map { ["env", "PATH=\($0):/usr/sbin:/usr/bin:/sbin:/bin"] } ?? []
    let result = await LocalProgram.run(search + [shell, "-c", request.command.text], input: input)
    return RunReply(
      status: .exited(result.status), output: Array(banner.utf8) + result.output, errorOutput: result.errorOutput)
  }

  func stream(to target: StreamTarget, on connection: ConnectionHandle) async throws(TransportError) -> Int32 {
    throw TransportError(.unsupported, host: "here", why: "no streams here")
  }

  func close(_ connection: ConnectionHandle) async {}

  func shutdown() async {}
}
