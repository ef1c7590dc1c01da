import QuorateCore
import Testing

@Suite struct IPAddressTests {
  @Test(arguments: ["10.0.0.6", "fd00::1", "::1", "::ffff:10.0.0.1"])
  func `An address is read and written in its canonical form`(_ text: String) throws {
    #expect(try #require(IPAddress(text)).description == text)
  }

  @Test(arguments: ["", "010.0.0.1", "[fd00::1]", "fe80::1%eth0", "localhost", "10.0.0", "1.2.3.4\n", "10.0.0.6/24"])
  func `What is no plain address is refused`(_ text: String) { #expect(IPAddress(text) == nil) }

  @Test func `An IPv6 address stands in brackets in a URL`() throws {
    let address = try #require(IPAddress("fd00:0:0::1"))
    #expect(NetworkEndpoint(address: address, port: 2379).url() == "https://[fd00::1]:2379")
  }
}
