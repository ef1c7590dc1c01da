public import QuorateCore

/// Where a value of the merged configuration comes from.
public struct ValueOrigin: Sendable, Hashable {
  /// Where it is written.
  public var position: SourcePosition
  /// The environment that it is written in; nil: the rest of the file.
  public var environment: String?
  /// What it takes from elsewhere, in order.
  public var references: [OutsideReference] = []
  /// Whether it is a secret.
  public var isSecret = false

  /// Makes an origin.
  public init(position: SourcePosition, environment: String? = nil) {
    self.position = position
    self.environment = environment
  }

  /// The origin as a comment has it: `cluster.yaml:7`, `environment laptop at cluster.yaml:20`,
  /// `${env:NAME} at cluster.yaml:9`.
  public var text: String {
    let place = "\(position.file):\(position.line)"
    let sources = references.map(\.description) + (environment.map { ["environment \($0)"] } ?? [])
    return (isSecret ? "(secret) " : "") + (sources.isEmpty ? place : "\(sources.joined(separator: ", ")) at \(place)")
  }
}
