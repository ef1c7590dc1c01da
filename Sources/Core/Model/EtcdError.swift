/// Why a member could not be asked, or did not do what it was asked.
public struct EtcdError: Error, Sendable, Codable, Hashable, CustomStringConvertible {
  /// The kinds of failure that a caller may want to tell apart.
  public enum Code: String, Sendable, Codable, Hashable, CaseIterable {
    /// No connection: nothing listens, no route, or the transport could not open a stream.
    case unreachable
    /// The connection ended while something was under way.
    case connectionLost = "connection-lost"
    /// No answer in time.
    case timedOut = "timed-out"
    /// The calling task was cancelled, or the client was closed.
    case cancelled
    /// The member's certificate is no longer valid.
    case serverCertificateExpired = "server-certificate-expired"
    /// The member's certificate is not valid yet: a clock is wrong on one side.
    case serverCertificateNotYetValid = "server-certificate-not-yet-valid"
    /// The member's certificate was not issued by the CA that was given.
    case serverCertificateUntrusted = "server-certificate-untrusted"
    /// The member's certificate is not for the address that was asked.
    case serverCertificateWrongName = "server-certificate-wrong-name"
    /// The member's certificate was refused for another reason.
    case serverCertificateRejected = "server-certificate-rejected"
    /// The member refused the client certificate, which is no longer valid.
    case clientCertificateExpired = "client-certificate-expired"
    /// The member refused the client certificate: most often it trusts another CA.
    case clientCertificateRefused = "client-certificate-refused"
    /// The client certificate, its key or the CA cannot be read, or certificate and key do not belong together.
    case credentialUnusable = "credential-unusable"
    /// TLS failed in another way.
    case tlsFailed = "tls-failed"
    /// etcd answered that it does not do this; ``EtcdError/refusal`` has its words.
    case refused
    /// What answers there is not etcd, or not an etcd that offers this call.
    case notEtcd = "not-etcd"
    /// More bytes than the caller's limit.
    case answerTooLarge = "answer-too-large"
    /// A snapshot's bytes are not what the member sent, or could not be written.
    case snapshotFailed = "snapshot-failed"
    /// The library below cannot do this, or a fault of this program.
    case `internal`
  }

  /// What kind of failure it is.
  public var code: Code
  /// Whom was asked: the host's name where it has one, and the address.
  public var member: String
  /// What was asked, as etcdctl names it: `member list`.
  public var call: String
  /// What happened, in a sentence without a full stop, without secrets.
  public var why: String
  /// What the user can do about it; empty when there is nothing to say.
  public var fix: String
  /// etcd's own words, where it refused.
  public var refusal: EtcdRefusal?
  /// Whether a change that was asked for may have been made although no answer says so: ask what is there before
  /// asking again.
  public var mayHaveHappened: Bool

  /// Makes an error.
  public init(
    _ code: Code, member: String, call: String, why: String, fix: String = "", refusal: EtcdRefusal? = nil,
    mayHaveHappened: Bool = false
  ) {
    self.code = code
    self.member = member
    self.call = call
    self.why = why
    self.fix = fix
    self.refusal = refusal
    self.mayHaveHappened = mayHaveHappened
  }

  /// Whether trying the same call again may help without anybody doing anything.
  public var isRetryable: Bool {
    switch code {
    case .unreachable, .connectionLost, .timedOut: true
    case .refused: refusal?.isPassing ?? false
    default: false
    }
  }

  /// `infra0 (10.0.0.6:2379) did not answer "member list": no answer within 5 seconds`.
  public var description: String { "\(member) did not answer \"\(call)\": \(why)" }
}

extension EtcdRefusal {
  /// Whether the same request may be taken later without anybody doing anything: no leader, a timeout, too many
  /// requests, a learner that is not yet in sync, members that have not been connected for long enough (etcd
  /// `rpctypes/error.go`).
  public var isPassing: Bool {
    // 4 deadline exceeded, 8 resource exhausted, 14 unavailable; NOSPACE is resource exhausted too and does not pass.
    switch code {
    case 4, 14: true
    case 8: !message.contains("database space exceeded")
    case 9: message.contains("in sync with leader")
    default: false
    }
  }
}
