import Foundation
import OpenSSLIssuer
import QuorateCore
import QuoratePKI
import QuoratePluginHost
import QuoratePluginMessages
import QuorateTesting
import Testing

/// Plugins as authors write them, by both carriers.
@Suite struct CarrierTests {
  private static let now = Instant(secondsSinceEpoch: 1_795_399_380)
  private let toolkit = OpenSSLToolkit(clock: { now })

  /// The example in Swift, which is built with the tests.
  private static let swiftIssuer = URL(filePath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
    .appending(path: "libswift-issuer.so").path

  private func start(_ library: String, isolated: Bool) async throws(PluginFault) -> any PluginCarrier {
    if isolated {
      return try await ChildCarrier.start(
        library: library, kind: .certIssuer, hostVersion: "0.1.0", program: CompiledPlugin.quorate
      ) { _ in }
    }
    return try await InProcessCarrier.start(library: library, kind: .certIssuer, hostVersion: "0.1.0") { _ in }
  }

  private func issuer(_ name: String, _ library: String, isolated: Bool) -> RemoteCertIssuer {
    CompiledPlugin.issuer(name) { () throws(PluginFault) in try await start(library, isolated: isolated) }
  }

  private func authority() async throws -> AuthorityMaterial {
    let profile = AuthorityProfile(
      commonName: "etcd-ca", commonNameIsSAN: true, keyAlgorithm: .ecdsaP256,
      notBefore: Self.now.advanced(bySeconds: -300), notAfter: Self.now.advanced(bySeconds: 87_600 * 3600))
    return try await OpenSSLIssuer().authority(AuthorityRequest(existing: nil, profile: profile)).material
  }

  @Test(arguments: [false, true])
  func `An issuer in Swift keeps what every issuer must keep`(isolated: Bool) async throws {
    let issuer = issuer("swift-issuer", Self.swiftIssuer, isolated: isolated)
    // It makes its own CA, whose key comes back as a secret.
    #expect(try await CertIssuerConformance(issuer, toolkit: toolkit, now: Self.now).violations() == [])
    let suite = CertIssuerConformance(issuer, toolkit: toolkit, now: Self.now, existing: try await authority())
    #expect(try await suite.violations() == [])
  }

  @Test(arguments: [false, true])
  func `An issuer in one file of C keeps what every issuer must keep`(isolated: Bool) async throws {
    let plugin = try await CompiledPlugin("examples/plugins/c-issuer/c-issuer.c", libraries: ["-lcrypto"])
    let issuer = issuer("c-issuer", plugin.library, isolated: isolated)
    let suite = CertIssuerConformance(issuer, toolkit: toolkit, now: Self.now, existing: try await authority())
    #expect(try await suite.violations() == [])
  }

  @Test(arguments: [false, true])
  func `What a plugin says of itself is known, and its own errors are its own words`(isolated: Bool) async throws {
    let plugin = try await CompiledPlugin("examples/plugins/c-issuer/c-issuer.c", libraries: ["-lcrypto"])
    let carrier = try await start(plugin.library, isolated: isolated)
    #expect(
      carrier.identity
        == PluginIdentity(
          id: "c-issuer", version: "1.0.0", summary: "Issues from the CA that the configuration brings.",
          lowestHost: "0.1.0", kinds: [.certIssuer], abiMajor: 1, abiMinor: 0))
    let unknown = try await carrier.call(
      "issuer.later", PluginMessage(body: Array(#"{"version":1}"#.utf8)), deadline: .seconds(30))
    #expect(unknown.status == .unknownFunction)
    await carrier.close()

    let issuer = issuer("c-issuer", plugin.library, isolated: isolated)
    let error = await #expect(throws: PluginError.self) {
      try await issuer.issue(
        IssueBatch(authority: AuthorityMaterial(certificate: try await authority().certificate), requests: []))
    }
    #expect(
      error
        == PluginError(
          plugin: "c-issuer",
          why: "the CA's certificate is there, but not its private key, so nothing can be issued",
          fix: "name the files that belong together by ca.certificate and ca.key"))
  }

  @Test(arguments: [false, true])
  func `A plugin that is made for a later minor version of the ABI works`(isolated: Bool) async throws {
    let plugin = try await CompiledPlugin(test: "newer-minor")
    let issuer = issuer("faulty", plugin.library, isolated: isolated)
    let batch = IssueBatch(authority: AuthorityMaterial(certificate: []), requests: [])
    #expect(try await issuer.issue(batch).isEmpty)
  }

  @Test(arguments: [false, true])
  func `A thousand questions at once are answered each by its own answer`(isolated: Bool) async throws {
    let plugin = try await CompiledPlugin(test: "echo")
    let carrier = try await start(plugin.library, isolated: isolated)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<1000 {
        group.addTask {
          let text = Array(#"{"version":1,"number":\#(number)}"#.utf8)
          let secret = SecretBytes(Array("secret \(number)".utf8))
          let reply = try await carrier.call(
            "echo", PluginMessage(body: text, secrets: [secret]), deadline: .seconds(60))
          return reply.message.body == text && reply.message.secrets.first?.isEqual(to: secret) == true
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    await carrier.close()
  }

  @Test(arguments: [false, true])
  func `A stream that is lent to a plugin is written to, and one that it lends back is read`(isolated: Bool)
    async throws
  {
    let plugin = try await CompiledPlugin(test: "streams")
    let carrier = try await start(plugin.library, isolated: isolated)
    let pipe = Pipe()
    let lent = try #require(OwnedDescriptor(duplicating: pipe.fileHandleForWriting.fileDescriptor))
    let reply = try await carrier.call("stream", PluginMessage(descriptors: [lent]), deadline: .seconds(30))
    #expect(try pipe.fileHandleForReading.read(upToCount: 5) == Data("there".utf8))
    let back = try #require(reply.message.descriptors.first)
    #expect(try FileHandle(fileDescriptor: back.number).read(upToCount: 4) == Data("back".utf8))
    await carrier.close()
  }

  @Test(arguments: [false, true])
  func `A cancelled question to an issuer in Swift ends at once, and the plugin goes on`(isolated: Bool) async throws {
    let carrier = try await start(Self.swiftIssuer, isolated: isolated)
    let setup = try PluginMessage(PluginSetup(kind: .certIssuer, settings: .object([:]), baseFolder: "/"))
    for _ in 0..<50 {
      let task = Task { try await carrier.call("configure", setup, deadline: .seconds(60)) }
      task.cancel()
      // What was answered before the cancellation came is an answer.
      do { _ = try await task.value } catch { #expect((error as? PluginFault)?.kind == .cancelled(stopped: true)) }
    }
    #expect(try await carrier.call("configure", setup, deadline: .seconds(60)).status == .ok)
    await carrier.close()
  }

  @Test func `A library that is not there, and one that is none, are told apart by the linker's words`() async throws {
    let missing = await #expect(throws: PluginFault.self) { try await start("/nonexistent/x.so", isolated: true) }
    #expect(
      missing.map { "\($0)".contains("the plugin x.so cannot be loaded: /nonexistent/x.so: cannot open") } == true)
    let text = await #expect(throws: PluginFault.self) { try await start("/etc/hostname", isolated: true) }
    #expect(text.map { "\($0)".contains("cannot be loaded: /etc/hostname: ") } == true)
  }

  @Test func `A plugin's answer may be as large as the limit, and no larger`() async throws {
    let plugin = try await CompiledPlugin(test: "echo")
    let carrier = try await start(plugin.library, isolated: true)
    let largest = PluginMessage(body: [UInt8](repeating: 32, count: 16 << 20))
    let reply = try await carrier.call("echo", largest, deadline: .seconds(60))
    #expect(reply.message.body == largest.body)
    let larger = PluginMessage(body: [UInt8](repeating: 32, count: 16 << 20 + 1))
    let fault = await #expect(throws: PluginFault.self) {
      try await carrier.call("echo", larger, deadline: .seconds(60))
    }
    #expect(
      fault?.kind == .tooLarge(what: "a question of 16777217 bytes", limit: 16 << 20))
    await carrier.close()
  }

  @Test func `The process of a plugin is gone when its carrier is`() async throws {
    let plugin = try await CompiledPlugin(test: "echo")
    // The plugin holds the other end of this pipe for as long as its process is there.
    let pipe = Pipe()
    do {
      let carrier = try await start(plugin.library, isolated: true)
      let lent = try #require(OwnedDescriptor(duplicating: pipe.fileHandleForWriting.fileDescriptor))
      _ = try await carrier.call("keep", PluginMessage(descriptors: [lent]), deadline: .seconds(30))
    }
    try pipe.fileHandleForWriting.close()
    let reader = pipe.fileHandleForReading.fileDescriptor
    let count = await DetachedThread.value { () -> Int in
      var byte: UInt8 = 0
      return read(reader, &byte, 1)
    }
    #expect(count == 0)
    try pipe.fileHandleForReading.close()
  }
}
