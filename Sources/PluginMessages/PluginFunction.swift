/// A question that can be put to a plugin: its name in `quorate_call.function`, and the messages of both directions. A new
/// kind of plugin is more of these, and nothing else.
public struct PluginFunction<Question: MessageValue, Answer: MessageValue>: Sendable {
  /// The name.
  public let name: String

  /// Names a function.
  public init(_ name: String) { self.name = name }
}
