internal import CPluginABI
internal import QuorateCore
internal import QuoratePluginMessages
internal import Synchronization

/// One instance of an exported plugin: what it is asked runs as a task.
final class PluginInstance: Sendable {
  private let registration: PluginRegistration
  private let host: HostFunctions
  private let work = Mutex(Work())

  private struct Work {
    var tasks: [UInt64: Task<Void, Never>] = [:]
    /// Calls that were cancelled on one thread while they were begun on another.
    var cancelledEarly: Set<UInt64> = []
  }

  private let handlers = Mutex<[String: Handler]?>(nil)

  init(_ registration: PluginRegistration, host: HostFunctions) {
    self.registration = registration
    self.host = host
  }

  /// Begins to work on a question.
  func start(_ call: IncomingCall) {
    work.withLock { work in
      // What it removes at its end is there by then: it waits for this lock.
      let task = Task { [self] in
        let (status, message) = await answer(call)
        self.work.withLock { _ = $0.tasks.removeValue(forKey: call.id) }
        host.reply(call.id, status: status, message)
      }
      work.tasks[call.id] = task
      if work.cancelledEarly.remove(call.id) != nil { task.cancel() }
    }
  }

  /// Nobody waits for a call any more.
  func cancel(_ call: UInt64) {
    work.withLock { work in
      if let task = work.tasks[call] { return task.cancel() }
      // Most of these are over already; their numbers do not come again.
      if work.cancelledEarly.count >= 1024 { work.cancelledEarly = [] }
      work.cancelledEarly.insert(call)
    }
  }

  private func answer(_ call: IncomingCall) async -> (UInt32, PluginMessage) {
    do throws(PluginError) {
      guard let handler = try handler(of: call.function) else { return (QUORATE_STATUS_UNKNOWN_FUNCTION, .init()) }
      return (QUORATE_STATUS_OK, try await handler(call.message))
    } catch {
      if Task.isCancelled { return (QUORATE_STATUS_CANCELLED, PluginMessage()) }
      return (QUORATE_STATUS_FAILED, (try? PluginMessage(Failure(error))) ?? PluginMessage())
    }
  }

  /// What answers a question; nil: nothing does.
  private func handler(of function: String) throws(PluginError) -> Handler? {
    let configure = PluginFunction<PluginSetup, NoAnswer>.configure.name
    guard function == configure else { return handlers.withLock { $0 }?[function] }
    return { [self] message throws(PluginError) in
      let setup: PluginSetup = try message.question(configure, of: registration.descriptor.id)
      let made = try make(setup)
      handlers.withLock { $0 = made }
      return try PluginMessage.answer(NoAnswer(), of: registration.descriptor.id)
    }
  }

  /// Makes the plugin, and lists what it answers.
  private func make(_ setup: PluginSetup) throws(PluginError) -> [String: Handler] {
    let context = PluginContext(baseFolder: setup.baseFolder, secrets: NoSecrets(), log: { [host] in host.log($0) })
    let id = registration.descriptor.id
    switch registration.make {
    case .certIssuer(let make): return issuerHandlers(try make(setup.settings, context), id)
    case .transport, .serviceManager, .manifestWriter:
      throw PluginError(plugin: id, why: "this kind of plugin cannot be loaded from outside yet")
    }
  }

  /// Nothing is asked for besides the settings.
  private struct NoSecrets: SecretSource {
    func secret(_ request: SecretRequest) async -> SecretBytes? { nil }
  }
}
