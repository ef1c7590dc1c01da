internal import QuorateCore

extension TransportConformance {
  /// Many calls on one connection.
  static let queueChecks: [Check] = [
    Check("eight commands run side by side, and twelve more are queued behind them") { host in
      let held = try ConformancePipe()
      let begun = try ConformancePipe()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            // Each has its own descriptor for the input that does not end; the words come out of one pipe.
            let reply = try await host.run(
              FixedCommand(shell: "echo begun; cat"), input: [.descriptor(held.readEnd)],
              output: .descriptor(begun.writeEnd))
            try expect(reply.status.isSuccess, "a command that was held ended as \(reply.status)")
          }
        }
        for number in 1...8 {
          let line = await begun.readLine()
          try expect(line == "begun", "the word of command \(number) is \(line.debugDescription)")
        }
        for number in 0..<12 {
          group.addTask {
            let text = try await host.text(FixedCommand(shell: "cat"), input: [.bytes(Array("\(number)".utf8))])
            try expect(text == "\(number)", "call \(number) was answered with \(text.debugDescription)")
          }
        }
        held.closeWriteEnd()
        try await group.waitForAll()
      }
    }
  ]
}
