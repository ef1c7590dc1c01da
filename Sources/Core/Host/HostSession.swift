import Glibc

/// An open connection to one host, and the only place where operations become bytes.
struct HostSession: Sendable {
  /// The host.
  let host: HostSpec
  /// The transport that holds the connection.
  let transport: any Transport
  /// What was learned when it was opened.
  let opened: OpenReply

  /// Carries out operations in order, in one command.
  ///
  /// - Returns: One reply an operation, and the raw output they point into, for the caller to wipe.
  /// - Throws: ``TransportError``, or ``HostProgramError`` that says which operation failed: those before it were
  ///   done, those behind it were not begun.
  func perform(_ operations: [HostOperation], timeoutSeconds: Double) async throws -> HostAnswer {
    let nonce = Self.nonce()
    let input = try operations.input(nonce: nonce, host: host.name)
    let reply = try await transport.run(
      RunRequest(command: HostProgram.command, input: input, timeoutSeconds: timeoutSeconds), on: opened.connection)
    guard let answer = HostAnswer(reply.output, to: operations, nonce: nonce) else {
      throw HostProgramError(
        host: host.name, operation: "start", index: 0,
        why: "the program did not run on the host: \(Self.describe(reply))")
    }
    guard answer.isComplete else {
      let index = answer.replies.count
      throw HostProgramError(
        host: host.name, operation: index < operations.count ? operations[index].wire.name : "end", index: index,
        why: answer.failure ?? "the host's program ended early: \(Self.describe(reply))")
    }
    return answer
  }

  /// 16 random hexadecimal digits.
  static func nonce() -> String {
    let number = UInt64.random(in: .min ... .max)
    let text = String(number, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  private static func describe(_ reply: RunReply) -> String {
    let said = String(decoding: reply.errorOutput.prefix(400), as: UTF8.self).split(separator: "\n").joined(
      separator: "; ")
    let how: String =
      switch reply.status {
      case .exited(let status): "it ended with status \(status)"
      case .signalled(let name): "signal \(name) ended it"
      }
    return said.isEmpty ? how : "\(how) and said: \(said)"
  }
}
