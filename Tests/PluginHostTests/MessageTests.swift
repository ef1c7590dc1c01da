import QuorateCore
import QuoratePluginMessages
import Testing

/// The messages of an issuer: what stands in them, and that nothing that comes instead of them does harm.
@Suite struct MessageTests {
  private static let certificate = """
    -----BEGIN CERTIFICATE-----
    AAECAwQFBgcICQ==
    -----END CERTIFICATE-----

    """
  private static let bytes: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

  private let batch = IssueBatch(
    authority: AuthorityMaterial(certificate: Array(certificate.utf8), key: SecretBytes(Array("the key".utf8))),
    requests: [
      IssueRequest(
        id: "infra0/etcd/peer", csr: bytes,
        profile: CertificateProfile(
          commonName: "infra0", dnsNames: ["infra0", "localhost"], addresses: [.loopbackV4, .loopbackV6],
          isServer: true, isClient: true, keyAlgorithm: .ecdsaP256),
        notBefore: Instant(secondsSinceEpoch: 1_795_399_080), notAfter: Instant(secondsSinceEpoch: 1_826_935_080))
    ])

  @Test func `A batch is plain JSON, and its secret stands beside it`() throws {
    let message = try PluginMessage(batch)
    #expect(
      String(decoding: message.body, as: UTF8.self)
        == #"{"authority":{"certificate":"-----BEGIN CERTIFICATE-----\nAAECAwQFBgcICQ==\n-----END CERTIFICATE-----\n","#
        + #""key":{"$secret":0}},"requests":[{"csr":"-----BEGIN CERTIFICATE REQUEST-----\nAAECAwQFBgcICQ==\n"#
        + #"-----END CERTIFICATE REQUEST-----\n","id":"infra0/etcd/peer","notAfter":1826935080,"notBefore":1795399080,"#
        + #""profile":{"addresses":["127.0.0.1","::1"],"commonName":"infra0","dnsNames":["infra0","localhost"],"#
        + #""isClient":true,"isServer":true,"keyAlgorithm":"ECDSA-P256"}}],"version":1}"#)
    #expect(message.secrets.map { $0.withBytes { Array($0) } } == [Array("the key".utf8)])
    let read: IssueBatch = try message.value()
    #expect(read.requests.first?.csr == Self.bytes && read.requests.first?.profile == batch.requests.first?.profile)
    #expect(read.authority.certificate == batch.authority.certificate)
    #expect(read.authority.key?.isEqual(to: SecretBytes(Array("the key".utf8))) == true)
  }

  @Test func `Each answer to a request comes back as it went`() throws {
    let replies = IssueReplies([
      IssueReply(id: "a", answer: .issued(chain: [Self.bytes, [9, 8, 7]])),
      IssueReply(id: "b", answer: .pending(token: "17", awaiting: "Alice")),
      IssueReply(id: "c", answer: .refused(why: "no", retryable: true)),
    ])
    let read: IssueReplies = try PluginMessage(replies).value()
    #expect(read.replies.map(\.id) == ["a", "b", "c"])
    #expect(read.replies.map(\.answer) == replies.replies.map(\.answer))
  }

  @Test func `Settings are what an author expects, with secrets beside them`() throws {
    let settings = SettingsValue.object([
      "url": .string("https://ca.example"), "retries": .integer(3), "verify": .boolean(true),
      "token": .secret(SecretSetting(source: "${env:TOKEN}", bytes: SecretBytes(Array("t0ken".utf8)))),
      "names": .list([.string("a"), .null]),
    ])
    let message = try PluginMessage(PluginSetup(kind: .certIssuer, settings: settings, baseFolder: "/etc/quorate"))
    #expect(
      String(decoding: message.body, as: UTF8.self)
        == #"{"baseFolder":"/etc/quorate","kind":"issuer","settings":{"names":["a",null],"retries":3,"#
        + #""token":{"$secret":0},"url":"https://ca.example","verify":true},"version":1}"#)
    let read: PluginSetup = try message.value()
    #expect(read.settings["token"].secret?.isEqual(to: SecretBytes(Array("t0ken".utf8))) == true)
    #expect(read.settings["names"] == .list([.string("a"), .null]) && read.settings["retries"] == .integer(3))
    #expect(read.settings["verify"] == .boolean(true))
  }

  @Test(arguments: [
    ("", "it is no JSON object"), ("[]", "it is no JSON object"), ("{}", "version is missing"),
    (#"{"version":2}"#, "its version is 2, expected 1"),
    (#"{"version":1}"#, "replies is missing"),
    (#"{"version":1,"replies":[{"id":7}]}"#, "replies[0].id has another type than it should"),
    (#"{"version":1,"replies":[{"id":"a"}]}"#, "the answer to a is not one of issued, pending and refused"),
    (#"{"version":1,"replies":[{"id":"a","issued":"no"}]}"#, "what was issued for a is no PEM block CERTIFICATE"),
  ])
  func `What cannot be read is told with its place`(_ body: String, _ why: String) {
    #expect(throws: MessageFault(why)) { let _: IssueReplies = try PluginMessage(body: Array(body.utf8)).value() }
  }

  @Test func `Keys that are not known are ignored`() throws {
    let body = #"{"version":1,"later":{"a":[1]},"replies":[{"id":"a","refused":{"why":"w","retryable":false,"x":1}}]}"#
    let read: IssueReplies = try PluginMessage(body: Array(body.utf8)).value()
    #expect(read.replies.map(\.answer) == [.refused(why: "w", retryable: false)])
  }

  @Test func `A reference to a secret that did not come is told`() {
    let body = #"{"version":1,"isNew":true,"authority":{"certificate":"c","key":{"$secret":1}}}"#
    #expect(throws: MessageFault("it refers to secret 1, and 1 came with it")) {
      let _: AuthorityReply = try PluginMessage(body: Array(body.utf8), secrets: [SecretBytes([1])]).value()
    }
  }

  @Test func `Ten thousand damaged messages are read or refused, and none does harm`() throws {
    var random = SplitMix(state: 4)
    let replies = try PluginMessage(
      IssueReplies([
        IssueReply(id: "a", answer: .issued(chain: [Self.bytes])),
        IssueReply(id: "b", answer: .pending(token: "17", awaiting: "Alice")),
      ]))
    let setup = try PluginMessage(
      PluginSetup(kind: .certIssuer, settings: .object(["a": .list([.integer(1), .null])]), baseFolder: "/"))
    let good = [try PluginMessage(batch), replies, setup]
    var refused = 0
    for round in 0..<10_000 {
      var message = good[round % good.count]
      for _ in 0...Int.random(in: 0..<4, using: &random) where !message.body.isEmpty {
        let place = Int.random(in: 0..<message.body.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: message.body[place] = UInt8.random(in: 0...255, using: &random)
        case 1: message.body.remove(at: place)
        case 2: message.body.insert(contentsOf: Array("[{\"$secret\":-1},".utf8), at: place)
        default: message.body.removeSubrange(place...)
        }
      }
      do throws(MessageFault) {
        switch round % good.count {
        case 0: let _: IssueBatch = try message.value()
        case 1: let _: IssueReplies = try message.value()
        default: let _: PluginSetup = try message.value()
        }
      } catch { refused += 1 }
    }
    #expect(refused > 5_000)
  }

  @Test func `Objects within objects without end are refused`() {
    let body =
      Array(#"{"version":1,"kind":"issuer","baseFolder":"/","settings":"#.utf8) + [UInt8](repeating: 91, count: 200_000)
    #expect(throws: MessageFault.self) { let _: PluginSetup = try PluginMessage(body: body).value() }
  }
}

/// A generator of the same numbers each time.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
