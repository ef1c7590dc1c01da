import Foundation
import Testing

extension OnTheLab {
  /// Hosts that are known by IPv6 addresses.
  @Suite(.enabled(if: FileManager.default.fileExists(atPath: "/proc/net/if_inet6"), "this machine has no IPv6"))
  struct IPv6 {
    @Test func `A cluster is founded and looked at over IPv6 alone`() async throws {
      let addresses = (0..<3).map { "fd00:77::1\($0)" }
      let someone = try await Lab.blank(.lab(knownHosts: "./known_hosts", addresses: addresses))
      let known = try String(contentsOfFile: Lab.folder + "/known_hosts", encoding: .utf8)
      var lines = ""
      for (host, address) in zip(Lab.hosts, addresses) {
        try await host.shell("ip addr add \(address)/64 dev eth0 nodad")
        let key = try #require(known.split(separator: "\n").first { $0.hasPrefix(host.address + ",") })
        lines += "\(address) \(key.split(separator: " ").dropFirst().joined(separator: " "))\n"
      }
      try someone.write(lines, to: "known_hosts")
      try #require(try await someone.run("ip", "addr", "replace", "fd00:77::1/64", "dev", "eth0", "nodad").status == 0)
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      let status = try await someone.quorate("status")
      #expect(status.status == 0)
      #expect(status.output.contains("https://[fd00:77::10]:2379"))
      let listeners = try await Lab.hosts[0].shell("ss -Hltnp | grep etcd | awk '{ print $4 }'").split(separator: "\n")
      #expect(Set(listeners) == ["[fd00:77::10]:2379", "[fd00:77::10]:2380", "[::1]:2379", "[::1]:2381"])
    }
  }
}
