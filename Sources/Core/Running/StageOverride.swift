/// What one stage uses instead of the run's own plugins, as a pipeline may say.
public struct StageOverride: Sendable {
  /// Who issues the stage's certificates; nil: the run's issuer.
  public var issuer: (any CertIssuer)?
  /// How the stage reaches its hosts; nil: over the run's connections.
  public var transport: (any Transport)?
  /// The connections of ``transport``.
  var sessions: [String: HostSession] = [:]

  /// Makes a value.
  public init(issuer: (any CertIssuer)? = nil, transport: (any Transport)? = nil) {
    self.issuer = issuer
    self.transport = transport
  }
}
