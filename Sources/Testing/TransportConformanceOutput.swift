internal import Glibc
internal import QuorateCore

extension TransportConformance {
  /// What commands write.
  static let outputChecks: [Check] = [
    Check("output goes to a descriptor as it comes, and is not collected") { host in
      let pipe = try ConformancePipe()
      async let reply = host.run(
        FixedCommand(shell: "echo first; read -r a; echo \"$a\""), input: [.bytes(Array("second\n".utf8))],
        output: .descriptor(pipe.writeEnd))
      let lines = [await pipe.readLine(), await pipe.readLine()]
      try expect(lines == ["first", "second"], "the lines are \(lines)")
      let collected = try await reply.output
      try expect(collected.isEmpty, "\(collected.count) bytes were collected too")
    },
    Check("output can go to a regular file") { host in
      let file = try ConformancePipe.unlinkedFile([])
      defer { close(file) }
      let reply = try await host.run(
        FixedCommand(shell: "head -c 300000 /dev/zero"), output: .descriptor(file))
      try expect(reply.status.isSuccess && lseek(file, 0, SEEK_END) == 300_000, "the file has another size")
    },
    Check("more output than the limit is an error, and the connection lives on") { host in
      try await host.expectError([.outputTooLarge], "a megabyte with a limit of 1000") { () throws(TransportError) in
        _ = try await host.run(FixedCommand(shell: "head -c 1000000 /dev/zero"), output: .collected(limit: 1000))
      }
      let exact = try await host.run(FixedCommand(shell: "head -c 1000 /dev/zero"), output: .collected(limit: 1000))
      try expect(exact.output.count == 1000, "exactly the limit gave \(exact.output.count) bytes")
    },
    Check("much standard error does not stop a command") { host in
      let reply = try await host.run(
        FixedCommand(shell: "head -c 3000000 /dev/zero >&2; echo done"), errorLimit: 1000)
      try expect(reply.output == Array("done\n".utf8) && reply.errorOutput.count == 1000, "it did not come to its end")
    },
    Check("a reader of the output that goes away ends the call, not this program") { host in
      let pipe = try ConformancePipe()
      pipe.closeReadEnd()
      try await host.expectError([.cancelled], "nobody reads") { () throws(TransportError) in
        _ = try await host.run(
          FixedCommand(shell: "head -c 10000000 /dev/zero"), output: .descriptor(pipe.writeEnd))
      }
      let text = try await host.text(FixedCommand(shell: "echo alive"))
      try expect(text == "alive\n", "afterwards it printed \(text.debugDescription)")
    },
    Check("hundreds of megabytes go both ways at once in bounded memory", isLarge: true) { host in
      let (input, output) = (try ConformancePipe(), try ConformancePipe())
      let memory = ConformanceMemory()
      input.feed(count: host.largeCount)
      async let reply = host.run(
        FixedCommand(shell: "exec cat"), input: [.descriptor(input.readEnd)], output: .descriptor(output.writeEnd),
        timeoutSeconds: 120)
      let count = await output.drain(count: host.largeCount)
      try expect(count == host.largeCount, "\(count) bytes came back")
      let status = try await reply.status
      try expect(status.isSuccess, "it ended as \(status)")
      try memory.check()
    },
    Check("hundreds of megabytes come down to a slow reader in bounded memory", isLarge: true) { host in
      let pipe = try ConformancePipe()
      let memory = ConformanceMemory()
      async let reply = host.transport.run(
        RunRequest(
          command: FixedCommand(shell: "read -r n; head -c $n /dev/zero"),
          input: [.bytes(Array("\(host.largeCount)\n".utf8))], output: .descriptor(pipe.writeEnd), timeoutSeconds: 120),
        on: host.connection)
      let count = await pipe.drain(count: host.largeCount)
      try expect(count == host.largeCount, "\(count) bytes came")
      let status = try await reply.status
      try expect(status.isSuccess, "it ended as \(status)")
      try memory.check()
    },
  ]
}
