public import QuorateCore

/// Makes an issuer in a library of Swift a plugin that Quorate can load. One line does it, at the top level of any file:
///
/// ```swift
/// @_cdecl("quorate_plugin") public func entry() -> UnsafeRawPointer { exportedIssuer("mine", version: "1.0.0") { _, _ in MyIssuer() } }
/// ```
///
/// - Parameters:
///   - id: Its name in the configuration: a-z, 0-9 and `-`.
///   - version: Its semantic version.
///   - summary: One line for lists.
///   - lowestHost: The lowest version of Quorate that it works with; nil: any.
///   - make: Makes the issuer from what stands under `with:`.
/// - Returns: What `quorate_plugin` in quorate_plugin.h returns; the same each time.
public func exportedIssuer(
  _ id: String, version: String, summary: String = "", lowestHost: String? = nil,
  make: @escaping @Sendable (SettingsValue, PluginContext) throws(PluginError) -> any CertIssuer
) -> UnsafeRawPointer {
  exportedPlugin(
    PluginRegistration(
      descriptor: PluginDescriptor(
        id: id, kind: .certIssuer, version: version, summary: summary, settings: SchemaObject()),
      make: .certIssuer(make)), lowestHost: lowestHost)
}

extension AuthorityReply {
  /// The CA that was given, which the issuer issues from.
  public static func existing(_ material: AuthorityMaterial) -> AuthorityReply {
    AuthorityReply(material: AuthorityMaterial(certificate: material.certificate), isNew: false)
  }

  /// A CA that this call made; both PEM.
  public static func new(certificate: [UInt8], key: SecretBytes) -> AuthorityReply {
    AuthorityReply(material: AuthorityMaterial(certificate: certificate, key: key), isNew: true)
  }
}

extension IssueBatch {
  /// Answers each request by itself: with a chain, or refused for the reason of what was thrown.
  ///
  /// - Parameter issue: Issues one: the certificate, then any intermediates, each DER.
  public func replies(
    _ issue: (IssueRequest) throws(PluginError) -> [[UInt8]]
  ) -> [IssueReply] {
    requests.map { request in
      do throws(PluginError) { return IssueReply(id: request.id, answer: .issued(chain: try issue(request))) } catch {
        return IssueReply(id: request.id, answer: .refused(why: error.why, retryable: false))
      }
    }
  }
}
