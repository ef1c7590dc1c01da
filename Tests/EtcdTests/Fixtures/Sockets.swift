import Foundation
import Glibc
import QuorateCore

/// Plain sockets on loopback, for what a Transport does.
enum Sockets {
  /// Opens a connection from this machine, as a Transport's stream would be.
  static func connect(to port: UInt16) throws(TransportError) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = address(port)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      let why = String(cString: strerror(errno)).lowercased()
      close(descriptor)
      throw TransportError(.streamTargetUnreachable, host: "local", why: why)
    }
    return descriptor
  }

  /// A listening socket on a free port.
  static func listen() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = address(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        guard bind(descriptor, pointer, size) == 0 else { return Int32(-1) }
        return getsockname(descriptor, pointer, &size)
      }
    }
    guard status == 0, Glibc.listen(descriptor, 8) == 0 else { throw POSIXError(.EADDRINUSE) }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// Ports that were free a moment ago, all different.
  static func freePorts(_ count: Int) throws -> [UInt16] {
    let sockets = try (0..<count).map { _ in try listen() }
    for socket in sockets { close(socket.descriptor) }
    return sockets.map(\.port)
  }

  private static func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
    return address
  }

  /// Sends all bytes; false: the peer is gone.
  @discardableResult
  static func send(_ bytes: [UInt8], on descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Copies from one socket to another until an end, then closes the direction.
  static func pump(from source: Int32, to target: Int32) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = recv(source, &buffer, buffer.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count > 0, send(Array(buffer[..<count]), on: target) else { break }
    }
    shutdown(target, Int32(SHUT_WR))
    shutdown(source, Int32(SHUT_RD))
  }

  /// A connection through a socket pair and two pumping threads: what a transport that carries a stream inside another
  /// connection hands out.
  static func connectThroughPair(to port: UInt16) throws(TransportError) -> Int32 {
    let far = try connect(to: port)
    var ends: [Int32] = [0, 0]
    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
    let (near, inner) = (ends[0], ends[1])
    Thread.detachNewThread {
      let done = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        pump(from: inner, to: far)
        done.signal()
      }
      pump(from: far, to: inner)
      done.wait()
      close(inner)
      close(far)
    }
    return near
  }
}

/// A server that says one thing to each who connects, whatever it is asked.
final class RawServer: Sendable {
  let port: UInt16
  private let descriptor: Int32

  /// Starts a server. After sending it waits for the peer's end, or closes at once.
  init(saying bytes: [UInt8], thenWaits: Bool = false) throws {
    let (descriptor, port) = try Sockets.listen()
    self.descriptor = descriptor
    self.port = port
    Thread.detachNewThread {
      while true {
        let peer = accept(descriptor, nil, nil)
        guard peer >= 0 else { break }
        Sockets.send(bytes, on: peer)
        if thenWaits {
          var buffer = [UInt8](repeating: 0, count: 4096)
          while recv(peer, &buffer, buffer.count, 0) > 0 {}
        }
        close(peer)
      }
      close(descriptor)
    }
  }

  func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
