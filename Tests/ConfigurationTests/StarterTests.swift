import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct StarterTests {
  private let guide = ["infra0=10.0.0.6", "infra1=10.0.0.7", "infra2=10.0.0.8"]

  private func make(_ starter: StarterConfiguration) -> StarterConfiguration.Outcome {
    starter.make(checkedBy: KnownPlugins.loader)
  }

  @Test func `The file that is written can be read back`() throws {
    let outcome = make(
      StarterConfiguration(hosts: guide, user: "ubuntu", name: "prod", kubernetesVersion: "1.20.2"))
    #expect(outcome.findings.isEmpty)
    let loaded = load(try #require(outcome.text))
    #expect(loaded.findings.isEmpty)
    let spec = try #require(loaded.spec)
    #expect(spec.name == "prod")
    #expect(spec.kubernetesVersion == Version(1, 20, 2))
    #expect(spec.hosts.map { "\($0.name)=\($0.address)" } == guide)
    #expect(spec.transport.settings["user"] == .string("ubuntu"))
  }

  @Test(arguments: [1, 3, 5, 7]) func `The environment in its comments works when they are removed`(_ count: Int) throws
  {
    let hosts = (0..<count).map { "infra\($0)=10.0.0.\($0 + 6)" }
    let text = try #require(make(StarterConfiguration(hosts: hosts)).text)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let start = try #require(lines.firstIndex(of: "# environments:"))
    let uncommented = lines[..<start] + lines[start...].map { $0.hasPrefix("# ") ? String($0.dropFirst(2)) : $0 }
    let loaded = load(uncommented.joined(separator: "\n"), environment: "laptop")
    #expect(!loaded.findings.contains { $0.severity == .error }, "\(ConfigurationTests.text(loaded.findings))")
    #expect(loaded.spec?.transport.plugin == "local")
    #expect(loaded.spec?.hosts.last?.root == "/srv/clusters/infra\(count - 1)")
  }

  @Test func `No line is longer than 120 columns, and no tab is in it`() throws {
    let text = try #require(make(StarterConfiguration(hosts: guide, user: "ubuntu")).text)
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 && !$0.contains("\t") })
    #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
  }

  @Test func `Names and addresses that YAML would read otherwise stand in quotes`() throws {
    let outcome = make(
      StarterConfiguration(hosts: ["no=fd00::1", "1=::2", "e=fd00::3"], user: "D\\u", name: "true"))
    let written = try #require(outcome.text)
    let spec = try #require(load(written).spec)
    #expect(spec.name == "true")
    #expect(spec.hosts.map(\.name) == ["no", "1", "e"])
    #expect(spec.hosts.map(\.address.description) == ["fd00::1", "::2", "fd00::3"])
    #expect(spec.transport.settings["user"] == .string("D\\u"))
  }

  @Test func `Every argument that is wrong is told`() {
    let outcome = make(
      StarterConfiguration(
        hosts: [
          "infra0", "10.0.0.6", "infra1=", "=10.0.0.7", "Infra2=10.0.0.8", "infra3=node3.example.com", "a=10.0.0.9",
          "a=10.0.0.10", "b=10.0.0.9", "c=10.0.0.11:2379", "d=[fd00::1]", "e=10.0.0.1,10.0.0.2",
        ], user: "-x", name: "", kubernetesVersion: "1.19.0"))
    #expect(outcome.text == nil)
    #expect(
      text(outcome.findings) == """
        error: `infra0` is no host: a host is given as `NAME=ADDRESS`  [config.init.host]
          fix: write it as `infra0=10.0.0.6`
        error: `10.0.0.6` is no host: a host is given as `NAME=ADDRESS`  [config.init.host]
          fix: write `infra0=10.0.0.6`, say
        error: in `infra1=`, the address is empty  [config.init.empty]
          fix: write the IP address
        error: in `=10.0.0.7`, the name is empty  [config.init.empty]
          fix: write the name
        error: in `Infra2=10.0.0.8`, the name is `Infra2`, which has capitals in it  [config.init.name]
          why: a name is 1 to 63 of a-z, 0-9 and `-`, with a letter or digit at each end (an RFC 1123 label)
          fix: write `infra2`, say
        error: in `infra3=node3.example.com`, the address is `node3.example.com`, which is a name, not an IP address  [config.init.address]
          why: etcd advertises and listens on IP addresses only
          fix: write the host's IP address here, and the name under `sans`
        error: two hosts are named `a`  [config.init.repeated-name]
          why: a member is known by its name
          fix: give each host a name of its own
        error: hosts `a` and `b` have the same address 10.0.0.9  [config.init.repeated-address]
          why: members on one machine need ports and roots of their own
          fix: correct it, or write the file by hand
        error: in `c=10.0.0.11:2379`, the address is `10.0.0.11:2379`, which has a port  [config.init.address]
          why: ports have a key of their own
          fix: write `10.0.0.11`, and `ports: {client: 2379}` if it is the client port
        error: in `d=[fd00::1]`, the address is `[fd00::1]`, which has brackets  [config.init.address]
          why: brackets belong to URLs; Quorate adds them there
          fix: write `fd00::1`
        error: in `e=10.0.0.1,10.0.0.2`, the address is `10.0.0.1,10.0.0.2`, which is no IP address  [config.init.address]
          fix: write one: `10.0.0.6` or `fd00::1`
        error: the user is `-x`, which could be read as an option  [config.init.login-name]
          fix: write the login name
        error: the cluster's name is empty  [config.init.empty]
          fix: write the name
        error: the Kubernetes version is `1.19.0`, which is not known  [config.init.kubernetes-version]
          why: what kubeadm does is known for v1.20 to v1.37
          fix: write one of these versions

        """)
  }

  @Test func `Two hosts are no cluster, and one is told to be alone`() {
    let two = make(StarterConfiguration(hosts: ["a=10.0.0.1", "b=10.0.0.2"]))
    #expect(two.text == nil)
    #expect(two.findings.map(\.what) == ["the cluster has an even number of members: 2"])
    #expect(two.findings.map(\.position) == [nil])
    let one = make(StarterConfiguration(hosts: ["a=10.0.0.1"]))
    #expect(one.text != nil)
    #expect(one.findings.map(\.what) == ["the cluster has one member"])
    #expect(make(StarterConfiguration(hosts: [])).findings.map(\.what) == ["no host is named"])
  }
}
