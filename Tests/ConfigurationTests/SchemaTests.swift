import Foundation
import QuorateBundle
import QuorateConfiguration
import QuorateCore
import Testing
import Yams

@Suite struct SchemaTests {
  private let text = ConfigurationSchema(plugins: KnownPlugins.all).jsonSchema

  private func schema() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func faults(of name: String) throws -> [String] {
    let yaml = try String(contentsOf: CaseTests.folder.appending(path: name + ".yaml"), encoding: .utf8)
    let instance = try Yams.load(yaml: yaml) ?? NSNull()
    return SchemaVerdict(instance, against: try schema()).faults
  }

  @Test(arguments: ["minimal", "design", "single", "two-allowed", "nine", "ca-operator-without-key"])
  func
    `The JSON Schema takes what Quorate takes`(_ name: String) throws
  {
    #expect(try faults(of: name) == [])
  }

  @Test(arguments: [
    ("unknown-keys", "unknown key specs"), ("missing", "kind is missing"), ("types", "type is none of"),
    ("types-more", "[0]: type is none of"), ("algorithm", ".issuer.with: unknown key validty"),
    ("plugins", ".transport.plugin: not in enum"), ("plugin-required", ".spec.issuer: with is missing"),
    ("ports", ".hosts[1].ports.client: below minimum"), ("durations", ".ca.validity: does not match"),
    ("arguments", ".hosts[1].extraArgs: type is none of"), ("logins", ".transport.with.user: does not match"),
    ("environments", ".environments.laptop.hosts[0]: unknown key adress"),
    ("environments", ".environments.laptop.hosts[1]: name is missing"), ("pipelines", "fits none of anyOf"),
    ("versions-short", ".spec.kubernetesVersion: does not match"), ("names", ".hosts[2].name: does not match"),
  ]) func `The JSON Schema refuses what an editor can see`(_ name: String, _ fault: String) throws {
    let faults = try faults(of: name)
    #expect(faults.contains { $0.contains(fault) }, "\(faults)")
    #expect(!faults.contains { $0.contains("the schema has") })
  }

  @Test func `An environment may hold any part, and null`() throws {
    let yaml =
      document() + """
        environments:
          one: {allowEvenMembers: ~, hosts: ~, transport: {with: {user: ~}}, ca: {keyAt: ~, validity: ~}}
          two: {hosts: [{name: infra0, ports: {client: 4001}, sans: ~}], metadata: {name: other}}
          three:
        """
    let instance = try #require(try Yams.load(yaml: yaml))
    // A plugin's settings are known in an environment that names the plugin.
    #expect(SchemaVerdict(instance, against: try schema()).faults == [])
    #expect(!load(yaml).findings.contains { $0.severity == .error })
  }

  @Test func `A reference may stand where any value may`() throws {
    let yaml = document(
      """
      allowEvenMembers: ${env:YES}
      apiserverClient: ${env:WHO:-first}
      ca: {validity: "${env:VALIDITY}"}
      transport: {plugin: "${env:TRANSPORT}", with: {port: "${env:PORT}"}}
      """,
      hosts: """
        - {name: "${env:STAGE}-0", address: "${env:ADDRESS:-10.0.0.6}", ports: {client: "${env:PORT}"}}
        """)
    let instance = try #require(try Yams.load(yaml: yaml))
    #expect(SchemaVerdict(instance, against: try schema()).faults == [])
    #expect(load(yaml).spec != nil, "\(ConfigurationTests.text(load(yaml).findings))")
  }

  @Test func `The schema describes every key, and names each plugin with its summary`() throws {
    let schema = try schema()
    let properties = try #require(schema["properties"] as? [String: [String: Any]])
    #expect(Set(properties.keys) == ["apiVersion", "kind", "metadata", "spec", "environments", "pipelines"])
    #expect(properties.values.allSatisfy { $0["description"] is String })
    #expect(text.contains("ssh: Over SSH."))
    #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    #expect(text.hasSuffix("}\n"))
  }
}

@Suite struct ReferencePageTests {
  private let page = ConfigurationSchema(plugins: BundledPlugins.all.map(\.descriptor)).referencePage

  /// `QUORATE_RECORD=1 swift test --filter ReferencePage` writes the page.
  @Test func `The reference page is the one that is generated`() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/configuration.md")
    if ProcessInfo.processInfo.environment["QUORATE_RECORD"] != nil { try Data(page.utf8).write(to: file) }
    #expect(try String(contentsOf: file, encoding: .utf8) == page)
  }

  @Test func `The example on the page is valid`() throws {
    let parts = page.components(separatedBy: "```")
    let yaml = try #require(parts.first { $0.hasPrefix("yaml\n") }).dropFirst(5)
    #expect(load(String(yaml)).findings.isEmpty)
  }

  @Test func `Every mapping and every plugin has its table`() {
    let all = ConfigurationSchema(plugins: KnownPlugins.all).referencePage
    for heading in [
      "### `spec.hosts[].ports`", "### `spec.ca`", "### `ssh`", "#### `with.jump`", "### `pipelines.NAME[].run`",
    ] {
      #expect(all.contains(heading + "\n"), "\(heading)")
    }
  }
}

@Suite struct BundledFormsTests {
  @Test(
    arguments: BundledPlugins.all.map(\.descriptor).filter { [.serviceManager, .manifestWriter].contains($0.kind) })
  func `Every bundled service manager and manifest writer says its form, and has a partner`(
    _ plugin: PluginDescriptor
  ) {
    #expect(plugin.manifestForm != nil, "\(plugin.id)")
    let fitting = PluginCombination.fitting(among: BundledPlugins.all.map(\.descriptor))
    #expect(fitting.contains { [$0.serviceManager, $0.manifestWriter].contains(plugin.id) }, "\(plugin.id)")
  }
}
