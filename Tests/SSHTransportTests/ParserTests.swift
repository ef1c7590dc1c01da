import SSHTestHost
@testable import SSHTransport
import QuorateCore
import QuorateTesting
import Testing

@Suite struct KnownHostsTests {
  private let key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
  private let other =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"

  private func matches(_ field: String, _ host: String) -> Bool { HostPattern(field.utf8)?.matches(host) ?? false }

  @Test func `names, patterns and negations match as in sshd(8)`() {
    #expect(matches("a,b", "b") && matches("A", "a") && matches("a", "A"))
    #expect(matches("*.example.com", "x.example.com") && !matches("*.example.com", "example.com"))
    #expect(matches("10.0.0.?", "10.0.0.6") && !matches("10.0.0.?", "10.0.0.66"))
    #expect(!matches("*,!b", "b") && matches("*,!b", "a") && !matches("!b", "a"))
    #expect(matches("[10.0.0.6]:2222", "[10.0.0.6]:2222") && !matches("10.0.0.6", "[10.0.0.6]:2222"))
    #expect(!matches("a", "ab") && !matches("", ""))
  }

  @Test func `a pattern of many stars takes no time`() {
    #expect(!matches(String(repeating: "*a", count: 200), String(repeating: "a", count: 400) + "b"))
  }

  @Test func `hashed names match, as ssh-keygen -H writes them`() async throws {
    let folder = try await TemporaryFolder()
    try folder.write("h", "[10.0.0.6]:2222,infra0 \(key)\n10.0.0.7 \(other)\n")
    let hashed = await LocalProgram.run(["ssh-keygen", "-H", "-f", folder.path("h")])
    guard hashed.status == 0 else { return }
    let hosts = KnownHosts(Array(try folder.read("h").utf8), file: "h")
    #expect(hosts.entries.count == 3)
    #expect(hosts.entries.filter { $0.hosts.matches("10.0.0.7") }.map(\.line) == [3])
    #expect(hosts.entries.filter { $0.hosts.matches("[10.0.0.6]:2222") }.count == 1)
    #expect(hosts.entries.filter { $0.hosts.matches("infra1") }.isEmpty)
  }

  @Test func `comments, markers and unreadable lines are told apart`() {
    let text = """
      # a comment

      infra0 \(key) a comment with words
      @revoked * \(other)
      @cert-authority *.example.com\t\(key)
      @unknown infra0 \(key)
      infra0 ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl
      infra0 ssh-ed25519 not-base-64
      infra0
      |1|bad|hash \(key)
      """
    let entries = KnownHosts(Array(text.utf8), file: "f").entries
    #expect(entries.map(\.line) == [3, 4, 5])
    #expect(entries.map(\.marker) == [.none, .revoked, .authority])
  }

  @Test func `fingerprints are those of ssh-keygen -l`() async throws {
    let folder = try await TemporaryFolder()
    try folder.write("k", key + "\n")
    let shown = await LocalProgram.run(["ssh-keygen", "-lf", folder.path("k")])
    guard shown.status == 0 else { return }
    let entry = KnownHosts(Array("a \(key)".utf8), file: "f").entries.first
    #expect(shown.text.split(separator: " ").dropFirst().first.map(String.init) == entry?.key.fingerprint)
  }

  @Test func `no file breaks the reading`() {
    let text = """
      infra0,[10.0.0.6]:22,!x,*.y \(key) c
      @revoked |1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= \(other)
      """
    Mutations(seed: 1).run(Array(text.utf8), rounds: 8000) { bytes in
      for entry in KnownHosts(bytes, file: "f").entries { _ = entry.hosts.matches("infra0") }
    }
  }
}

@Suite struct KeyExchangeOfferTests {
  private func offer(_ lists: [String]) -> [UInt8] {
    var payload = SSHWriter()
    payload.byte(20)
    for _ in 0..<16 { payload.byte(9) }
    for list in lists { payload.string(list.utf8) }
    for _ in lists.count..<10 { payload.string("".utf8) }
    payload.byte(0)
    payload.number(0)
    var packet = SSHWriter()
    packet.number(UInt32(payload.bytes.count + 1 + 4))
    packet.byte(4)
    return Array("hello\r\nSSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".utf8) + packet.bytes + payload.bytes + [0, 0, 0, 0]
  }

  @Test func `version and methods are read`() {
    let read = KeyExchangeOffer(offer(["kex1,kex2", "rsa-sha2-512", "c1", "c2", "m1", "m2"]))
    #expect(read?.version == "SSH-2.0-OpenSSH_9.2p1 Debian-2")
    #expect(read?.keyExchange == ["kex1", "kex2"])
    #expect(read?.hostKeys == ["rsa-sha2-512"])
    #expect(read?.ciphers == ["c1"])
    #expect(read?.macs == ["m1"])
    #expect(KeyExchangeOffer(Array(offer(["kex1"]).dropLast(20))) == nil)
    #expect(KeyExchangeOffer(Array("HTTP/1.1 400\r\n\r\n".utf8)) == nil)
  }

  @Test func `no server breaks the reading`() {
    Mutations(seed: 2).run(offer(["kex1,kex2", "rsa-sha2-512", "c1", "c2", "m1", "m2"]), rounds: 20_000) {
      _ = KeyExchangeOffer($0)
    }
  }

  @Test func `which servers refuse RSA with SHA-1 stands in their version`() {
    #expect(SSHConnection.refusesSHA1("SSH-2.0-OpenSSH_8.8"))
    #expect(SSHConnection.refusesSHA1("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"))
    #expect(SSHConnection.refusesSHA1("SSH-2.0-OpenSSH_10.0p2"))
    #expect(!SSHConnection.refusesSHA1("SSH-2.0-OpenSSH_8.7p1"))
    #expect(!SSHConnection.refusesSHA1("SSH-2.0-OpenSSH_7.4"))
    #expect(!SSHConnection.refusesSHA1("SSH-2.0-dropbear_2022.83"))
    #expect(!SSHConnection.refusesSHA1(""))
  }
}

@Suite struct AgentMessagesTests {
  private func list() -> [UInt8] {
    var blob = SSHWriter()
    blob.string("ssh-ed25519".utf8)
    blob.string([UInt8](repeating: 1, count: 32))
    var answer = SSHWriter()
    answer.byte(12)
    answer.number(2)
    for comment in ["me@here", "\u{1b}[2J"] {
      answer.string(blob.bytes)
      answer.string(comment.utf8)
    }
    return answer.bytes
  }

  private func signed() -> [UInt8] {
    var inner = SSHWriter()
    inner.string("ssh-ed25519".utf8)
    inner.string([1, 2, 3])
    var answer = SSHWriter()
    answer.byte(14)
    answer.string(inner.bytes)
    return answer.bytes
  }

  @Test func `keys and signatures are read`() {
    #expect(AgentMessages.identities(list())?.map(\.comment) == ["me@here", "\u{1b}[2J"])
    #expect(AgentMessages.identities([5]) == nil)
    #expect(AgentMessages.signature(signed()) == [1, 2, 3])
    #expect(AgentMessages.signature([5]) == nil)
  }

  @Test func `the hash for an RSA signature is the one in what is signed`() {
    func flags(_ algorithm: String) -> UInt32 {
      var data = SSHWriter()
      data.string([1, 2])
      data.byte(50)
      for text in ["user", "ssh-connection", "publickey"] { data.string(text.utf8) }
      data.byte(1)
      data.string(algorithm.utf8)
      return AgentMessages.flags(toSign: data.bytes)
    }
    #expect(flags("rsa-sha2-256") == 2 && flags("rsa-sha2-512") == 4 && flags("ssh-ed25519") == 0)
    #expect(AgentMessages.flags(toSign: []) == 0)
  }

  @Test func `no agent breaks the reading`() {
    Mutations(seed: 3).run(list(), rounds: 10_000) { _ = AgentMessages.identities($0) }
    Mutations(seed: 4).run(signed(), rounds: 10_000) { _ = AgentMessages.signature($0) }
  }
}

@Suite struct PrivateKeyFormTests {
  @Test(.enabled(if: TestHost.isAvailable))
  func `type, encryption and public key are seen without the passphrase`() async throws {
    let folder = try await TestHost.shared.folder()
    for (name, type, isEncrypted, isOpenSSH) in [
      ("id_ed25519", "ssh-ed25519", false, true), ("id_ed25519_encrypted", "ssh-ed25519", true, true),
      ("id_ecdsa_256", "ecdsa-sha2-nistp256", false, true), ("id_ecdsa_encrypted", "ecdsa-sha2-nistp256", true, true),
      ("id_ecdsa_pem", "ecdsa", false, false), ("id_ecdsa_pem_encrypted", "ecdsa", true, false),
      ("id_rsa", "ssh-rsa", false, true), ("id_rsa_pem", "ssh-rsa", false, false),
      ("id_ecdsa_pkcs8", nil, false, false),
    ] as [(String, String?, Bool, Bool)] {
      let content = Array(try TestHost.read("\(folder)/\(name)").utf8)
      guard case .success(let form) = PrivateKeyForm.read(content) else {
        Issue.record("\(name) is not read")
        continue
      }
      #expect(form.type == type && form.isEncrypted == isEncrypted, "\(name)")
      if isOpenSSH {
        let line = try await TestHost.publicKey(name, folder: folder)
        let blob = Base64.decode(Array(line.split(separator: " ")[1].utf8))
        #expect(form.publicKey?.blob == blob, "\(name)")
      }
    }
  }

  @Test func `what is no private key is named`() {
    func problem(_ text: String) -> String? {
      if case .failure(let problem) = PrivateKeyForm.read(Array(text.utf8)) { problem.what } else { nil }
    }
    #expect(problem("ssh-ed25519 AAAA me") == "is a public key")
    #expect(problem("PuTTY-User-Key-File-3: ssh-ed25519\n") == "is a key of PuTTY")
    #expect(problem("hello") == "is no private key")
    #expect(problem("") == "is no private key")
    #expect(
      problem("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
        == "is a damaged OpenSSH key")
  }

  @Test(.enabled(if: TestHost.isAvailable))
  func `no file breaks the reading`() async throws {
    let folder = try await TestHost.shared.folder()
    for (seed, name) in ["id_ed25519", "id_ecdsa_encrypted", "id_ecdsa_pem_encrypted"].enumerated() {
      let content = Array(try TestHost.read("\(folder)/\(name)").utf8)
      Mutations(seed: UInt64(10 + seed)).run(content, rounds: 1500) { _ = PrivateKeyForm.read($0) }
    }
  }
}

@Suite struct Base64Tests {
  @Test func `encoding and decoding are each other's inverse`() {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
    }
    #expect(Base64.encode(Array("Man".utf8)) == "TWFu" && Base64.encode(Array("Ma".utf8)) == "TWE=")
    for wrong in ["TWF", "TW=u", "T===", "TWF%", "====", "TWE=TWE="] { #expect(Base64.decode(wrong.utf8) == nil) }
  }
}
