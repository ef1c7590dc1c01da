import Glibc

/// The lock of one operator at a time on one host: held by a program there for as long as its input stays open and
/// a beat arrives at least every 30 seconds, so that it ends with the connection.
actor HostLock {
  /// Somebody else holds the lock.
  struct Held: Error {
    var host: String
    var holder: String
  }

  private let beatDescriptor: Int32
  private let program: Task<Void, Never>
  private let beats: Task<Void, Never>
  private var isReleased = false

  private init(beatDescriptor: Int32, program: Task<Void, Never>) {
    self.beatDescriptor = beatDescriptor
    self.program = program
    beats = Task {
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(8))
        _ = send(beatDescriptor, ".", 1, Int32(MSG_NOSIGNAL))
      }
    }
  }

  /// Takes the lock on a host.
  ///
  /// - Parameters:
  ///   - session: The host's connection.
  ///   - holder: Who takes it, since when, from where; shown to whoever finds it taken.
  /// - Throws: ``Held`` when somebody else has it; ``TransportError``, ``HostProgramError``.
  static func take(_ session: HostSession, holder: String) async throws -> HostLock {
    let operations: [HostOperation] = [.lock(file: session.host.layout.lockFile, holder: holder)]
    let nonce = HostSession.nonce()
    let input = try operations.input(nonce: nonce, host: session.host.name)
    let beats = try Pipe()
    let output = try Pipe()
    let transport = session.transport
    let connection = session.opened.connection
    let host = session.host.name
    let program = Task<Result<RunReply, any Error>, Never> {
      let result: Result<RunReply, any Error>
      do {
        result = .success(
          try await transport.run(
            RunRequest(
              command: HostProgram.command, input: input.dropLastLine() + [.descriptor(beats.read)],
              output: .descriptor(output.write)), on: connection))
      } catch { result = .failure(error) }
      close(output.write)
      close(beats.read)
      return result
    }
    let answer = await DetachedThread.value {
      readUntilAnswered(output.read) { HostAnswer($0, to: operations, nonce: nonce) }
    }.flatMap { $0 }
    close(output.read)
    if case .locked? = answer?.replies.first {
      return HostLock(beatDescriptor: beats.write, program: Task { _ = await program.value })
    }
    close(beats.write)
    let result = await program.value
    if case .held(let holder)? = answer?.replies.first { throw Held(host: host, holder: holder.trimmed) }
    if case .failure(let error) = result { throw error }
    throw HostProgramError(
      host: host, operation: "lock", index: 0, why: answer?.failure ?? "the lock's program ended without an answer")
  }

  /// Gives the lock back and waits until the host has seen it.
  func release() async {
    guard !isReleased else { return }
    isReleased = true
    beats.cancel()
    close(beatDescriptor)
    await program.value
  }

  /// Reads until the program answered, or ended. Reading blocks: on a thread of its own.
  private static func readUntilAnswered(_ descriptor: Int32, parse: ([UInt8]) -> HostAnswer?) -> HostAnswer? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 20 {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer[..<count]
      if let answer = parse(bytes), !answer.replies.isEmpty || answer.failure != nil { return answer }
    }
    return parse(bytes)
  }
}

/// A pipe whose ends no child inherits. The ends are the owner's to close.
struct Pipe: Sendable {
  let read: Int32
  let write: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    // A pair of sockets, since glibc shows Swift no call that makes a pipe close-on-exec at once.
    let type = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw RunFailure(
        code: "operator.descriptors", what: "cannot make a pipe", why: String(cString: strerror(errno)),
        fix: "raise the limit of open files (ulimit -n)")
    }
    (read, write) = (ends[0], ends[1])
  }
}

extension [InputPart] {
  /// The parts without the line `end`, for a program whose input stays open.
  fileprivate func dropLastLine() -> [InputPart] {
    guard case .bytes(let bytes)? = last else { return self }
    return dropLast() + [.bytes([UInt8](bytes.dropLast("end\n".utf8.count)))]
  }
}
