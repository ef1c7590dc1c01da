import Foundation
import Glibc
import QuorateCore
import Testing

@testable import QuorateEtcd

/// What reads bytes from a member, fed with damaged ones.
@Suite struct ParserFuzzTests {
  /// The same numbers in every run (SplitMix64).
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }

    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &self)
        switch Int.random(in: 0...4, using: &self) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &self)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &self), at: index)
        case 3: bytes.removeLast(bytes.count - index)
        default: bytes[index] ^= 0x80
        }
      }
      return bytes
    }
  }

  /// What etcd 3.4.23 answers to HashKV, with a header {1, 2, 3, 4}, a hash of 5 and a compact revision of -1.
  private static let hash: [UInt8] = {
    let message: [UInt8] =
      [0x0A, 8, 8, 1, 16, 2, 24, 3, 32, 4, 0x10, 5, 0x18] + Array(repeating: 0xFF, count: 9) + [0x01]
    return [0, 0, 0, 0, UInt8(message.count)] + message
  }()

  @Test func `A gRPC answer is read`() throws {
    let hash = try GRPCMessage.hashKV(Self.hash, asked: 0)
    #expect(hash == EtcdHash(memberID: try #require(EtcdID(2)), hash: 5, revision: 3, compactRevision: -1))
    #expect(try GRPCMessage.hashKV(Self.hash, asked: 2).revision == 2)
  }

  @Test func `A gRPC request is what protobuf wants`() {
    #expect(GRPCMessage.hashKVRequest(revision: 0) == [0, 0, 0, 0, 0])
    #expect(GRPCMessage.hashKVRequest(revision: 300) == [0, 0, 0, 0, 3, 8, 0xAC, 0x02])
  }

  @Test(
    arguments: [
      [], [0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 9, 8], [0, 0xFF, 0xFF, 0xFF, 0xFF],
      [0, 0, 0, 0, 2, 0x0A, 0x7F], [0, 0, 0, 0, 11] + Array(repeating: 0xFF, count: 11),
      [0, 0, 0, 0, 1, 0x0B], [0, 0, 0, 0, 12, 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0],
    ] as [[UInt8]])
  func `What is no gRPC answer is refused`(_ bytes: [UInt8]) {
    #expect(throws: EtcdFormatError.self) { try GRPCMessage.hashKV(bytes, asked: 0) }
  }

  @Test func `Damaged gRPC answers never stop the program`() {
    var random = Random(state: 1)
    for _ in 0..<20_000 { _ = try? GRPCMessage.hashKV(random.damaged(Self.hash), asked: 0) }
  }

  /// A snapshot of 1024 bytes as a stream of lines.
  private static let snapshot: (lines: [UInt8], content: [UInt8]) = {
    let content = (0..<1024).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    // sha256sum of those bytes.
    let sum: [UInt8] = Sum.of(content)
    var text = ""
    for start in stride(from: 0, to: 1024, by: 100) {
      let piece = content[start..<min(start + 100, 1024)]
      text +=
        #"{"result":{"remaining_bytes":"\#(1024 - start - piece.count)","blob":"\#(Data(piece).base64EncodedString())"}}"#
      text += "\n"
    }
    text += #"{"result":{"blob":"\#(Data(sum).base64EncodedString())"}}"# + "\n"
    return (Array(text.utf8), content + sum)
  }()

  private func feed(_ sink: SnapshotSink, _ bytes: [UInt8], _ random: inout Random) -> String? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = rest.prefix(Int.random(in: 1...300, using: &random))
      rest = rest.dropFirst(part.count)
      if let why = part.withUnsafeBytes({ sink.take($0, isCancelled: { false }) }) { return why }
    }
    return nil
  }

  @Test func `A snapshot arrives in whatever pieces and is written as it was`() throws {
    var random = Random(state: 2)
    for _ in 0..<50 {
      let file = tmpfile()
      defer { fclose(file) }
      let sink = SnapshotSink(descriptor: fileno(file), progress: nil)
      #expect(feed(sink, Self.snapshot.lines, &random) == nil)
      #expect(try sink.finish().get().bytes == 1056)
      var written = [UInt8](repeating: 0, count: 2000)
      #expect(pread(fileno(file), &written, 2000, 0) == 1056)
      #expect(Array(written[..<1056]) == Self.snapshot.content)
    }
  }

  @Test func `A damaged snapshot is never taken for a good one`() {
    var random = Random(state: 3)
    let target = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(target) }
    for _ in 0..<3000 {
      let damaged = random.damaged(Self.snapshot.lines)
      let sink = SnapshotSink(descriptor: target, progress: nil)
      guard feed(sink, damaged, &random) == nil, case .success(let snapshot) = sink.finish() else { continue }
      // Damage that leaves the content as it was: in a remaining size, in white space, in a key's spelling.
      #expect(snapshot.sha256 == Sum.hexadecimal(Self.snapshot.content.suffix(32)))
    }
  }

  @Test func `A line without an end is refused`() {
    let target = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(target) }
    let sink = SnapshotSink(descriptor: target, progress: nil)
    let part = [UInt8](repeating: 65, count: 1 << 20)
    let answers = (0..<6).map { _ in part.withUnsafeBytes { sink.take($0, isCancelled: { false }) } }
    #expect(answers.contains("the member sent a line of more than 4194304 bytes"))
  }
}
