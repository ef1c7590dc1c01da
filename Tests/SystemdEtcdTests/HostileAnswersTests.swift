import QuorateCore
import QuorateTesting
import SystemdEtcd
import Testing

@Suite struct HostileAnswersTests {
  /// SplitMix64: equal seeds, equal mutations.
  private struct Random {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return Int((value ^ (value >> 31)) % UInt64(bound))
    }

    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      for _ in 0...next(below: 6) {
        let place = bytes.isEmpty ? 0 : next(below: bytes.count)
        switch next(below: 4) {
        case 0 where !bytes.isEmpty: bytes[place] = UInt8(next(below: 256))
        case 1: bytes.insert(Array("\n=:-,[/ ".utf8)[next(below: 8)], at: place)
        case 2 where !bytes.isEmpty: bytes.removeSubrange(place..<min(bytes.count, place + 1 + next(below: 20)))
        default: bytes += bytes.prefix(next(below: 30))
        }
      }
      return bytes
    }
  }

  @Test func `Damaged answers are read or refused, and never become part of a command`() async throws {
    var host = EtcdHostAnswers.running(
      try await SystemdEtcd().service(
        for: #require(MemberFixture.member()), answers: EtcdHostAnswers().answers),
      MemberUnit(
        name: "infra0", binary: "/usr/bin/etcd", dataFolder: "/var/lib/etcd", record: "/r", arguments: ["--name=a"]))
    host.otherUnit = EtcdHostAnswers.state("loaded", active: "active", sub: "running", file: "enabled")
    host.otherProcess =
      "/usr/bin/etcd\n--listen-client-urls=http://[::1]:2379,http://10.0.0.6:2379\n-data-dir\n/var/lib/etcd\n\n"
      + "ETCD_LISTEN_PEER_URLS=http://localhost:2380\n"
    let usual = host.answers
    let member = try #require(MemberFixture.member(phase: .existing))
    var random = Random(state: 7)
    for _ in 0..<3_000 {
      var answers = usual
      for (key, answer) in usual.byKey.sorted(by: { $0.key < $1.key }) where random.next(below: 3) == 0 {
        switch answer {
        case .command(let status, let output):
          answers.byKey[key] = .command(status: status, output: random.mutate(output))
        case .file(var file):
          file.content = file.content.map { random.mutate($0) }
          answers.byKey[key] = .file(file)
        default: break
        }
      }
      let reply = try await SystemdEtcd().service(for: member, answers: answers)
      for command in reply.activation + reply.start + reply.restart {
        #expect(!command.arguments.contains { $0.utf8.contains(10) || $0.utf8.contains(0) })
      }
      #expect(reply.findings.allSatisfy { !$0.what.contains(where: \.isNewline) && !$0.what.isEmpty })
      #expect(reply.memberOwner?.user == "etcd")
    }
  }
}
