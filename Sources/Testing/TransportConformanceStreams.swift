internal import Glibc
internal import QuorateCore

extension TransportConformance {
  /// Streams to addresses that the host can reach.
  static let streamChecks: [Check] = [
    Check("a stream carries bytes in both directions, and each direction ends by itself") { host in
      let listener = try ConformanceListener(address: host.loopback)
      let descriptor = try await host.transport.stream(
        to: .tcp(host: host.loopback, port: listener.port), on: host.connection)
      defer { close(descriptor) }
      let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 5) }
      let answer = await ConformanceListener.exchange(descriptor, bytes)
      try expect(answer == bytes, "\(answer.count) of \(bytes.count) bytes came back, or others")
    },
    Check("a stream and commands share a connection") { host in
      let listener = try ConformanceListener(address: host.loopback)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<6 {
          group.addTask {
            let descriptor = try await host.transport.stream(
              to: .tcp(host: host.loopback, port: listener.port), on: host.connection)
            defer { close(descriptor) }
            let bytes = [UInt8](repeating: UInt8(number), count: 50_000)
            let answer = await ConformanceListener.exchange(descriptor, bytes)
            try expect(answer == bytes, "stream \(number) got \(answer.count) bytes, or others")
          }
          group.addTask {
            let text = try await host.text(FixedCommand(shell: "cat"), input: [.bytes(Array("\(number)".utf8))])
            try expect(text == "\(number)", "command \(number) got \(text.debugDescription)")
          }
        }
        try await group.waitForAll()
      }
    },
    Check("a stream to a port where nobody listens says so") { host in
      let listener = try ConformanceListener(address: host.loopback)
      let port = listener.port
      listener.stop()
      try await host.expectError([.streamTargetUnreachable], "a closed port") { () throws(TransportError) in
        close(try await host.transport.stream(to: .tcp(host: host.loopback, port: port), on: host.connection))
      }
    },
  ]
}
