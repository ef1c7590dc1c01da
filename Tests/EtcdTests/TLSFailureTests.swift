import Foundation
import QuorateCore
import QuorateEtcd
import Testing

/// Each way in which TLS fails is told apart from the others, against a real etcd or OpenSSL's own server.
@Suite(.enabled(if: EtcdCluster.isInstalled, EtcdCluster.missing), .cluster(1), .timeLimit(.minutes(3)))
struct TLSFailureTests {
  /// The error of asking the cluster's member with some credentials.
  private func failure(_ credentials: EtcdCredentials) async throws -> EtcdError {
    let client = EtcdCluster.client(try EtcdCluster.current.hosts[0], credentials: credentials)
    let error = await #expect(throws: EtcdError.self) { try await client.status() }
    await client.close()
    return try #require(error)
  }

  /// The error of asking OpenSSL's server, which shows a certificate of one's choice.
  private func failure(
    ofServer leaf: String, in authority: TestAuthority, names: String, days: Int = 5
  ) async throws -> EtcdError {
    try await authority.issue(leaf, names: names, days: days)
    try await authority.issue("client", names: "DNS:client")
    let server = try await TLSServer.start(leaf, in: authority)
    let client = server.client(try authority.credentials("client"))
    let error = await #expect(throws: EtcdError.self) { try await client.status() }
    await client.close()
    await server.stop()
    return try #require(error)
  }

  private func withAuthority(_ body: (TestAuthority) async throws -> Void) async throws {
    let folder = try TestAuthority.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(TestAuthority(in: folder))
  }

  @Test func `A member of another CA is not trusted`() async throws {
    let other = try await TestAuthority(in: EtcdCluster.current.authority.folder, name: "other")
    let credentials = try EtcdCluster.current.authority.credentials("client", authority: other.certificate("other"))
    let error = try await failure(credentials)
    #expect(error.code == .serverCertificateUntrusted)
    #expect(error.why == "its server certificate was not issued by this cluster's CA")
  }

  @Test func `A client certificate of another CA is refused by the member`() async throws {
    let cluster = try EtcdCluster.current
    let other = try await TestAuthority(in: cluster.authority.folder, name: "stranger")
    try await other.issue("stranger-client", names: "DNS:client")
    let credentials = try other.credentials("stranger-client", authority: cluster.authority.certificate("ca"))
    let error = try await failure(credentials)
    #expect(error.code == .clientCertificateRefused && !error.mayHaveHappened, "\(error)")
    // The alert and the request cross: whoever is first, the answer is the same.
    for _ in 0..<20 {
      let client = EtcdCluster.client(cluster.hosts[0], credentials: credentials)
      let error = await #expect(throws: EtcdError.self) { try await client.put([1], at: [1]) }
      #expect(
        error?.code == .clientCertificateRefused && error?.mayHaveHappened == false,
        "\(String(describing: error)) \(String(describing: error?.code))")
      await client.close()
    }
  }

  @Test func `An expired client certificate is refused by the member, and the error says that it has expired`()
    async throws
  {
    let authority = try EtcdCluster.current.authority
    try await authority.issue("expired-client", names: "DNS:client", days: -1)
    let error = try await failure(authority.credentials("expired-client"))
    #expect(error.code == .clientCertificateExpired)
    #expect(error.why == "it refused the client certificate, which has expired")
  }

  @Test func `A key of another certificate, and one that is no key, cannot be used`() async throws {
    let authority = try EtcdCluster.current.authority
    #expect(try await failure(authority.credentials("client", key: "server")).code == .credentialUnusable)
    var garbage = try authority.credentials("client")
    garbage.key = SecretBytes(Array("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n".utf8))
    #expect(try await failure(garbage).code == .credentialUnusable)
    garbage = try authority.credentials("client")
    garbage.certificate = []
    #expect(try await failure(garbage).code == .credentialUnusable)
    garbage = try authority.credentials("client")
    garbage.authority = Array("no certificate".utf8)
    #expect(try await failure(garbage).code == .credentialUnusable)
  }

  @Test func `A key with a passphrase cannot be used, and nobody is asked for it`() async throws {
    let authority = try EtcdCluster.current.authority
    try await ChildProcess.run([
      "openssl", "ec", "-in", authority.key("client"), "-aes256", "-passout", "pass:secret", "-out",
      authority.key("encrypted"),
    ])
    #expect(try await failure(authority.credentials("client", key: "encrypted")).code == .credentialUnusable)
  }

  @Test func `A server certificate that has expired is told from one of another CA`() async throws {
    try await withAuthority { authority in
      let error = try await failure(ofServer: "old", in: authority, names: "IP:127.0.0.1", days: -1)
      #expect(error.code == .serverCertificateExpired)
    }
  }

  @Test func `A server certificate for another address is told from one of another CA`() async throws {
    try await withAuthority { authority in
      let error = try await failure(ofServer: "elsewhere", in: authority, names: "IP:10.0.0.9,DNS:localhost")
      #expect(error.code == .serverCertificateWrongName)
      #expect(error.why == "its server certificate is not for this address")
    }
  }

  @Test func `An expired certificate can be looked at without trusting it`() async throws {
    try await withAuthority { authority in
      try await authority.issue("old", names: "IP:127.0.0.1", days: -1)
      try await authority.issue("client", names: "DNS:client")
      let server = try await TLSServer.start("old", in: authority)
      let client = server.client(try authority.credentials("client"))
      #expect(try await client.servedCertificate(verifying: false).serial.isEmpty == false)
      await #expect(throws: EtcdError.self) { try await client.servedCertificate() }
      await client.close()
      await server.stop()
    }
  }

  @Test func `A renewed certificate is seen served without a restart of the member`() async throws {
    let cluster = try EtcdCluster.current
    let client = try cluster.client()
    let before = try await client.servedCertificate()
    try await cluster.authority.issue("renewed")
    for kind in ["key", "crt"] {
      let folder = cluster.authority.folder
      #expect(rename("\(folder)/renewed.\(kind)", "\(folder)/server.\(kind)") == 0)
    }
    let after = try await client.servedCertificate()
    #expect(after.serial != before.serial)
    #expect(try await client.status().isLeader)
    await client.close()
  }
}
