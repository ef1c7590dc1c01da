import Foundation
import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct EffectiveTests {
  /// Every case that is valid, with and without its environment, comes out as the same cluster.
  @Test(arguments: CaseTests.names) func `What is printed reads back as the same cluster`(_ name: String) throws {
    let bytes = try Data(contentsOf: CaseTests.folder.appending(path: name + ".yaml"))
    for environment in [nil, "laptop"] {
      let loaded = KnownPlugins.loader.load(file: name + ".yaml", bytes: Array(bytes), environment: environment)
      guard let spec = loaded.spec, let effective = loaded.effective else { continue }
      let written = load(effective.yaml(origins: true, defaults: false))
      #expect(written.spec == spec, "\(effective.yaml(defaults: false))\n\(text(written.findings))")
      let plain = load(effective.yaml(origins: false, defaults: false))
      #expect(plain.spec == spec)
      #expect(written.pipelines == loaded.pipelines && plain.pipelines == loaded.pipelines)
      // Defaults that are written are settings of a plugin that it would have taken anyway.
      for text in [effective.yaml(), effective.yaml(origins: false)] {
        let whole = load(text)
        #expect(whole.spec?.hosts == spec.hosts && whole.spec?.authority == spec.authority, "\(text)")
        #expect(whole.spec?.certificates == spec.certificates && whole.pipelines == loaded.pipelines)
      }
    }
  }

  @Test func `Each value has its origin in a comment, all in one column`() throws {
    let text =
      document(
        """
        etcd:
          extraArgs: {quota-backend-bytes: 8589934592, note: "a $${b}: #", token: "${file:token}"}
        transport: {plugin: ssh, with: {user: "${env:USER_NAME}"}}
        """) + """
        environments:
          laptop: {hosts: [{name: infra1, sans: [], ports: {client: 4001}}], transport: {with: {become: sudo}}}
        """
    let loaded = load(text, environment: "laptop")
    let yaml = try #require(loaded.effective?.yaml(defaults: false), "\(ConfigurationTests.text(loaded.findings))")
    #expect(
      yaml == """
        apiVersion: quorate/v1                 # cluster.yaml:1
        kind: EtcdCluster                      # cluster.yaml:2
        metadata:
          name: prod                           # cluster.yaml:3
        spec:
          kubernetesVersion: v1.20.2           # cluster.yaml:5
          hosts:
            - name: infra0                     # cluster.yaml:7
              address: 10.0.0.6                # cluster.yaml:7
            - name: infra1                     # environment laptop at cluster.yaml:14
              address: 10.0.0.7                # cluster.yaml:8
              ports:
                client: 4001                   # environment laptop at cluster.yaml:14
              sans: []                         # environment laptop at cluster.yaml:14
            - name: infra2                     # cluster.yaml:9
              address: 10.0.0.8                # cluster.yaml:9
          etcd:
            extraArgs:
              quota-backend-bytes: 8589934592  # cluster.yaml:11
              note: "a $${b}: #"               # cluster.yaml:11
              token: s3cret                    # ${file:token} at cluster.yaml:11
          transport:
            plugin: ssh                        # cluster.yaml:12
            with:
              user: operator                   # ${env:USER_NAME} at cluster.yaml:12
              become: sudo                     # environment laptop at cluster.yaml:14

        """)
  }

  @Test func `What is not written stands there with its default`() throws {
    let yaml = try #require(load(document()).effective?.yaml())
    for line in [
      "  allowEvenMembers: false", "      ports:", "        client: 2379", "    plugin: systemd-kubelet",
      "    keyAt: first-host", "    validity: 87600h", "    # version: what kubernetesVersion says", "      port: 22",
    ] {
      #expect(yaml.contains("\n\(line)"), "\(line)\n\(yaml)")
    }
    let plain = try #require(load(document()).effective?.yaml(origins: false))
    #expect(!plain.contains("#") && plain.contains("keyAt: first-host"))
  }

  @Test func `A CA that is brought has no default validity`() throws {
    let yaml = try #require(load(document("ca: {certificate: ./ca.crt, key: ./ca.key}")).effective?.yaml())
    #expect(!yaml.contains("87600h"))
  }
}
