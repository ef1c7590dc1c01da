internal import QuorateCore

extension TransportConformance {
  /// Cancellation, time limits, closing.
  static let endingChecks: [Check] = [
    Check("a cancelled call ends promptly, and the connection lives on") { host in
      let endless = try ConformancePipe()
      let pipe = try ConformancePipe()
      let call = Task {
        try await host.run(
          FixedCommand(shell: "echo begun; exec cat"), input: [.descriptor(endless.readEnd)],
          output: .descriptor(pipe.writeEnd), timeoutSeconds: nil)
      }
      let line = await pipe.readLine()
      try expect(line == "begun", "the first line is \(line.debugDescription)")
      let clock = ContinuousClock()
      let begin = clock.now
      call.cancel()
      do {
        _ = try await call.value
        throw ConformanceFailure("the cancelled call returned")
      } catch let error as TransportError {
        try expect(error.code == .cancelled, "the error is \(error.code.rawValue)")
      }
      // The command would go on for ten minutes; a machine may be busy.
      try expect(clock.now - begin < .seconds(60), "it took \(clock.now - begin)")
      let text = try await host.text(FixedCommand(shell: "echo alive"))
      try expect(text == "alive\n", "afterwards it printed \(text.debugDescription)")
    },
    Check("the program of a cancelled call sees its input end") { host in
      let endless = try ConformancePipe()
      let pipe = try ConformancePipe()
      let call = Task {
        try await host.run(
          FixedCommand(shell: "echo $$; exec cat"), input: [.descriptor(endless.readEnd)],
          output: .descriptor(pipe.writeEnd), timeoutSeconds: nil)
      }
      let number = await pipe.readLine()
      try expect(Int(number) != nil, "the program's number is \(number.debugDescription)")
      call.cancel()
      _ = await call.result
      let text = try await host.text(
        FixedCommand(shell: "read -r p; while kill -0 $p 2>/dev/null; do sleep 0.02; done; echo gone"),
        input: [.bytes(Array("\(number)\n".utf8))])
      try expect(text == "gone\n", "afterwards it printed \(text.debugDescription)")
    },
    Check("a call that waits for its turn can be cancelled") { host in
      let pipe = try ConformancePipe()
      let busy = (0..<12).map { _ in
        Task {
          try await host.run(
            FixedCommand(shell: "echo begun; cat"), input: [.descriptor(pipe.readEnd)], timeoutSeconds: nil)
        }
      }
      for call in busy.reversed() { call.cancel() }
      for call in busy {
        do {
          _ = try await call.value
        } catch let error as TransportError {
          try expect(error.code == .cancelled, "the error is \(error.code.rawValue): \(error.why)")
        }
      }
      let text = try await host.text(FixedCommand(shell: "echo alive"))
      try expect(text == "alive\n", "afterwards it printed \(text.debugDescription)")
    },
    Check("a call's time limit holds") { host in
      let endless = try ConformancePipe()
      try await host.expectError([.timedOut], "an endless command within 0.3 s") { () throws(TransportError) in
        _ = try await host.run(
          FixedCommand(shell: "exec cat"), input: [.descriptor(endless.readEnd)], timeoutSeconds: 0.3)
      }
    },
    Check("a connection can be closed twice, and is closed from then on") { host in
      _ = try await host.text(FixedCommand(shell: "echo alive"))
      await host.transport.close(host.connection)
      await host.transport.close(host.connection)
      try await host.expectError([.connectionLost], "a command afterwards") { () throws(TransportError) in
        _ = try await host.run(FixedCommand(shell: "echo ghost"))
      }
      try await host.expectError([.connectionLost], "a stream afterwards") { () throws(TransportError) in
        _ = try await host.transport.stream(to: .tcp(host: "127.0.0.1", port: 9), on: host.connection)
      }
    },
    Check("closing a connection ends what runs on it") { host in
      let endless = try ConformancePipe()
      let pipe = try ConformancePipe()
      async let reply = host.run(
        FixedCommand(shell: "echo begun; exec cat"), input: [.descriptor(endless.readEnd)],
        output: .descriptor(pipe.writeEnd), timeoutSeconds: nil)
      _ = await pipe.readLine()
      await host.transport.close(host.connection)
      do {
        _ = try await reply
        throw ConformanceFailure("the call returned")
      } catch let error as TransportError {
        try expect(error.code == .connectionLost, "the error is \(error.code.rawValue)")
      }
    },
    Check("a handle that was never opened is closed") { host in
      let ghost = ConnectionHandle(id: .max)
      await host.transport.close(ghost)
      try await host.expectError([.connectionLost], "a command on it") { () throws(TransportError) in
        _ = try await host.transport.run(RunRequest(command: FixedCommand(shell: "echo ghost")), on: ghost)
      }
    },
    Check("two connections to one host do not know each other") { host in
      let second = try await host.transport.open(
        OpenRequest(name: "second", endpoint: host.endpoint, timeoutSeconds: 60))
      await host.transport.close(host.connection)
      let reply = try await host.transport.run(
        RunRequest(command: FixedCommand(shell: "echo alive")), on: second.connection)
      try expect(reply.output == Array("alive\n".utf8), "it printed \(reply.output)")
      await host.transport.close(second.connection)
    },
  ]
}
