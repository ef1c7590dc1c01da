public import QuorateCore
public import QuoratePluginMessages
internal import Synchronization

/// A plugin from outside, whatever its kind and wherever it runs: started and configured before the first question, once.
///
/// An adaptor of a kind (``RemoteCertIssuer``) is one line a requirement of its contract over this.
public final class RemotePlugin: Sendable {
  /// Starts the plugin.
  public typealias Start = @Sendable () async throws(PluginFault) -> any PluginCarrier

  /// How long a plugin may take to take its configuration.
  private static let configuring = Duration.seconds(30)

  private let name: String
  private let setup: PluginSetup
  private let deadline: Duration
  private let start: Start
  private let starting = Mutex<Task<Result<any PluginCarrier, PluginError>, Never>?>(nil)

  /// Makes a value; starts nothing.
  ///
  /// - Parameters:
  ///   - name: The plugin's name in the configuration, for errors.
  ///   - setup: What it is made with.
  ///   - deadline: How long it may take for one answer.
  ///   - start: Starts it.
  public init(name: String, setup: PluginSetup, deadline: Duration = .seconds(300), start: @escaping Start) {
    self.name = name
    self.setup = setup
    self.deadline = deadline
    self.start = start
  }

  /// Puts a question, and reads the answer.
  public func call<Question, Answer>(
    _ function: PluginFunction<Question, Answer>, _ question: Question
  ) async throws(PluginError) -> Answer {
    try await Self.ask(try await carrier(), name, function, question, deadline: deadline)
  }

  /// Ends the plugin, where it was started.
  public func close() async {
    guard let task = starting.withLock({ $0 }), case .success(let carrier) = await task.value else { return }
    await carrier.close()
  }

  private func carrier() async throws(PluginError) -> any PluginCarrier {
    let task = starting.withLock { starting in
      if let starting { return starting }
      let task = Task { [name, setup, start] () -> Result<any PluginCarrier, PluginError> in
        do throws(PluginError) {
          let carrier: any PluginCarrier
          do throws(PluginFault) { carrier = try await start() } catch { throw error.pluginError }
          _ = try await Self.ask(carrier, name, .configure, setup, deadline: Self.configuring)
          return .success(carrier)
        } catch { return .failure(error) }
      }
      starting = task
      return task
    }
    return try await task.value.get()
  }

  private static func ask<Question, Answer>(
    _ carrier: any PluginCarrier, _ name: String, _ function: PluginFunction<Question, Answer>, _ question: Question,
    deadline: Duration
  ) async throws(PluginError) -> Answer {
    let fault = { PluginFault(plugin: name, call: function.name, $0).pluginError }
    let message: PluginMessage
    do throws(MessageFault) { message = try PluginMessage(question) } catch {
      throw PluginError(plugin: name, why: "the question \(function.name) cannot be put to \(name): \(error.why)")
    }
    let reply: CarriedReply
    do throws(PluginFault) {
      reply = try await carrier.call(function.name, message, deadline: deadline)
    } catch { throw error.pluginError }
    if reply.status == .unknownFunction { throw fault(.unknownFunction) }
    let failure: Failure
    do throws(MessageFault) {
      switch reply.status {
      case .ok: return try reply.message.value()
      case .failed: failure = try reply.message.value()
      case .cancelled, .unknownFunction:
        throw MessageFault("it says that the call was cancelled, which it was not")
      }
    } catch { throw fault(.garbage(why: error.why)) }
    throw PluginError(plugin: name, why: failure.why, fix: failure.fix, setting: failure.setting)
  }
}
