import Foundation
import Synchronization

/// How often something happened.
final class Counter: Sendable {
  private let count = Atomic(0)
  func add() { count.add(1, ordering: .relaxed) }
  var value: Int { count.load(ordering: .relaxed) }
}

/// GET by HTTP/1.0, as the program on a host does it.
enum PlainHTTP {
  static func get(_ path: String, port: UInt16) async throws -> [UInt8] {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try read(path, port: port) })
      }
    }
  }

  private static func read(_ path: String, port: UInt16) throws -> [UInt8] {
    let descriptor = try Sockets.connect(to: port)
    defer { close(descriptor) }
    Sockets.send(Array("GET \(path) HTTP/1.0\r\n\r\n".utf8), on: descriptor)
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      all.append(contentsOf: buffer[..<count])
    }
    let text = Data(all)
    guard let end = text.firstRange(of: Data("\r\n\r\n".utf8)) else { return [] }
    return Array(text[end.upperBound...])
  }
}
