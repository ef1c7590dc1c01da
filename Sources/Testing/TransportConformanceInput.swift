internal import Glibc
internal import QuorateCore

extension TransportConformance {
  /// What commands read.
  static let inputChecks: [Check] = [
    Check("bytes, secrets and descriptors arrive in order") { host in
      let pipe = try ConformancePipe()
      pipe.write(Array("three ".utf8))
      pipe.closeWriteEnd()
      let text = try await host.text(
        FixedCommand(shell: "cat"),
        input: [
          .bytes(Array("one ".utf8)), .secret(SecretBytes(Array("two ".utf8))), .descriptor(pipe.readEnd),
          .bytes(Array("four".utf8)),
        ])
      try expect(text == "one two three four", "it read \(text.debugDescription)")
    },
    Check("no input is an input that ends at once") { host in
      let empty = try ConformancePipe()
      empty.closeWriteEnd()
      for input in [
        [], [.bytes([])], [.secret(SecretBytes([]))], [.bytes([]), .secret(SecretBytes([])), .bytes([])],
        [.descriptor(empty.readEnd)],
      ] as [[InputPart]] {
        let text = try await host.text(FixedCommand(shell: "cat; echo end"), input: input)
        try expect(text == "end\n", "it read \(text.debugDescription)")
      }
    },
    Check("a regular file can be an input") { host in
      let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let file = try ConformancePipe.unlinkedFile(bytes)
      defer { close(file) }
      let reply = try await host.run(FixedCommand(shell: "cat"), input: [.descriptor(file)])
      try expect(reply.output == bytes, "\(reply.output.count) bytes came back")
    },
    Check("every byte passes, in both directions") { host in
      let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) } + Array(0...255)
      let reply = try await host.run(FixedCommand(shell: "cat"), input: [.bytes(bytes)])
      try expect(reply.output == bytes, "\(reply.output.count) of \(bytes.count) bytes came back, or others")
    },
    Check("a command that reads and writes single bytes gets all of them") { host in
      let bytes = (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
      let reply = try await host.run(
        FixedCommand(shell: "dd bs=1 count=3000 2>/dev/null"), input: [.bytes(bytes)])
      try expect(reply.output == bytes, "\(reply.output.count) of 3000 bytes came back, or others")
    },
    Check("a command may read a line and leave the rest to the next") { host in
      let text = try await host.text(
        FixedCommand(shell: "IFS= read -r a; printf \"<%s>\\n\" \"$a\"; sh -c cat"),
        input: [.bytes(Array(" \\first\nrest".utf8))])
      try expect(text == "< \\first>\nrest", "it printed \(text.debugDescription)")
    },
    Check("a command need not read its input") { host in
      let much = [UInt8](repeating: 7, count: 8 << 20)
      let text = try await host.text(FixedCommand(shell: "echo done"), input: [.bytes(much)])
      try expect(text == "done\n", "it printed \(text.debugDescription)")
    },
    Check("input from a descriptor arrives while the descriptor is still open") { host in
      let input = try ConformancePipe()
      let output = try ConformancePipe()
      async let reply = host.run(
        FixedCommand(shell: "while read -r a; do echo \"got $a\"; done; echo end"),
        input: [.descriptor(input.readEnd)], output: .descriptor(output.writeEnd))
      for word in ["one", "two"] {
        input.write(Array("\(word)\n".utf8))
        let line = await output.readLine()
        try expect(line == "got \(word)", "the answer to \(word) is \(line.debugDescription)")
      }
      input.closeWriteEnd()
      let last = await output.readLine()
      try expect(last == "end", "the last line is \(last.debugDescription)")
      let status = try await reply.status
      try expect(status.isSuccess, "it ended as \(status)")
    },
    Check("hundreds of megabytes go up in bounded memory", isLarge: true) { host in
      let pipe = try ConformancePipe()
      let memory = ConformanceMemory()
      pipe.feed(count: host.largeCount)
      let text = try await host.text(FixedCommand(shell: "wc -c"), input: [.descriptor(pipe.readEnd)])
      try expect(Int(text.filter(\.isNumber)) == host.largeCount, "wc counted \(text)")
      try memory.check()
    },
  ]
}
