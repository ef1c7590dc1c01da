internal import Glibc
internal import Synchronization

/// A stream through a program on the host, for hosts whose sshd forwards no connections: socat, nc (of OpenBSD or nmap) or
/// bash connects to the address, and the stream's bytes are that program's input and output.
///
/// The command is a constant; the address travels on its input. It takes one of the commands that a transport may run at
/// once, for as long as the stream is open.
public enum StreamRelay {
  /// What came of an attempt.
  public enum Outcome: Sendable {
    /// A connected stream socket; the caller owns it.
    case connected(Int32)
    /// The host has none of the programs.
    case noProgram
    /// The program could not connect: what it said.
    case unreachable(String)
  }

  /// Reads address and port, a line each; says `connected` as a line once it is, and then carries bytes. Ends with 97
  /// where it cannot connect, and with 98 where there is no program for it.
  ///
  /// socat and nc do not say that they are connected: they are asked to try first. bash cannot pass on the end of one
  /// direction alone: ten seconds after the input's end it ends both, by ending its process group, which is the command's
  /// own.
  static let command = FixedCommand(
    shell: """
      LC_ALL=C; IFS= read -r h; IFS= read -r p; has() { command -v $1 >/dev/null 2>&1; }; \
      case $h in *:*) s=TCP6:[$h]:$p;; *) s=TCP:$h:$p;; esac; \
      if has socat; then \
      socat -u -T 20 /dev/null "$s,connect-timeout=20" || exit 97; echo connected; exec socat -t 86400 - "$s"; \
      elif has nc && nc -h 2>&1 | grep -q -e OpenBSD; then \
      nc -z -w 20 $h $p || exit 97; echo connected; exec nc -N $h $p; \
      elif has ncat; then \
      ncat -z -w 20 $h $p || exit 97; echo connected; exec ncat $h $p; \
      elif has bash; then \
      exec bash -c "exec 4<&0; exec 3<>/dev/tcp/\\$0/\\$1 || exit 97; echo connected; \
      { cat <&4 >&3; sleep 10; kill 0; } >/dev/null 2>&1 & cat <&3; kill 0" $h $p; \
      else exit 98; fi
      """)

  /// Opens a stream.
  ///
  /// - Parameters:
  ///   - address: An IP address or a DNS name, without brackets.
  ///   - port: The TCP port.
  ///   - host: The host's name, for errors.
  ///   - seconds: How long connecting may take. Where all commands that may run at once are relays already, it does not
  ///     begin before one of them ends.
  ///   - run: Runs a command on the host, as ``Transport/run(_:on:)`` does. It goes on until the stream ends.
  /// - Throws: What `run` threw before the stream was connected; ``TransportError/Code/cancelled``;
  ///   ``TransportError/Code/streamTargetUnreachable`` once the time is up.
  public static func open(
    to address: String, port: UInt16, host: String, seconds: Double = 30,
    run: @escaping @Sendable (RunRequest) async throws(TransportError) -> RunReply
  ) async throws(TransportError) -> Outcome {
    guard isPlain(address) else {
      throw TransportError(.streamTargetUnreachable, host: host, why: "`\(address)` is no address")
    }
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw TransportError(.internal, host: host, why: "no descriptors are left")
    }
    let (near, far) = (ends[0], ends[1])
    let request = RunRequest(
      command: command, input: [.bytes(Array("\(address)\n\(port)\n".utf8)), .descriptor(far)],
      output: .descriptor(far), errorLimit: 4096, elevated: false)
    let program = Task<Result<RunReply, TransportError>, Never> {
      let result: Result<RunReply, TransportError>
      do throws(TransportError) { result = .success(try await run(request)) } catch { result = .failure(error) }
      close(far)
      return result
    }
    let race = Race()
    let alarm = Task {
      try await Task.sleep(for: .seconds(seconds))
      if race.ends(as: .late) { program.cancel() }
    }
    defer { alarm.cancel() }
    let isConnected = await withTaskCancellationHandler {
      await DetachedThread.value { readMark(near) } ?? false
    } onCancel: {
      program.cancel()
    }
    if isConnected, !Task.isCancelled, race.ends(as: .connected) { return .connected(near) }
    program.cancel()
    close(near)
    let result = await program.value
    if !race.ends(as: .failed) {
      throw TransportError(
        .streamTargetUnreachable, host: host,
        why:
          "\(host) got no answer from \(address) port \(port) within \(Int(seconds)) seconds, by a program there, since its "
          + "sshd does not forward connections; at most eight such programs run at once",
        fix: "set `AllowTcpForwarding local` in sshd_config on \(host), then: systemctl reload ssh")
    }
    switch result {
    case .failure(let error): throw error
    case .success(let reply):
      if Task.isCancelled { throw TransportError(.cancelled, host: host, why: "the call to \(host) was cancelled") }
      if reply.status == .exited(98) { return .noProgram }
      return .unreachable(HostWords.printable(String(decoding: reply.errorOutput, as: UTF8.self)))
    }
  }

  /// What comes first: the connection, its failure, or the end of the time for it.
  private final class Race: Sendable {
    enum End { case connected, failed, late }

    private let end = Mutex<End?>(nil)

    /// Whether this is how it ends; false: it has ended otherwise.
    func ends(as end: End) -> Bool {
      self.end.withLock { known in
        known = known ?? end
        return known == end
      }
    }
  }

  /// Reads the line that says that the program is connected, and not a byte more. Blocks.
  private static func readMark(_ descriptor: Int32) -> Bool {
    for expected in Array("connected\n".utf8) {
      var byte: UInt8 = 0
      var count = read(descriptor, &byte, 1)
      while count < 0, errno == EINTR { count = read(descriptor, &byte, 1) }
      guard count == 1, byte == expected else { return false }
    }
    return true
  }

  /// Whether an address has nothing that means something to socat or a shell.
  static func isPlain(_ address: String) -> Bool {
    !address.isEmpty && address.utf8.count <= 255 && address.first != "-"
      && address.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"),
          UInt8(ascii: "_"), UInt8(ascii: "%"):
          true
        default: false
        }
      }
  }
}

extension TransportError {
  /// The error where sshd forwards no connections, and no program on the host could relay.
  ///
  /// - Parameter place: Which sshd it is, as messages name it.
  public static func forwardingRefused(
    host: String, place: String, address: String, relayIsMissing: Bool
  ) -> TransportError {
    TransportError(
      .forwardingRefused, host: host,
      why: "sshd on \(place) does not forward connections (to \(address))"
        + (relayIsMissing ? ", and there is no socat, nc, ncat or bash that could relay" : ""),
      fix: "set `AllowTcpForwarding local` in sshd_config on \(place) (and look for DisableForwarding, PermitOpen and "
        + "`restrict` in authorized_keys), then: systemctl reload ssh")
  }
}
