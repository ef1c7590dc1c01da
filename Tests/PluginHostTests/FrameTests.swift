import Glibc
import QuorateCore
import QuoratePluginMessages
import Testing

@testable import QuoratePluginHost

/// What the process of a plugin may write to this one.
@Suite struct FrameTests {
  private func pair() throws -> (FrameSocket, OwnedDescriptor) {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    return (FrameSocket(OwnedDescriptor(owning: ends[0])), OwnedDescriptor(owning: ends[1]))
  }

  @Test func `A frame arrives as it was sent, with its secrets and descriptors`() async throws {
    let (socket, other) = try pair()
    let peer = FrameSocket(other)
    let lent = try #require(OwnedDescriptor(duplicating: 0))
    let sent = Frame(
      form: .call, call: 0x1_0000_0002, code: 7, name: "issuer.issue",
      message: PluginMessage(
        body: Array("{}".utf8), secrets: [SecretBytes([1, 2, 3]), SecretBytes([])], descriptors: [lent, lent]))
    let frame = await DetachedThread.value { () -> Frame? in
      peer.send(sent)
      peer.send(Frame(form: .close))
      return try? socket.receive()
    }
    let received = try #require(frame ?? nil)
    #expect(received.form == .call && received.call == 0x1_0000_0002 && received.code == 7)
    #expect(received.name == "issuer.issue" && received.message.body == sent.message.body)
    #expect(received.message.secrets.map { $0.withBytes { Array($0) } } == [[1, 2, 3], []])
    #expect(received.message.descriptors.count == 2)
    let next = await DetachedThread.value { try? socket.receive() }
    #expect((next ?? nil)?.form == .close)
  }

  @Test func `Ten thousand heads of random numbers are read or refused, and none promises too much`() {
    var random = SplitMix(state: 11)
    var good = Frame.Head(Frame(form: .reply, call: 9, name: "a", message: PluginMessage(body: [1, 2, 3]))).bytes
    #expect(Frame.Head(good)?.bytes == good)
    for _ in 0..<10_000 {
      let place = Int.random(in: 0..<good.count, using: &random)
      let before = good[place]
      good[place] = UInt8.random(in: 0...255, using: &random)
      if let head = Frame.Head(good) {
        #expect(head.bodyCount <= 16 << 20 && head.nameCount <= 256 && head.secretCount <= 64)
        #expect(head.descriptorCount <= 16)
      }
      if Bool.random(using: &random) { good[place] = before }
    }
  }

  @Test func `Two thousand damaged streams end, and none does harm`() async throws {
    var random = SplitMix(state: 12)
    for _ in 0..<2_000 {
      let (socket, other) = try pair()
      var bytes = Frame.Head(
        Frame(form: .reply, call: 1, name: "ab", message: PluginMessage(body: [1, 2, 3], secrets: [SecretBytes([4])]))
      ).bytes
      bytes += Array("ab".utf8) + [1, 2, 3] + [1, 0, 0, 0, 4]
      for _ in 0..<Int.random(in: 0..<3, using: &random) {
        bytes[Int.random(in: 4..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      bytes.removeLast(Int.random(in: 0..<3, using: &random))
      #expect(write(other.number, bytes, bytes.count) == bytes.count)
      shutdown(other.number, Int32(SHUT_WR))
      // Ends for each of them: a frame, or why there is none.
      _ = try? socket.receive()
      withExtendedLifetime(other) {}
    }
  }
}
