public import QuorateCore

/// What reading a configuration gave.
public struct LoadedConfiguration: Sendable {
  /// The cluster; nil when an error is among ``findings``.
  public var spec: ClusterSpec?
  /// Everything that was found, in the order of the text.
  public var findings: [Finding]
  /// Where each part is written.
  public var positions: ConfigurationPositions
  /// The environments that the file has, in its order.
  public var environments: [String]
  /// What stands under `pipelines`, by name.
  public var pipelines: [Pipeline]
  /// The merged result with the origin of each value; nil when an error is among ``findings``.
  public var effective: EffectiveConfiguration?
  /// The folder that relative paths start from: the configuration file's own, absolute.
  public var baseFolder: String

  /// Whether the cluster can be worked with.
  public var isUsable: Bool { spec != nil }
}
