public import QuorateCore
internal import QuoratePKI

/// The issuer `openssl`: an own CA, whose key is given to it for each batch and is never kept.
///
/// Certificates follow kubeadm's profile; see ``QuoratePKI/CertificateAuthority``. A request that cannot be answered as
/// it stands is refused by itself; a CA that cannot be used fails the batch.
public struct OpenSSLIssuer: CertIssuer {
  /// How this plugin is named, configured and made.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "openssl", kind: .certIssuer, version: "1.0.0",
      summary: "Issues from an own CA, made in memory with OpenSSL or brought as certificate and key.",
      settings: SchemaObject([
        SchemaKey(
          "keyAlgorithm", .oneOf(KeyAlgorithm.allCases.map(\.rawValue)), default: KeyAlgorithm.ecdsaP256.rawValue,
          "Algorithm and size of every key, a new CA's included, with kubeadm's names. RSA takes noticeably longer to make."
        ),
        SchemaKey(
          "validity", .duration, default: "8760h",
          "How long a member's certificates are valid. It may not exceed what is left of the CA's validity."),
      ])),
    make: .certIssuer { (_, _) throws(PluginError) in OpenSSLIssuer() })

  /// Makes an issuer. Its settings are the configuration's matter: they reach it as each request's profile.
  public init() {}

  /// Names the CA, and makes one only where there is none.
  public func authority(_ request: AuthorityRequest) async throws(PluginError) -> AuthorityReply {
    if let existing = request.existing {
      // Reading it is the check: a certificate that is no CA's, or whose key is missing or another's, ends here.
      _ = try CertificateAuthority(existing)
      return AuthorityReply(material: AuthorityMaterial(certificate: existing.certificate), isNew: false)
    }
    let profile = request.profile
    let made = try await WorkThreads.run { () throws(PluginError) in
      let authority = try CertificateAuthority.make(profile)
      return AuthorityMaterial(certificate: try authority.certificatePEM(), key: try authority.keyPEM())
    }
    return AuthorityReply(material: made, isNew: true)
  }

  /// Signs a batch with the CA's key, which is given with it.
  public func issue(_ batch: IssueBatch) async throws(PluginError) -> [IssueReply] {
    try await WorkThreads.run { () throws(PluginError) in
      let authority = try CertificateAuthority(batch.authority)
      return batch.requests.map { request in
        do throws(PluginError) {
          return IssueReply(id: request.id, answer: .issued(chain: [try authority.sign(request)]))
        } catch {
          return IssueReply(id: request.id, answer: .refused(why: error.why, retryable: false))
        }
      }
    }
  }
}
