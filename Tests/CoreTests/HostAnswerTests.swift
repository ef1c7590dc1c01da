import Testing

@testable import QuorateCore

@Suite struct HostAnswerTests {
  private let operations: [HostOperation] = [
    .files(limit: 10, paths: ["/a"]), .folder("/b"), .command(HostCommand(["true"])),
    .http(host: "h", port: 1, path: "/"),
    .etcd([
      EtcdProbe(
        endpoint: NetworkEndpoint(address: .loopbackV4, port: 1), path: "/", certificate: "c", key: "k", authority: "a")
    ]),
    .expect([]), .execute(HostCommand(["true"])),
  ]
  private let whole = """
    noise
    quorate abc
    1 stats 49
    8180|0|0|root|root|3|7|2026-01-01|/a
    41ed|0|0|r|r
    1 contents
    xyz
    abc
    2 names 3
    abc
    3 status 0 2
    ok
    4 answer 23
    HTTP/1.1 200 OK

    hi all
    5 answers 7
    {}
    #200
    6 ok
    7 status 0 0

    end

    """

  @Test func `A whole answer is read, operation by operation`() throws {
    let answer = try #require(HostAnswer(Array(whole.utf8), to: operations, nonce: "abc"))
    #expect(answer.isComplete)
    #expect(answer.replies.count == 7)
    guard case .etcd(let answers) = answer.replies[4] else { throw Failure() }
    #expect(answers.first?.status == 200)
    #expect(answers.first?.body == Array("{}".utf8))
  }

  @Test func `An answer that was cut off is not complete, wherever it was cut`() {
    let bytes = Array(whole.utf8)
    for length in 0..<(bytes.count - 5) {
      let answer = HostAnswer(Array(bytes[..<length]), to: operations, nonce: "abc")
      #expect(answer?.isComplete != true)
    }
  }

  @Test func `A path that was not asked for is not believed`() throws {
    let answer = try #require(
      HostAnswer(
        Array("quorate abc\n1 stats 39\n8180|0|0|root|root|0|7|now|/etc/other|x\n1 contents\n\nabc\nend\n".utf8),
        to: [.files(limit: 1, paths: ["/a"])], nonce: "abc"))
    #expect(!answer.isComplete)
  }

  @Test func `No garbage from a host makes the reader crash`() {
    var random = SeededGenerator(seed: 7)
    let original = Array(whole.utf8)
    for _ in 0..<20_000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        default: bytes.removeSubrange(index..<min(bytes.count, index + 20))
        }
        if bytes.isEmpty { bytes = [10] }
      }
      _ = HostAnswer(bytes, to: operations, nonce: "abc")
    }
  }

  @Test func `Base 64 is decoded strictly`() {
    #expect(Base64.decode(Array("aGVsbG8=".utf8)) == Array("hello".utf8))
    #expect(Base64.decode([UInt8]()) == [])
    for bad in ["aGVsbG8", "a===", "=aaa", "aG=s", "aGV\n", "aG Vs"] {
      #expect(Base64.decode(Array(bad.utf8)) == nil, "\(bad)")
    }
  }

  @Test func `Listening sockets are read from the kernel's table`() throws {
    let table = """
        sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
         0: 0100007F:094B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
         1: 0B004D0A:094B 0C004D0A:D431 01 00000000:00000000 00:00000000 00000000     0        0 2 1
         2: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0 0 0 0 0
      """
    let listeners = SocketTable.listeners(in: table)
    #expect(listeners.map(\.description) == ["127.0.0.1:2379", "127.0.0.1:80"])
  }

  private struct Failure: Error {}
}

/// A random number generator whose numbers are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
