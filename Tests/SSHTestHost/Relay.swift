import Glibc
package import QuorateCore
import Synchronization

/// A long cable in userspace: a TCP relay that holds every byte for a while, counts round trips, and can fall silent or
/// break.
package final class Relay: Sendable {
  private struct State {
    var isSilent = false
    var isBroken = false
    var isStopped = false
    var roundTrips = 0
    var answered = 0
    var lastWave: UInt64 = 0
    var connections = 0
  }

  package let port: UInt16
  private let listener: Int32
  private let bell: (read: Int32, write: Int32)
  private let state = Mutex(State())

  /// - Parameters:
  ///   - target: The port on loopback that is relayed to.
  ///   - milliseconds: How long a byte takes, each way.
  package init(to target: UInt16, milliseconds: Int = 0) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var name = Self.loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isUp = withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    var ends: [Int32] = [-1, -1]
    guard isUp, pipe(&ends) == 0 else { throw TestHost.Failure(description: "no relay") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    bell = (ends[0], ends[1])
    port = UInt16(bigEndian: name.sin_port)
    DetachedThread.start { [self] in run(target, UInt64(milliseconds) * 1_000_000) }
  }

  deinit {
    close(listener)
    close(bell.read)
    close(bell.write)
  }

  /// How many round trips followed each other until the host's last word. What the operator sends within one round trip
  /// after it began to speak cannot be an answer to what the host said to that: it counts as one.
  package var roundTrips: Int { state.withLock { $0.answered } }
  /// Those that were begun, answered or not.
  package var begunRoundTrips: Int { state.withLock { $0.roundTrips } }
  /// How many connections were made.
  package var connections: Int { state.withLock { $0.connections } }
  /// Carries nothing any more, and keeps the connections open.
  package func silence() { change { $0.isSilent = true } }
  /// Breaks every connection.
  package func cut() { change { $0.isBroken = true } }
  /// Ends the relay.
  package func stop() { change { $0.isStopped = true } }

  private func change(_ body: (inout State) -> Void) {
    state.withLock { body(&$0) }
    var byte: UInt8 = 1
    write(bell.write, &byte, 1)
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return name
  }

  private static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// One direction of one connection.
  private struct Direction {
    var from: Int32
    var to: Int32
    var isUp: Bool
    var queue: [(due: UInt64, bytes: [UInt8])] = []
    var hasEnded = false
  }

  private func run(_ target: UInt16, _ delay: UInt64) {
    var directions: [Direction] = []
    while true {
      let current = state.withLock { $0 }
      if current.isBroken || current.isStopped {
        for direction in directions where direction.isUp {
          close(direction.from)
          close(direction.to)
        }
        directions = []
        state.withLock { $0.isBroken = false }
        if current.isStopped { break }
      }
      var entries = [
        pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
        pollfd(fd: bell.read, events: Int16(POLLIN), revents: 0),
      ]
      if !current.isSilent {
        entries += directions.map { pollfd(fd: $0.hasEnded ? -1 : $0.from, events: Int16(POLLIN), revents: 0) }
      }
      let due = current.isSilent ? nil : directions.compactMap { $0.queue.first?.due }.min()
      let now = Self.now
      let timeout = due.map { $0 <= now ? 0 : Int32(($0 - now + 999_999) / 1_000_000) } ?? -1
      poll(&entries, nfds_t(entries.count), timeout)
      if entries[1].revents != 0 {
        var byte: UInt8 = 0
        _ = read(bell.read, &byte, 1)
        continue
      }
      if entries[0].revents != 0 { accept(target, &directions) }
      guard !current.isSilent else { continue }
      var chunk = [UInt8](repeating: 0, count: 262_144)
      for index in 2..<max(2, entries.count) where entries[index].revents != 0 {
        let number = index - 2
        let count = recv(directions[number].from, &chunk, chunk.count, Int32(MSG_DONTWAIT))
        if count < 0 && errno == EAGAIN { continue }
        if count <= 0 { directions[number].hasEnded = true }
        directions[number].queue.append((Self.now + delay, Array(chunk[..<max(0, count)])))
        if count > 0, directions[number].isUp { noteWave(delay) }
      }
      deliver(&directions)
    }
  }

  private func noteWave(_ delay: UInt64) {
    let now = Self.now
    state.withLock { state in
      guard now >= state.lastWave + 2 * delay else { return }
      state.lastWave = now
      state.roundTrips += 1
    }
  }

  private func accept(_ target: UInt16, _ directions: inout [Direction]) {
    let peer = Glibc.accept(listener, nil, nil)
    let host = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var name = Self.loopback(target)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isConnected = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(host, $0, size) == 0 }
    }
    guard peer >= 0, isConnected else { return }
    _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
    var yes: Int32 = 1
    for descriptor in [peer, host] { setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4) }
    state.withLock { $0.connections += 1 }
    directions.append(Direction(from: peer, to: host, isUp: true))
    directions.append(Direction(from: host, to: peer, isUp: false))
  }

  private func deliver(_ directions: inout [Direction]) {
    let now = Self.now
    for index in directions.indices {
      while let first = directions[index].queue.first, first.due <= now {
        directions[index].queue.removeFirst()
        if first.bytes.isEmpty { shutdown(directions[index].to, Int32(SHUT_WR)) }
        if !directions[index].isUp { state.withLock { $0.answered = $0.roundTrips } }
        var sent = 0
        while sent < first.bytes.count {
          let count = first.bytes[sent...].withUnsafeBytes {
            send(directions[index].to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
          }
          guard count > 0 else { break }
          sent += count
        }
      }
    }
  }
}

extension Relay {
  /// A cable to a server, whose keys are then known at this end, too.
  package convenience init(to server: TestHost.Server, milliseconds: Int = 0) async throws {
    try self.init(to: server.port, milliseconds: milliseconds)
    for type in ["ed25519", "ecdsa"] {
      let key = try await TestHost.publicKey("host_\(type)", folder: server.folder)
      try TestHost.append("[127.0.0.1]:\(port) \(key)\n", to: "\(server.folder)/known_hosts")
    }
  }

  /// This end of the cable, for the user who is always there.
  package var endpoint: HostEndpoint { HostEndpoint(host: "127.0.0.1", port: port, user: TestHost.plainUser) }
}
