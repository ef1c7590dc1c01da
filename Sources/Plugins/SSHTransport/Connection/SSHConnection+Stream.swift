internal import CLibSSH2
import Glibc
internal import QuorateCore

extension SSHConnection {
  /// Opens a stream from the host to an address.
  ///
  /// - Returns: One end of a socket pair, for the caller; the other end is carried to the host until either closes.
  func stream(to target: StreamTarget) async throws(TransportError) -> Int32 {
    if let lost { throw lost }
    guard case .tcp(let host, let port) = target else {
      throw TransportError(.unsupported, host: name, why: "the transport ssh opens streams to TCP addresses only")
    }
    let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    let deadline = Deadline(
      seconds: 30,
      error: TransportError(
        .streamTargetUnreachable, host: name, why: "\(name) got no answer from \(address) within 30 seconds"))
    if forwardingIsRefused { return try await relay(host, port, address) }
    let channel: SSHChannel
    switch try await open(.stream(host: host, port: port), deadline) {
    case .success(let opened): channel = opened
    case .failure(let failure):
      if let lost { throw lost }
      // libssh2 gives the host's reason (RFC 4254 section 5.1) in its message only.
      if failure.code == LIBSSH2_ERROR_CHANNEL_FAILURE, failure.message.contains("prohibited") {
        return try await relay(host, port, address)
      }
      throw streamError(failure, address: address)
    }
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      leave(channel)
      throw TransportError(.internal, host: name, why: "no socket pair: \(SystemError.text(errno))")
    }
    let bridge = StreamBridge(channel: channel, socket: LentDescriptor(owning: ends[1]))
    Task { await carry(bridge) }
    return ends[0]
  }

  private func carry(_ bridge: StreamBridge) async {
    while lost == nil {
      switch bridge.step(scratch: scratch) {
      case .moved:
        session?.wire.flush()
        await Task.yield()
      case .waiting(let events):
        bridge.socket.wake(self, when: events)
        await pause()
      case .ended: return leave(bridge.channel)
      case .broken(let failure):
        note(failure)
        return leave(bridge.channel)
      }
    }
  }

  /// Opens a stream by a program on the host, since its sshd forwards none.
  private func relay(_ host: String, _ port: UInt16, _ address: String) async throws(TransportError) -> Int32 {
    forwardingIsRefused = true
    let outcome = try await StreamRelay.open(to: host, port: port, host: name) { request async throws(TransportError) in
      try await self.cancellable { () async throws(TransportError) in try await self.run(request) }
    }
    switch outcome {
    case .connected(let descriptor):
      context.log("\(name): sshd does not forward connections; a program there relays to \(address)")
      return descriptor
    case .noProgram:
      throw .forwardingRefused(host: name, place: name, address: address, relayIsMissing: true)
    case .unreachable(let said):
      throw unreachable(address, said.isEmpty ? "" : ": \(said)")
    }
  }

  private func unreachable(_ address: String, _ reason: String = "") -> TransportError {
    TransportError(
      .streamTargetUnreachable, host: name, why: "\(name) cannot connect to \(address)\(reason)",
      fix: "see on the host whether something listens there: ss -ltn")
  }

  private func streamError(_ failure: SSHFailure, address: String) -> TransportError {
    if failure.code == LIBSSH2_ERROR_CHANNEL_FAILURE || failure.code == LIBSSH2_ERROR_TIMEOUT {
      return unreachable(address)
    }
    return TransportError(
      .internal, host: name, why: "no stream to \(address): \(SSHLibrary.name) says \(failure.message)")
  }
}

/// Bytes between a channel and a socket, in both directions.
final class StreamBridge {
  /// What a step came to.
  enum Step {
    /// Something moved: step again.
    case moved
    /// Nothing to do until something happens, on the channel or to the socket (epoll's events).
    case waiting(UInt32)
    /// Both directions have ended.
    case ended
    /// libssh2 cannot go on.
    case broken(SSHFailure)
  }

  let channel: SSHChannel
  let socket: LentDescriptor
  private var up: [UInt8] = []
  private var down: [UInt8] = []
  private var upHasEnded = false
  private var endIsSent = false
  private var downHasEnded = false

  init(channel: SSHChannel, socket: LentDescriptor) {
    self.channel = channel
    self.socket = socket
  }

  /// Moves what can be moved now.
  func step(scratch: UnsafeMutableRawBufferPointer) -> Step {
    var hasMoved = false
    if let failure = moveUp(scratch, &hasMoved) ?? moveDown(scratch, &hasMoved) { return .broken(failure) }
    if hasMoved { return .moved }
    if channel.isClosed, down.isEmpty { return .ended }
    if downHasEnded, endIsSent { return .ended }
    // The caller closed its end altogether: nobody is left to read for.
    var entry = pollfd(fd: socket.io.descriptor, events: 0, revents: 0)
    if upHasEnded, poll(&entry, 1, 0) > 0, entry.revents & Int16(POLLHUP) != 0 { return .ended }
    var events: UInt32 = 0
    if !upHasEnded, up.isEmpty { events |= EPOLLIN.rawValue }
    if !down.isEmpty { events |= EPOLLOUT.rawValue }
    return .waiting(events)
  }

  private func moveUp(_ scratch: UnsafeMutableRawBufferPointer, _ hasMoved: inout Bool) -> SSHFailure? {
    if up.isEmpty, !upHasEnded, channel.wire.unsentCount < Wire.highWater {
      switch socket.io.read(into: scratch) {
      case .moved(let count): up = Array(scratch[..<count])
      case .wouldBlock: break
      case .ended, .failed: upHasEnded = true
      }
    }
    while !up.isEmpty {
      switch up.withUnsafeBytes({ channel.write($0) }) {
      case .done(0), .again: return nil
      case .failed(let failure): return failure
      case .done(let count):
        up.removeFirst(count)
        hasMoved = true
      }
    }
    if upHasEnded, !endIsSent, case .done = channel.sendEnd() {
      endIsSent = true
      hasMoved = true
    }
    return nil
  }

  private func moveDown(_ scratch: UnsafeMutableRawBufferPointer, _ hasMoved: inout Bool) -> SSHFailure? {
    if down.isEmpty, !downHasEnded {
      switch channel.read(0, into: scratch) {
      case .done(0), .again:
        if channel.isAtEnd {
          downHasEnded = true
          shutdown(socket.io.descriptor, Int32(SHUT_WR))
        }
      case .failed(let failure): return failure
      case .done(let count): down = Array(scratch[..<count])
      }
    }
    guard !down.isEmpty else { return nil }
    switch down.withUnsafeBytes({ socket.io.write($0) }) {
    case .moved(let count):
      down.removeFirst(count)
      hasMoved = true
    case .wouldBlock: break
    case .ended, .failed:
      down = []
      downHasEnded = true
      upHasEnded = true
    }
    return nil
  }
}
