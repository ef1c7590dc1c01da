internal import QuorateCore
internal import QuoratePluginMessages

/// Answers one question.
typealias Handler = @Sendable (PluginMessage) async throws(PluginError) -> PluginMessage

/// What an issuer answers. Another kind of plugin is another list like this.
func issuerHandlers(_ issuer: any CertIssuer, _ id: String) -> [String: Handler] {
  let handlers = [
    handler(.issuerAuthority, id) { question throws(PluginError) in try await issuer.authority(question) },
    handler(.issuerIssue, id) { question throws(PluginError) in IssueReplies(try await issuer.issue(question)) },
  ]
  return Dictionary(handlers, uniquingKeysWith: { first, _ in first })
}

/// A requirement of a contract as the answer to a question.
private func handler<Question, Answer>(
  _ function: PluginFunction<Question, Answer>, _ id: String,
  _ body: @escaping @Sendable (Question) async throws(PluginError) -> Answer
) -> (String, Handler) {
  (
    function.name,
    { message throws(PluginError) in
      try PluginMessage.answer(try await body(try message.question(function.name, of: id)), of: id)
    }
  )
}

extension PluginMessage {
  /// Reads a question.
  func question<Value: MessageValue>(_ function: String, of plugin: String) throws(PluginError) -> Value {
    do throws(MessageFault) { return try value() } catch {
      throw PluginError(
        plugin: plugin, why: "the question \(function) cannot be read: \(error.why)",
        fix: "install a version of the plugin that is made for this quorate")
    }
  }

  /// Writes an answer.
  static func answer(_ value: some MessageValue, of plugin: String) throws(PluginError) -> PluginMessage {
    do throws(MessageFault) { return try PluginMessage(value) } catch {
      throw PluginError(plugin: plugin, why: "the answer \(error.why)")
    }
  }
}
