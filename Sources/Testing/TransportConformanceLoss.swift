internal import Glibc
internal import QuorateCore

extension TransportConformance {
  /// What a transport that reaches its hosts over a wire must do when the wire breaks.
  public static let lossChecks: [Check] = [
    Check("a connection that is cut ends what runs on it, and says so", breaksConnection: true) { host in
      let endless = try ConformancePipe()
      let output = try ConformancePipe()
      let listener = try ConformanceListener(address: host.loopback)
      let stream = try await host.transport.stream(
        to: .tcp(host: host.loopback, port: listener.port), on: host.connection)
      defer { close(stream) }
      async let reply = host.run(
        FixedCommand(shell: "echo begun; exec cat"), input: [.descriptor(endless.readEnd)],
        output: .descriptor(output.writeEnd), timeoutSeconds: nil)
      _ = await output.readLine()
      await host.cut()
      do {
        _ = try await reply
        throw ConformanceFailure("the call returned")
      } catch let error as TransportError {
        try expect(error.code == .connectionLost, "the error is \(error.code.rawValue): \(error.why)")
        try expect(error.isRetryable && !error.why.isEmpty && !error.fix.isEmpty, "the error does not say enough")
      }
      let rest = await ConformanceListener.exchange(stream, [])
      try expect(rest.isEmpty, "the stream went on")
      try await host.expectError([.connectionLost], "a command afterwards") { () throws(TransportError) in
        _ = try await host.run(FixedCommand(shell: "echo ghost"))
      }
      try await host.expectError([.connectionLost], "a stream afterwards") { () throws(TransportError) in
        close(try await host.transport.stream(to: .tcp(host: host.loopback, port: listener.port), on: host.connection))
      }
    },
    Check("a connection that is cut in the middle of a transfer is no end of the transfer", breaksConnection: true) {
      host in
      let output = try ConformancePipe()
      async let reply = host.run(
        FixedCommand(shell: "exec cat /dev/zero"), output: .descriptor(output.writeEnd), timeoutSeconds: nil)
      let count = await output.drain(count: 4 << 20)
      try expect(count >= 4 << 20, "\(count) bytes came")
      output.drainToEnd()
      defer { output.closeWriteEnd() }
      await host.cut()
      do {
        _ = try await reply
        throw ConformanceFailure("the call returned")
      } catch let error as TransportError {
        try expect(error.code == .connectionLost, "the error is \(error.code.rawValue): \(error.why)")
      }
    },
  ]
}
