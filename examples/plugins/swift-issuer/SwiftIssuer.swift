internal import QuoratePKI
internal import QuoratePluginKit

struct SwiftIssuer: CertIssuer {
  func authority(_ request: AuthorityRequest) async throws(PluginError) -> AuthorityReply {
    if let existing = request.existing { return .existing(existing) }
    let made = try CertificateAuthority.make(request.profile)
    return .new(certificate: try made.certificatePEM(), key: try made.keyPEM())
  }

  func issue(_ batch: IssueBatch) async throws(PluginError) -> [IssueReply] {
    let authority = try CertificateAuthority(batch.authority)
    return batch.replies { request throws(PluginError) in [try authority.sign(request)] }
  }
}

@_cdecl("quorate_plugin") public func entry() -> UnsafeRawPointer {
  exportedIssuer("swift-issuer", version: "1.0.0", summary: "Issues as openssl does.") { _, _ in SwiftIssuer() }
}
