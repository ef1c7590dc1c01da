/// Turns certificate signing requests into certificates. It sees CSRs only, never a private key of a leaf.
///
/// **Who calls it.** The runner, on the operator's machine, at the beginning of the stage that has certificates to
/// issue (`files`, later `update`) and before that stage touches a host: first ``authority(_:)``, then ``issue(_:)``
/// with all requests of the stage as one batch. Keys are made meanwhile, so nothing may be assumed of their order.
///
/// **How often.** ``authority(_:)`` once in a run that issues a certificate or writes a CA that the run makes, never
/// in another one. ``issue(_:)`` once where certificates are due, and at most three times where requests were refused
/// for now. A request that was answered ``IssueAnswer/pending(token:awaiting:)`` comes again in later runs, never in the
/// same one: the same bytes, with the token, as long as the same certificate is wanted. It is not said when it is not
/// wanted any more.
///
/// **Idempotence.** The same certificate may be asked for again after a crash, with another key and without a token:
/// issuing twice is allowed, and each answer must be right by itself; a request that is pending under the same id is
/// nobody's then. ``authority(_:)`` must not make a second CA when it is given one.
///
/// **Cancellation.** An issuer that waits for somebody stops waiting and throws. What was issued so far is lost to the
/// caller, which asks again in its next run.
///
/// **Errors, and what is retried.** Of a batch, requests answered ``IssueAnswer/refused(why:retryable:)`` with
/// `retryable` are sent again, alone, after one second and once more after another five. Any other refusal, a pending
/// request, a missing answer and a thrown ``PluginError`` end the stage before a member is touched; the stage `service`,
/// which runs beside `files`, may be done by then.
///
/// **Pending requests.** Where one is pending, its key and request, the token and what is awaited are kept on the host
/// that will use it (`/etc/kubernetes/quorate/pending`), and so is what was issued in the same batch, which is not asked
/// for again. The run ends with exit status 75 and says what is awaited. A token is text of at most 8192 bytes, without
/// secrets; it is given back to the issuer of the same name only. Where nothing is pending and something is refused, the
/// new keys of the stage are gone: the next run makes new ones and new requests.
///
/// **What comes back is checked** before use, whoever issued it: public key, subject, every SAN and no other,
/// usages, CA:FALSE, validity inside the CA's and no longer than asked, chain.
public protocol CertIssuer: Sendable {
  /// Says which CA it issues from, making one where that is its job and none exists.
  ///
  /// - Parameter request: What is known of the CA: its certificate and key where they rest with the user or
  ///   on a host, and the profile for a new one.
  /// - Returns: The CA's certificate; and its key, when this call made it, for Core to put where the
  ///   configuration says (`ca.keyAt`), and nowhere else.
  /// - Throws: ``PluginError`` when there is no usable CA and none may be made.
  func authority(_ request: AuthorityRequest) async throws(PluginError) -> AuthorityReply

  /// Answers a batch of requests, one answer each, in any order.
  ///
  /// - Throws: ``PluginError`` when no request can be answered; a single one that cannot is `refused`.
  func issue(_ batch: IssueBatch) async throws(PluginError) -> [IssueReply]
}

/// A certificate authority, as far as it is known.
public struct AuthorityMaterial: Sendable {
  /// The CA's certificate, PEM.
  public var certificate: [UInt8]
  /// Its private key, PEM; nil where only the issuer holds it or nobody has to.
  public var key: SecretBytes?

  /// Makes a value.
  public init(certificate: [UInt8], key: SecretBytes? = nil) {
    self.certificate = certificate
    self.key = key
  }
}

/// What an issuer needs to name, or make, its CA.
public struct AuthorityRequest: Sendable {
  /// The CA that exists already; nil: none was found.
  public var existing: AuthorityMaterial?
  /// What a new CA looks like.
  public var profile: AuthorityProfile

  /// Makes a request.
  public init(existing: AuthorityMaterial?, profile: AuthorityProfile) {
    self.existing = existing
    self.profile = profile
  }
}

/// What a new CA looks like (kubeadm `certlist.go`, etcd-ca).
public struct AuthorityProfile: Sendable, Codable, Hashable {
  /// Its common name; kubeadm's is `etcd-ca`. It is also its only DNS SAN where `commonNameIsSAN`.
  public var commonName: String
  /// Whether the common name is added as a DNS SAN (kubeadm since 1.22).
  public var commonNameIsSAN: Bool
  /// The key's algorithm.
  public var keyAlgorithm: KeyAlgorithm
  /// The first moment it is valid.
  public var notBefore: Instant
  /// The last moment it is valid.
  public var notAfter: Instant

  /// Makes a profile.
  public init(
    commonName: String, commonNameIsSAN: Bool, keyAlgorithm: KeyAlgorithm, notBefore: Instant, notAfter: Instant
  ) {
    self.commonName = commonName
    self.commonNameIsSAN = commonNameIsSAN
    self.keyAlgorithm = keyAlgorithm
    self.notBefore = notBefore
    self.notAfter = notAfter
  }
}

/// The CA an issuer issues from.
public struct AuthorityReply: Sendable {
  /// The CA; its key is set only when this call made it.
  public var material: AuthorityMaterial
  /// Whether this call made it.
  public var isNew: Bool

  /// Makes a reply.
  public init(material: AuthorityMaterial, isNew: Bool) {
    self.material = material
    self.isNew = isNew
  }
}

/// All requests of one run.
public struct IssueBatch: Sendable {
  /// The CA to issue from; its key is set where the configuration keeps it with the user or on a host.
  public var authority: AuthorityMaterial
  /// The requests.
  public var requests: [IssueRequest]

  /// Makes a batch.
  public init(authority: AuthorityMaterial, requests: [IssueRequest]) {
    self.authority = authority
    self.requests = requests
  }
}

/// One certificate that is asked for.
public struct IssueRequest: Sendable, Codable {
  /// Names the request within its batch (`infra0/etcd/server`).
  public var id: String
  /// The signing request (PKCS #10), DER.
  public var csr: [UInt8]
  /// What the certificate must say. An issuer may refuse; it may not change it.
  public var profile: CertificateProfile
  /// The first moment it should be valid.
  public var notBefore: Instant
  /// The last moment it may be valid.
  public var notAfter: Instant
  /// The token of an earlier run's `pending` answer to the same request; nil: it is asked for the first time, or another
  /// issuer was asked before.
  public var token: String?

  /// Makes a request.
  public init(
    id: String, csr: [UInt8], profile: CertificateProfile, notBefore: Instant, notAfter: Instant, token: String? = nil
  ) {
    self.id = id
    self.csr = csr
    self.profile = profile
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.token = token
  }
}

/// The answer to one request.
public struct IssueReply: Sendable, Codable {
  /// The request's id.
  public var id: String
  /// What became of it.
  public var answer: IssueAnswer

  /// Makes a reply.
  public init(id: String, answer: IssueAnswer) {
    self.id = id
    self.answer = answer
  }
}

/// What became of a request.
public enum IssueAnswer: Sendable, Codable, Hashable {
  /// Issued: the certificate, then any intermediates, each DER.
  case issued(chain: [[UInt8]])
  /// Not yet: ask again with the token; `awaiting` says who or what is awaited, as it may stand behind "awaiting": a few
  /// words, a path.
  case pending(token: String, awaiting: String)
  /// No: `why` is a sentence without a full stop; `retryable` says whether the same request may be sent again.
  case refused(why: String, retryable: Bool)
}
