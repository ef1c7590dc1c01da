internal import CLibSSH2
import Glibc

/// The bytes between libssh2 and a socket.
///
/// What libssh2 sends is collected and goes out with ``flush()``: libssh2 is never told to wait while sending. That
/// keeps it out of its most delicate state (a half-sent packet that must be finished by the very same call before
/// anything else may be sent, on any channel), and lets a request and the data behind it travel in one segment.
///
/// Used by one ``SSHConnection`` on its loop.
final class Wire {
  /// Above this many unsent bytes no more data is given to libssh2.
  static let highWater = 512 << 10

  /// The connected socket, owned.
  let socket: Int32
  /// When something last came from the host.
  private(set) var lastReceived = EventLoop.now
  /// Whether the connection can no longer be used.
  private(set) var isLost = false
  /// How it ended: an `errno`; 0: the host closed it.
  private(set) var lostWith: Int32 = 0
  /// The host's farewell, where it sent one.
  var farewell: String?
  /// Whether nothing is received for now.
  var holdsInput = false
  /// How often something was sent after something had been received: about the number of round trips.
  private(set) var flights = 0
  /// The beginning of what the host sent, until ``keysAreExchanged()``.
  private(set) var beginning: [UInt8] = []

  /// The shortest time between something sent and the next thing received, in nanoseconds.
  private(set) var roundTrip = UInt64.max
  private var sentAt: UInt64?

  private var outgoing: [UInt8] = []
  private var sent = 0
  private var hasReceived = true
  private var isSniffing = true

  init(socket: Int32) { self.socket = socket }

  deinit { close(socket) }

  /// The number of bytes that the socket did not take yet.
  var unsentCount: Int { outgoing.count - sent }

  /// Ends the collecting of ``beginning``, and begins to measure ``roundTrip``: until the keys are exchanged both sides
  /// speak at once, from then on each word of the host is an answer.
  func keysAreExchanged() {
    isSniffing = false
    beginning = []
    roundTrip = .max
    sentAt = nil
  }

  /// Gives up on the connection.
  func lose(_ error: Int32) {
    guard !isLost else { return }
    isLost = true
    lostWith = error
  }

  /// Whether the host has closed the connection, and all it sent before was received.
  var isAtEnd: Bool {
    var byte: UInt8 = 0
    return recv(socket, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK)) == 0
  }

  /// Sends what the socket takes now.
  func flush() {
    guard unsentCount > 0, !isLost else { return }
    if hasReceived {
      flights += 1
      hasReceived = false
      sentAt = EventLoop.now
    }
    while unsentCount > 0 {
      let count = outgoing.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress.map { $0 + sent }, unsentCount, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
      } else if errno == EAGAIN {
        break
      } else if errno != EINTR {
        return lose(errno)
      }
    }
    if sent == outgoing.count {
      outgoing.removeAll(keepingCapacity: outgoing.capacity <= 2 * Self.highWater)
      sent = 0
    } else if sent > Self.highWater {
      outgoing.removeFirst(sent)
      sent = 0
    }
  }

  /// What libssh2 calls to receive.
  fileprivate func receive(_ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    while !isLost {
      if holdsInput { return Int(-EAGAIN) }
      let received = recv(socket, buffer, count, Int32(MSG_DONTWAIT))
      if received > 0 {
        // sshd has Nagle's algorithm on until a session has begun: it holds a packet back until the one before it is
        // acknowledged, which this side would put off for 40 ms. The option has to be set again each time.
        var yes: Int32 = 1
        if received < 4096 { setsockopt(socket, Int32(IPPROTO_TCP), TCP_QUICKACK, &yes, 4) }
        lastReceived = EventLoop.now
        hasReceived = true
        if let sentAt { roundTrip = min(roundTrip, lastReceived - min(sentAt, lastReceived)) }
        sentAt = nil
        if isSniffing, beginning.count < 64 << 10 {
          beginning.append(contentsOf: UnsafeRawBufferPointer(start: buffer, count: received))
        }
        return received
      }
      if received == 0 {
        lose(0)
      } else if errno == EAGAIN {
        return Int(-EAGAIN)
      } else if errno != EINTR {
        lose(errno)
      }
    }
    return Int(-ECONNRESET)
  }

  /// What libssh2 calls to send.
  fileprivate func collect(_ bytes: UnsafeRawBufferPointer) -> Int {
    if isLost { return Int(-EPIPE) }
    outgoing.append(contentsOf: bytes)
    return bytes.count
  }

  private static func wire(_ abstract: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> Wire? {
    abstract?.pointee.map { Unmanaged<Wire>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Makes a libssh2 session that talks through this wire. The session must not outlive it.
  func makeSession() -> OpaquePointer? {
    quorate_ssh_session(
      Unmanaged.passUnretained(self).toOpaque(),
      { _, buffer, count, _, abstract in
        guard let buffer, let wire = Wire.wire(abstract) else { return Int(-EBADF) }
        return wire.receive(buffer, count)
      },
      { _, buffer, count, _, abstract in
        guard let wire = Wire.wire(abstract) else { return Int(-EBADF) }
        return wire.collect(UnsafeRawBufferPointer(start: buffer, count: count))
      },
      { _, _, message, length, _, _, abstract in
        guard let message, length > 0, let wire = Wire.wire(abstract) else { return }
        wire.farewell = String(decoding: UnsafeRawBufferPointer(start: message, count: Int(length)), as: UTF8.self)
      })
  }
}
