public import QuorateCore
internal import QuoratePluginMessages

/// An issuer from outside. What it returns is checked by the runner as any other's.
public struct RemoteCertIssuer: CertIssuer {
  private let plugin: RemotePlugin

  /// Makes an issuer of a plugin.
  public init(_ plugin: RemotePlugin) { self.plugin = plugin }

  /// Asks for the CA.
  public func authority(_ request: AuthorityRequest) async throws(PluginError) -> AuthorityReply {
    try await plugin.call(.issuerAuthority, request)
  }

  /// Asks for certificates.
  public func issue(_ batch: IssueBatch) async throws(PluginError) -> [IssueReply] {
    try await plugin.call(.issuerIssue, batch).replies
  }
}
