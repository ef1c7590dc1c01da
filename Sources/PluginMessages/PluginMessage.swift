public import QuorateCore

/// What crosses the boundary to a plugin in one direction at once: a JSON object, and beside it what must not stand in
/// it (`quorate_call` and `quorate_reply` in quorate_plugin.h).
public struct PluginMessage: Sendable {
  /// A JSON object, UTF-8; empty where there is nothing to say.
  public var body: [UInt8]
  /// The secrets that the object refers to by `{"$secret": N}`.
  public var secrets: [SecretBytes]
  /// The descriptors that it refers to by `{"$descriptor": N}`.
  public var descriptors: [OwnedDescriptor]

  /// Makes a message.
  public init(body: [UInt8] = [], secrets: [SecretBytes] = [], descriptors: [OwnedDescriptor] = []) {
    self.body = body
    self.secrets = secrets
    self.descriptors = descriptors
  }
}
