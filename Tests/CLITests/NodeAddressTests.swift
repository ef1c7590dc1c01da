import QuorateCore
import Testing

@testable import quorate

@Suite struct NodeAddressTests {
  @Test(arguments: [
    ("10.0.0.9", "10.0.0.9", 22, nil as String?), ("ubuntu@cp0.example.com", "cp0.example.com", 22, "ubuntu"),
    ("cp0:2222", "cp0", 2222, nil), ("root@[fd00::9]:2222", "fd00::9", 2222, "root"), ("fd00::9", "fd00::9", 22, nil),
    ("a@b@cp0", "cp0", 22, "a@b"),
  ])
  func `A node is read as ssh has it`(_ text: String, _ host: String, _ port: UInt16, _ user: String?) throws {
    let endpoint = try #require(NodeAddress(text)).host.endpoint
    #expect(endpoint == HostEndpoint(host: host, port: port, user: user))
  }

  @Test(arguments: [
    "", "@", "@cp0", "-oProxyCommand=x@cp0", "-cp0", "cp0:", "cp0:0", "cp0:99999", "[fd00::9", "[cp0]:22",
    "[fd00::9]22",
    "a b", "cp0\n", "ubuntu@", "10.0.0.9:x",
  ])
  func `What is none is refused`(_ text: String) { #expect(NodeAddress(text) == nil) }

  @Test func `Random text is read or refused, and never crashes`() {
    var state: UInt64 = 3
    let letters = Array("ab-@:[].0129fd \n\u{0}é")
    for _ in 0..<5000 {
      var text = ""
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      for _ in 0..<Int(state >> 59) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(letters[Int((state >> 33) % UInt64(letters.count))])
      }
      if let node = NodeAddress(text) {
        #expect(!node.host.endpoint.host.isEmpty && !node.host.endpoint.host.hasPrefix("-"))
      }
    }
  }
}
