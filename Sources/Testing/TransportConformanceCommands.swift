internal import QuorateCore

extension TransportConformance {
  /// How commands start and end.
  static let commandChecks: [Check] = [
    Check("a command's exit status comes back") { host in
      for (command, status) in [
        (FixedCommand(shell: "exit 0"), 0), (FixedCommand(shell: "exit 3"), 3), (FixedCommand(shell: "exit 255"), 255),
      ] {
        let reply = try await host.run(command)
        try expect(reply.status == .exited(Int32(status)), "\(command) ended as \(reply.status)")
      }
    },
    Check("a signal that ends a command is told, by name or by a shell's 128 and its number") { host in
      let reply = try await host.run(FixedCommand(shell: "kill -9 $$"))
      try expect([.signalled("KILL"), .exited(137)].contains(reply.status), "it ended as \(reply.status)")
    },
    Check("a command's text reaches sh as it is") { host in
      let command = FixedCommand(
        shell: #"a="x  y"; printf "%s|%s|%s|%s" "$a" `echo b` "\"q\" \$" "%~*?[;&#{}^"; echo " t"  "#)
      let text = try await host.text(command)
      try expect(text == "x  y|b|\"q\" $|%~*?[;&#{}^ t\n", "it printed \(text.debugDescription)")
    },
    Check("standard error is kept apart, up to its limit") { host in
      let command = FixedCommand(shell: "echo out; echo err >&2; echo more")
      let reply = try await host.run(command)
      try expect(reply.output == Array("out\nmore\n".utf8), "standard output is \(reply.output)")
      try expect(reply.errorOutput == Array("err\n".utf8), "standard error is \(reply.errorOutput)")
      let limited = try await host.run(command, errorLimit: 2)
      try expect(limited.errorOutput == Array("er".utf8), "with a limit of 2 it is \(limited.errorOutput)")
    },
    Check("a command that does not exist is no error of the transport") { host in
      let reply = try await host.run(FixedCommand(shell: "quorate-no-such-program"))
      try expect(reply.status == .exited(127), "it ended as \(reply.status)")
    },
    Check("twenty calls at once are each answered with their own answer") { host in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 {
          group.addTask {
            let text = try await host.text(
              FixedCommand(shell: "read n; i=0; while [ $i -lt 50 ]; do echo $n; i=$((i+1)); done; cat"),
              input: [.bytes(Array("\(number)\nend \(number)".utf8))])
            let expected = String(repeating: "\(number)\n", count: 50) + "end \(number)"
            try expect(text == expected, "call \(number) was answered with \(text.debugDescription)")
          }
        }
        try await group.waitForAll()
      }
    },
    Check("a connection serves many calls, one after the other") { host in
      for number in 0..<30 {
        let text = try await host.text(FixedCommand(shell: "cat"), input: [.bytes([UInt8(number)])])
        try expect(Array(text.utf8) == [UInt8(number)], "call \(number) was answered with \(text.debugDescription)")
      }
    },
    Check("every command has a working directory and an environment that sh can live with") { host in
      let text = try await host.text(FixedCommand(shell: "pwd; umask; command -v cat"))
      let lines = text.split(separator: "\n")
      try expect(lines.count == 3 && lines[0].hasPrefix("/") && lines[2].hasPrefix("/"), "it printed \(text)")
    },
  ]
}
