import Foundation
import Testing

extension OnTheLab {
  /// Hosts that have IPv6 addresses, and beside loopback's no other.
  @Suite(.enabled(if: FileManager.default.fileExists(atPath: "/proc/net/if_inet6"), "this machine has no IPv6"))
  struct IPv6 {
    @Test(arguments: PluginChoices.all.filter { $0.transport == "ssh" || $0.serviceManager == "systemd-etcd" })
    func `A cluster is founded and looked at on hosts that have no IPv4 address`(_ plugins: PluginChoices) async throws
    {
      let addresses = (0..<3).map { "fd00:77::1\($0)" }
      let someone = try await Lab.blank(.lab(plugins: plugins))
      let known = someone.folder.appending(path: "known_hosts").path
      try someone.write(
        ClusterFile.lab(plugins: plugins, knownHosts: known, addresses: addresses).text, to: "cluster.yaml")
      let keys = try String(contentsOfFile: Lab.folder + "/known_hosts", encoding: .utf8)
      var lines = ""
      for (host, address) in zip(Lab.hosts, addresses) {
        try await host.shell("ip addr add \(address)/64 dev eth0 nodad; ip -4 addr flush dev eth0")
        #expect(try await host.shell("ip -4 -o addr show scope global") == "")
        let key = try #require(keys.split(separator: "\n").first { $0.hasPrefix(host.address + ",") })
        lines += "\(address) \(key.split(separator: " ").dropFirst().joined(separator: " "))\n"
      }
      try someone.write(lines, to: "known_hosts")
      try #require(try await someone.run("ip", "addr", "replace", "fd00:77::1/64", "dev", "eth0", "nodad").status == 0)
      let apply = try await someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      let status = try await someone.quorate("status")
      #expect(status.status == 0)
      #expect(status.output.contains("https://[fd00:77::10]:2379"))
      #expect(try await someone.quorate("plan", "--detailed-exit-code").status == 0)
      let verify = try await someone.quorate("verify")
      #expect(verify.status == 0, "\(verify.everything)")
      let listeners = try await Lab.hosts[0].shell("ss -Hltnp | grep etcd | awk '{ print $4 }'").split(separator: "\n")
      #expect(Set(listeners) == ["[fd00:77::10]:2379", "[fd00:77::10]:2380", "[::1]:2379", "[::1]:2381"])
    }
  }
}
