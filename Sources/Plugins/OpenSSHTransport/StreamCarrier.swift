import Glibc
import QuorateCore
import QuorateProcesses

/// A stream from the host to an address: `ssh -W` through the master, between its pipes and a socket of the caller's, on a
/// thread of its own. Pipes and socket are apart so that each direction can end by itself.
enum StreamCarrier {
  /// What came of an attempt.
  enum Outcome: Sendable {
    /// One end of a socket pair, for the caller.
    case connected(Int32)
    /// ssh ended and said why.
    case refused(String)
  }

  /// How long the host may take to connect.
  static let seconds = 30.0

  /// Opens a stream. Blocks until it is connected.
  static func open(_ words: [String], name: String, address: String, stop: CallStop) -> Result<
    Outcome, TransportError
  > {
    let process: ChildProcess
    switch ChildProcess.start(words) {
    case .success(let started): process = started
    case .failure(let error):
      return .failure(TransportError(.internal, host: name, why: "ssh cannot be started: \(error.text)"))
    }
    func give(up error: TransportError) -> Result<Outcome, TransportError> {
      for pipe in process.pipes { close(pipe) }
      process.end()
      return .failure(error)
    }
    let deadline = ClientRun.moment(in: seconds)
    var said: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    let sign = Array("master session id".utf8)
    while true {
      let count = read(process.pipes[2], &buffer, buffer.count)
      if count > 0 {
        said.append(contentsOf: buffer[..<count])
        if said.count > 1 << 20 { said.removeFirst(1 << 19) }
        if contains(said, sign) { break }
        continue
      }
      if count == 0 {
        for pipe in process.pipes { close(pipe) }
        _ = process.reap()
        return .success(.refused(String(decoding: said, as: UTF8.self)))
      }
      if let reason = stop.reason { return give(up: reason) }
      let now = ClientRun.now
      if now >= deadline {
        return give(
          up: TransportError(
            .streamTargetUnreachable, host: name,
            why: "\(name) got no answer from \(address) within \(Int(seconds)) seconds"))
      }
      var entries = [
        pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: process.pipes[2], events: Int16(POLLIN), revents: 0),
      ]
      poll(&entries, 2, Int32((deadline - now) / 1_000_000 + 1))
    }
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      return give(up: .noDescriptors(host: name))
    }
    let far = ends[1]
    guard DetachedThread.start({ carry(process, far) }) else {
      close(ends[0])
      close(far)
      return give(up: TransportError(.internal, host: name, why: "the system allows no more threads"))
    }
    return .success(.connected(ends[0]))
  }

  private static func contains(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
    guard let first = word.first else { return true }
    var start = 0
    while let index = bytes[start...].firstIndex(of: first), bytes.count - index >= word.count {
      if bytes[index..<index + word.count].elementsEqual(word) { return true }
      start = index + 1
    }
    return false
  }

  // MARK: Carrying

  /// One direction: what was read and not yet written.
  private struct Direction {
    var bytes: [UInt8] = []
    var offset = 0
    var hasEnded = false
    var isClosed = false

    var isEmpty: Bool { offset == bytes.count }

    mutating func fill(_ io: DescriptorIO, _ buffer: UnsafeMutableRawBufferPointer) -> Bool {
      guard isEmpty, !hasEnded else { return false }
      switch io.read(into: buffer) {
      case .moved(let count):
        bytes = Array(buffer[..<count])
        offset = 0
        return true
      case .wouldBlock: return false
      case .ended, .failed:
        hasEnded = true
        return true
      }
    }

    /// False in `isOpen`: nobody takes the bytes any more.
    mutating func drain(_ io: DescriptorIO, _ isOpen: inout Bool) -> Bool {
      guard !isEmpty else { return false }
      switch bytes[offset...].withUnsafeBytes({ io.write($0) }) {
      case .moved(let count):
        offset += count
        return true
      case .wouldBlock: return false
      case .ended, .failed:
        isOpen = false
        bytes = []
        offset = 0
        hasEnded = true
        return true
      }
    }
  }

  private static func carry(_ process: ChildProcess, _ far: Int32) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { buffer.deallocate() }
    let socket = DescriptorIO(far)
    let (input, output) = (DescriptorIO(process.pipes[0]), DescriptorIO(process.pipes[1]))
    var up = Direction()
    var down = Direction()
    var isTaken = true
    while true {
      var hasMoved = up.fill(socket, buffer)
      hasMoved = up.drain(input, &isTaken) || hasMoved
      if up.hasEnded, up.isEmpty, !up.isClosed {
        close(process.pipes[0])
        up.isClosed = true
      }
      hasMoved = down.fill(output, buffer) || hasMoved
      var isRead = true
      hasMoved = down.drain(socket, &isRead) || hasMoved
      if !isRead { break }
      if down.hasEnded, down.isEmpty, !down.isClosed {
        shutdown(far, Int32(SHUT_WR))
        down.isClosed = true
      }
      if up.isClosed, down.isClosed { break }
      if hasMoved { continue }
      var entries = [
        pollfd(fd: far, events: 0, revents: 0), pollfd(fd: -1, events: 0, revents: 0),
        pollfd(fd: -1, events: 0, revents: 0),
      ]
      if up.isEmpty, !up.hasEnded { entries[0].events |= Int16(POLLIN) }
      if !down.isEmpty { entries[0].events |= Int16(POLLOUT) }
      if !up.isEmpty { entries[1] = pollfd(fd: process.pipes[0], events: Int16(POLLOUT), revents: 0) }
      if down.isEmpty, !down.hasEnded { entries[2] = pollfd(fd: process.pipes[1], events: Int16(POLLIN), revents: 0) }
      poll(&entries, 3, -1)
      // The caller closed its end altogether: nobody is left to read for. What it wrote before is read first.
      if entries[0].revents & Int16(POLLHUP) != 0, up.isClosed { break }
    }
    close(far)
    if !up.isClosed { close(process.pipes[0]) }
    close(process.pipes[1])
    close(process.pipes[2])
    process.end()
  }
}
