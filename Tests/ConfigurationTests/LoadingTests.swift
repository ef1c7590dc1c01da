import Foundation
import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct LoadingTests {
  private func design(environment: String? = nil) throws -> LoadedConfiguration {
    let bytes = try Data(contentsOf: CaseTests.folder.appending(path: "design.yaml"))
    return KnownPlugins.loader.load(file: "prod/cluster.yaml", bytes: Array(bytes), environment: environment)
  }

  @Test func `The guide's cluster becomes a specification`() throws {
    let loaded = try design()
    let spec = try #require(loaded.spec)
    var hosts: [HostSpec] = []
    for (name, address) in [("infra0", "10.0.0.6"), ("infra1", "10.0.0.7"), ("infra2", "10.0.0.8")] {
      hosts.append(HostSpec(name: name, address: try #require(IPAddress(address))))
    }
    #expect(
      spec
        == ClusterSpec(
          name: "prod", kubernetesVersion: Version(1, 20, 2), hosts: hosts,
          transport: PluginChoice(
            "ssh",
            settings: .object([
              "user": .string("ubuntu"), "identityFile": .string("~/.ssh/id_ed25519"), "become": .string("sudo"),
            ])), issuer: PluginChoice("openssl"), serviceManager: PluginChoice("systemd-kubelet"),
          manifestWriter: PluginChoice("static-pod")))
  }

  @Test func `An environment is laid over the rest, and another plugin drops the first one's settings`() throws {
    let loaded = try design(environment: "laptop")
    let spec = try #require(loaded.spec)
    #expect(
      spec.hosts.map(\.root) == ["/srv/clusters/prod/infra0", "/srv/clusters/prod/infra1", "/srv/clusters/prod/infra2"])
    #expect(spec.hosts.map(\.clientURL).last == "https://127.0.0.1:32379")
    #expect(spec.transport == PluginChoice("local"))
    #expect(spec.issuer == PluginChoice("openssl"))
    #expect(spec.manifestWriter.plugin == "unit-file")
  }

  @Test func `The environments and pipelines of a file are told`() throws {
    let loaded = try design()
    #expect(loaded.environments == ["laptop"])
    let smoke = try #require(loaded.pipelines.first { $0.name == "smoke" })
    #expect(smoke.parts.map(\.name) == ["survey", "service", "files", "founding", "hardening", "health", "run:1"])
    #expect(
      smoke.parts.last
        == .run(PipelineCommand(name: "1", place: .first, arguments: ["etcdctl", "endpoint", "status"])))
    #expect(loaded.baseFolder == "/srv/clusters/prod")
  }

  @Test func `A path leads to the place where its value is written, in an environment too`() throws {
    let plain = try design().positions
    #expect(plain["spec.hosts[1].address"]?.description == "prod/cluster.yaml:8:31")
    #expect(plain["spec.transport.with.identityFile"]?.line == 11)
    #expect(plain["environments.laptop.hosts[1].address"]?.line == 19)
    let merged = try design(environment: "laptop").positions
    #expect(merged["spec.hosts[1].address"]?.line == 19)
    #expect(merged["spec.hosts[1].name"]?.line == 19)
    #expect(merged["spec.kubernetesVersion"]?.line == 5)
    #expect(merged["spec.transport.with.identityFile"] == nil)
  }

  @Test func `What is not written is placed at what stands around it`() throws {
    let positions = try design().positions
    #expect(positions.place(ofHost: 2)?.description == "prod/cluster.yaml:9:7")
    #expect(positions.place(ofHost: 2, key: "ssh.port")?.line == 9)
    #expect(positions.place(ofSetting: "identityFile", of: .transport)?.line == 11)
    #expect(positions.place(ofSetting: "port", of: .transport)?.line == 11)
    #expect(positions.place(ofSetting: nil, of: .serviceManager)?.line == 13)
    #expect(positions.nearest(to: "spec.etcd.version")?.line == 5)
    #expect(ConfigurationPositions().nearest(to: "spec") == nil)
  }

  @Test func `Every key of a host arrives`() throws {
    let loaded = load(
      document(
        "etcd: {dataFolder: /data/etcd, version: 3.5.24, imageRepository: \"registry.example.com:5000/k8s\", imageTag: x}",
        hosts: """
          - name: infra0
            address: FD00:0:0::6
            root: ../roots/./infra0/
            ssh: {host: Bastion.example.com, port: 2222, user: "DOMAIN\\\\op"}
            ports: {client: 1, peer: 65535}
            sans: [a.example.com, "fd00:0::9"]
            serverSANs: [b.example.com, a.example.com]
            peerSANs: ["*.example.com"]
            dataFolder: /data//infra0/
            extraArgs: {snapshot-count: 5000, enable-v2: true, log-level: "", max-wals: 010}
          """))
    let spec = try #require(loaded.spec, "\(text(loaded.findings))")
    let address = try #require(IPAddress("fd00::6"))
    #expect(
      spec.hosts == [
        HostSpec(
          name: "infra0", address: address,
          endpoint: HostEndpoint(host: "Bastion.example.com", port: 2222, user: "DOMAIN\\op"),
          root: "/srv/roots/infra0", ports: MemberPorts(client: 1, peer: 65535, metrics: 2381),
          dataFolder: "/data/infra0", serverSANs: ["a.example.com", "fd00::9", "b.example.com"],
          peerSANs: ["a.example.com", "fd00::9", "*.example.com"],
          extraArguments: [
            EtcdArgument(name: "snapshot-count", value: "5000"), EtcdArgument(name: "enable-v2", value: "true"),
            EtcdArgument(name: "log-level", value: ""), EtcdArgument(name: "max-wals", value: "010"),
          ])
      ])
    #expect(spec.etcdVersion == Version(3, 5, 24))
    #expect(spec.imageRepository == "registry.example.com:5000/k8s")
    #expect(spec.imageTag == "x")
  }

  @Test func `The cluster's data folder holds for hosts that have none of their own`() throws {
    let spec = try #require(load(document("etcd: {dataFolder: /data/etcd, extraArgs: {log-level: debug}}")).spec)
    #expect(Set(spec.hosts.map(\.dataFolder)) == ["/data/etcd"])
    #expect(spec.extraArguments == [EtcdArgument(name: "log-level", value: "debug")])
  }

  @Test func `Paths of a CA start from the file's folder and from home`() throws {
    let text = document("ca: {keyAt: operator, certificate: ./pki/../ca.crt, key: ~/ca.key, validity: 9000h}")
    let spec = try #require(
      KnownPlugins.loader.load(file: "/etc/quorate/cluster.yaml", bytes: Array(text.utf8)).spec)
    #expect(
      spec.authority
        == AuthoritySpec(
          keyAt: .operator, certificateFile: "/etc/quorate/ca.crt", keyFile: "/home/op/ca.key",
          validitySeconds: 9000 * 3600))
    let homeless = ConfigurationLoader(plugins: KnownPlugins.all, workingFolder: "/")
    let findings = homeless.load(file: "cluster.yaml", bytes: Array(text.utf8)).findings
    #expect(findings.map(\.what) == ["`spec.ca.key` is `~/ca.key`, and there is no home folder"])
  }

  @Test func `Every issuer has the certificates' settings, and a plugin sees only those it describes`() throws {
    let plain = try #require(
      load(document("issuer: {plugin: openssl, with: {keyAlgorithm: RSA-3072, validity: 100h}}")).spec)
    #expect(plain.certificates == CertificateSpec(keyAlgorithm: .rsa3072, validitySeconds: 360_000))
    #expect(plain.issuer.settings == .object([:]))
    let own = try #require(
      load(
        document(
          "issuer: {plugin: cfssl, with: {server: \"https://ca\", validity: 720h, keyAlgorithm: RSA-2048}}\nca: {keyAt: issuer}"
        )
      ).spec)
    #expect(own.certificates == CertificateSpec(keyAlgorithm: .rsa2048, validitySeconds: 720 * 3600))
    #expect(
      own.issuer.settings == .object(["server": .string("https://ca"), "validity": .integer(720 * 3600)]))
  }

  @Test func `Settings of every type reach their plugin`() throws {
    let spec = try #require(
      load(
        document(
          "transport: {plugin: ssh, with: {agent: false, port: 2222, connectTimeout: 1m30s, hostKeys: {infra0: \"SHA256:x\"}, jump: {host: b}}}"
        )
      ).spec)
    #expect(
      spec.transport.settings
        == .object([
          "agent": .boolean(false), "port": .integer(2222), "connectTimeout": .integer(90),
          "hostKeys": .object(["infra0": .string("SHA256:x")]), "jump": .object(["host": .string("b")]),
        ]))
  }

  @Test func `A default plugin that is not known is named`() {
    let loader = ConfigurationLoader(
      plugins: KnownPlugins.all.filter { $0.id != "ssh" }, workingFolder: "/", homeFolder: nil)
    let findings = loader.load(file: "cluster.yaml", bytes: Array(document().utf8)).findings
    #expect(
      text(findings) == """
        cluster.yaml:5:3: error: `spec.transport` is missing, and its default `ssh` is not known here  [config.unknown-plugin]
          fix: choose one of `local`

        """)
  }

  @Test func `As many findings are told as anybody reads, and an error behind them is not forgotten`() {
    let hosts = (0..<301).map {
      "- {name: h\($0), address: 10.0.\($0 / 200).\($0 % 200 + 1), extraArgs: {wal-dir: /w}}"
    }
    let warned = load(document(hosts: hosts.joined(separator: "\n")))
    #expect(warned.findings.count == 201)
    #expect(warned.findings.last?.what == "there is more than these 200 findings")
    #expect(warned.spec != nil)
    let last = "- {name: last, address: 10.9.9.9, extraArgs: {name: x}}\n- {name: more, address: 10.9.9.8}"
    let wrong = load(document(hosts: (hosts + [last]).joined(separator: "\n")))
    #expect(wrong.findings.last?.severity == .error)
    #expect(wrong.spec == nil)
  }
}

@Suite struct EnvironmentTests {
  private let base = document("transport: {plugin: ssh, with: {user: ubuntu, hostKeys: {infra0: \"SHA256:a\"}}}")

  @Test func `Mappings are merged key by key, hosts by name, and null removes a key`() throws {
    let text =
      base + """
        environments:
          test:
            metadata: {name: test}
            kubernetesVersion: v1.30.4
            allowEvenMembers: true
            hosts:
              - {name: infra1, address: 10.1.0.7, ssh: {port: 2222}}
              - {name: infra3, address: 10.0.0.9}
            transport: {with: {user: ~, identityFile: /k, hostKeys: {infra1: "SHA256:b"}}}
          same:
            transport: {plugin: ssh, with: {become: sudo}}
        """
    let spec = try #require(load(text, environment: "test").spec)
    #expect(spec.name == "test")
    #expect(spec.kubernetesVersion == Version(1, 30, 4))
    #expect(spec.hosts.map(\.name) == ["infra0", "infra1", "infra2", "infra3"])
    #expect(spec.hosts[1].address.description == "10.1.0.7")
    #expect(spec.hosts[1].endpoint == HostEndpoint(host: "10.1.0.7", port: 2222))
    #expect(
      spec.transport.settings
        == .object([
          "identityFile": .string("/k"),
          "hostKeys": .object(["infra0": .string("SHA256:a"), "infra1": .string("SHA256:b")]),
        ]))
    let same = try #require(load(text, environment: "same").spec)
    #expect(same.transport.settings["user"] == .string("ubuntu"))
    #expect(same.transport.settings["become"] == .string("sudo"))
  }

  @Test func `A part that only environments have need not stand in the file`() throws {
    let text = """
      apiVersion: quorate/v1
      kind: EtcdCluster
      metadata: {name: prod}
      environments:
        one: {kubernetesVersion: v1.20.2, hosts: [{name: a, address: 10.0.0.1}]}
        two: {kubernetesVersion: v1.20.2, hosts: [{name: b, address: 10.0.0.2}], pipelines: {p: [survey]}}
      """
    #expect(load(text).findings.map(\.what) == ["`spec` is missing"])
    #expect(load(text, environment: "one").spec?.hosts.map(\.name) == ["a"])
    let two = load(text, environment: "two")
    #expect(two.spec?.hosts.map(\.name) == ["b"])
    #expect(two.pipelines == [Pipeline(name: "p", goal: .bootstrap, parts: [.survey])])
  }

  @Test func `A fault in an environment is told with and without it, once, at its own place`() {
    let text = base + "environments:\n  bad: {etcd: {version: 2.0.0}}\n"
    for environment in [nil, "bad"] {
      let findings = load(text, environment: environment).findings
      #expect(findings.map { $0.position?.description } == ["cluster.yaml:12:25"])
      #expect(findings.map(\.what) == ["`environments.bad.etcd.version` is `2.0.0`, which is not known"])
    }
  }
}
