public import QuorateCore

extension PluginFunction where Question == IssueBatch, Answer == IssueReplies {
  /// ``CertIssuer/issue(_:)``.
  public static var issuerIssue: Self { Self("issuer.issue") }
}

extension IssueBatch: MessageValue {
  /// The object on the wire.
  public struct Body: Codable, Sendable {
    /// The CA to issue from.
    public var authority: AuthorityBody
    /// The requests.
    public var requests: [Request]
  }

  /// One request as it stands in a message.
  public struct Request: Codable, Sendable {
    /// Names it within the batch.
    public var id: String
    /// The signing request (PKCS #10), PEM.
    public var csr: String
    /// What the certificate must say.
    public var profile: CertificateBody
    /// The first moment it should be valid, in seconds since 1970-01-01T00:00:00Z.
    public var notBefore: Int64
    /// The last moment it may be valid, likewise.
    public var notAfter: Int64
    /// The token of an earlier `pending` answer; absent: none.
    public var token: String?
  }

  /// Reads the value.
  public init(body: Body, secrets: SecretSection) throws(MessageFault) {
    var requests: [IssueRequest] = []
    for request in body.requests {
      guard let blocks = PEMText.decode(request.csr, label: "CERTIFICATE REQUEST"), blocks.count == 1 else {
        throw MessageFault("the csr of \(request.id) is no PEM block CERTIFICATE REQUEST")
      }
      requests.append(
        IssueRequest(
          id: request.id, csr: blocks[0], profile: request.profile.profile,
          notBefore: Instant(secondsSinceEpoch: request.notBefore),
          notAfter: Instant(secondsSinceEpoch: request.notAfter), token: request.token))
    }
    self.init(authority: try body.authority.material(secrets), requests: requests)
  }

  /// The object on the wire.
  public func body(_ secrets: inout SecretSection) -> Body {
    Body(
      authority: AuthorityBody(authority, &secrets),
      requests: requests.map { request in
        Request(
          id: request.id, csr: PEMText.encode(request.csr, label: "CERTIFICATE REQUEST"),
          profile: CertificateBody(request.profile), notBefore: request.notBefore.secondsSinceEpoch,
          notAfter: request.notAfter.secondsSinceEpoch, token: request.token)
      })
  }
}

/// What a leaf certificate must say, as it stands in a message.
public struct CertificateBody: Codable, Sendable {
  /// The subject's common name.
  public var commonName: String
  /// The subject's organization; absent: none.
  public var organization: String?
  /// DNS names.
  public var dnsNames: [String]
  /// IP addresses as text.
  public var addresses: [IPAddress]
  /// Whether its extended key usage has serverAuth.
  public var isServer: Bool
  /// Whether its extended key usage has clientAuth.
  public var isClient: Bool
  /// The key's algorithm.
  public var keyAlgorithm: KeyAlgorithm

  init(_ profile: CertificateProfile) {
    commonName = profile.commonName
    organization = profile.organization
    dnsNames = profile.dnsNames
    addresses = profile.addresses
    isServer = profile.isServer
    isClient = profile.isClient
    keyAlgorithm = profile.keyAlgorithm
  }

  var profile: CertificateProfile {
    CertificateProfile(
      commonName: commonName, organization: organization, dnsNames: dnsNames, addresses: addresses,
      isServer: isServer, isClient: isClient, keyAlgorithm: keyAlgorithm)
  }
}

/// The answers to a batch.
public struct IssueReplies: MessageValue {
  /// The object on the wire.
  public struct Body: Codable, Sendable {
    /// The answers.
    public var replies: [Reply]
  }

  /// One answer as it stands in a message: exactly one of `issued`, `pending` and `refused`.
  public struct Reply: Codable, Sendable {
    /// The request's id.
    public var id: String
    /// The certificate, then any intermediates, PEM.
    public var issued: String?
    /// Not yet.
    public var pending: Pending?
    /// No.
    public var refused: Refused?
  }

  /// Why a certificate is not issued yet.
  public struct Pending: Codable, Sendable {
    /// What to ask again with.
    public var token: String
    /// Who or what is awaited.
    public var awaiting: String
  }

  /// Why a certificate is not issued.
  public struct Refused: Codable, Sendable {
    /// A sentence without a full stop.
    public var why: String
    /// Whether the same request may be sent again.
    public var retryable: Bool
  }

  /// The answers.
  public var replies: [IssueReply]

  /// Makes a value.
  public init(_ replies: [IssueReply]) { self.replies = replies }

  /// Reads the value.
  public init(body: Body, secrets: SecretSection) throws(MessageFault) {
    replies = []
    for reply in body.replies {
      switch (reply.issued, reply.pending, reply.refused) {
      case (let text?, nil, nil):
        guard let chain = PEMText.decode(text, label: "CERTIFICATE"), !chain.isEmpty else {
          throw MessageFault("what was issued for \(reply.id) is no PEM block CERTIFICATE")
        }
        replies.append(IssueReply(id: reply.id, answer: .issued(chain: chain)))
      case (nil, let pending?, nil):
        replies.append(
          IssueReply(id: reply.id, answer: .pending(token: pending.token, awaiting: pending.awaiting)))
      case (nil, nil, let refused?):
        replies.append(
          IssueReply(id: reply.id, answer: .refused(why: refused.why, retryable: refused.retryable)))
      default: throw MessageFault("the answer to \(reply.id) is not one of issued, pending and refused")
      }
    }
  }

  /// The object on the wire.
  public func body(_ secrets: inout SecretSection) -> Body {
    Body(
      replies: replies.map { reply in
        switch reply.answer {
        case .issued(let chain):
          Reply(id: reply.id, issued: chain.map { PEMText.encode($0, label: "CERTIFICATE") }.joined())
        case .pending(let token, let awaiting):
          Reply(id: reply.id, pending: Pending(token: token, awaiting: awaiting))
        case .refused(let why, let retryable):
          Reply(id: reply.id, refused: Refused(why: why, retryable: retryable))
        }
      })
  }
}
