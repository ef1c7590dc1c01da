@testable import OpenSSHTransport
import QuorateCore
import SSHTestHost
import Testing

@Suite struct ClientWordsTests {
  private static let identity = ClientIdentity("user ops\nhostname 10.0.0.6\nport 2222\n")

  /// What ssh says, and what becomes of it.
  private static let cases: [(said: String, code: TransportError.Code, why: String)] = [
    (
      "ssh: connect to host 10.0.0.6 port 2222: No route to host", .unreachable,
      "cannot connect to 10.0.0.6 port 2222: no route to host"
    ),
    (
      "ssh: Could not resolve hostname a.example: Name or service not known", .unreachable,
      "the name a.example was not found: name or service not known"
    ),
    ("Connection timed out during banner exchange", .unreachable, "10.0.0.6 port 2222 did not answer in time"),
    (
      "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by 10.0.0.6 port 2222",
      .unreachable,
      "10.0.0.6 port 2222 ended the connection before the login: kex_exchange_identification: Connection closed by remote host"
    ),
    (
      "No ED25519 host key is known for [10.0.0.6]:2222 and you have requested strict checking.\r\nHost key verification failed.",
      .hostKeyRejected, "the host key of [10.0.0.6]:2222 is unknown"
    ),
    (
      "ops@10.0.0.6: Permission denied (publickey,password).", .authenticationFailed,
      "10.0.0.6 port 2222 does not let ops in; the host takes: publickey,password"
    ),
    (
      "Permissions 0644 for '/k' are too open.\nLoad key \"/k\": bad permissions\nops@10.0.0.6: Permission denied (publickey).",
      .credentialUnusable, "others may read the private key /k"
    ),
    (
      "sign_and_send_pubkey: signing failed for ED25519-SK \"/k\": device not found\nops@10.0.0.6: Permission denied (publickey).",
      .credentialUnusable,
      "ops could not log in to 10.0.0.6 port 2222, since a key could not be used: sign_and_send_pubkey: signing failed for "
        + "ED25519-SK \"/k\": device not found"
    ),
    (
      "Unable to negotiate with 10.0.0.6 port 2222: no matching cipher found. Their offer: x", .unsupported,
      "ssh and the host have no common ground: Unable to negotiate with 10.0.0.6 port 2222: no matching cipher found. Their "
        + "offer: x"
    ),
    (
      "channel 0: open failed: connect failed: Connection refused\r\nstdio forwarding failed\r\nConnection closed by UNKNOWN "
        + "port 65535", .unreachable,
      "the jump host cannot connect to 10.0.0.6 port 2222: connect failed: Connection refused"
    ),
    ("something new", .unreachable, "ssh could not connect to 10.0.0.6 port 2222: something new"),
    ("", .unreachable, "ssh could not connect to 10.0.0.6 port 2222"),
  ]

  @Test(arguments: 0..<cases.count)
  func `what ssh says is told apart`(_ index: Int) throws {
    let identity = try #require(Self.identity)
    let (said, code, why) = Self.cases[index]
    let error = ClientWords(said).error(host: "infra0", identity: identity)
    #expect(error.code == code)
    #expect(error.why == why)
    #expect(error.host == "infra0" && !error.fix.isEmpty)
  }

  @Test func `no words of ssh or of a host break the reading`() throws {
    let identity = try #require(Self.identity)
    let text =
      Self.cases.map(\.said).joined(separator: "\n") + "\nOffending ED25519 key in /k:1\n"
      + "The fingerprint for the ED25519 key sent by the remote host is\nSHA256:x.\nHost key for a has changed and you have "
      + "requested strict checking.\n"
    Mutations(seed: 11).run(Array(text.utf8), rounds: 3000) { bytes in
      let error = ClientWords(String(decoding: bytes, as: UTF8.self)).error(host: "a", identity: identity)
      #expect(!error.why.isEmpty && !error.why.contains("\n"))
    }
    Mutations(seed: 12).run(Array("user ops\nhostname 10.0.0.6\nport 2222\n".utf8), rounds: 3000) { bytes in
      _ = ClientIdentity(String(decoding: bytes, as: UTF8.self))
    }
  }
}
