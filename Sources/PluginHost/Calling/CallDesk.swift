internal import QuorateCore
internal import Synchronization

/// The calls of one carrier that wait for an answer: each ends once, by an answer, its deadline, a cancellation or the end
/// of the plugin.
final class CallDesk: Sendable {
  /// How the plugin is spoken to. None of these blocks.
  struct Way: Sendable {
    /// Asks.
    var ask: @Sendable (_ call: UInt64) -> Void
    /// Says that nobody waits.
    var cancel: @Sendable (_ call: UInt64) -> Void
    /// Ends the plugin, where that is possible.
    var end: @Sendable () -> Void
  }

  private struct Waiting {
    var function: String?
    var continuation: CheckedContinuation<Result<CarriedReply, PluginFault>, Never>
    var timer: Task<Void, Never>?
    var isCancelled = false
    var isAsked = false
  }

  private struct State {
    var waiting: [UInt64: Waiting] = [:]
    var fault: PluginFault?
  }

  private static let lastCall = Atomic<UInt64>(0)

  /// The plugin's id, or the name of its library while it is loaded.
  private let plugin: Mutex<String>
  private let canEnd: Bool
  private let state = Mutex(State())

  /// Makes a desk.
  ///
  /// - Parameter canEnd: Whether a plugin can be made to stop.
  init(plugin: String, canEnd: Bool) {
    self.plugin = Mutex(plugin)
    self.canEnd = canEnd
  }

  /// The plugin's name in faults.
  var name: String {
    get { plugin.withLock { $0 } }
    set { plugin.withLock { $0 = newValue } }
  }

  /// Why the plugin is not asked any more; nil: it may be.
  var fault: PluginFault? { state.withLock { $0.fault } }

  /// Asks, and waits.
  ///
  /// - Parameter function: What is asked; nil: to be loaded.
  func perform(_ function: String?, deadline: Duration, _ way: Way) async throws(PluginFault) -> CarriedReply {
    let call = Self.lastCall.add(1, ordering: .relaxed).newValue
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let refusal: PluginFault? = state.withLock { state in
          if Task.isCancelled { return PluginFault(plugin: name, call: function, .cancelled(stopped: true)) }
          if let fault = state.fault {
            return fault.kind == .closed ? fault : PluginFault(plugin: name, call: function, .ended(because: fault))
          }
          state.waiting[call] = Waiting(function: function, continuation: continuation)
          return nil
        }
        if let refusal { return continuation.resume(returning: .failure(refusal)) }
        setTimer(call, deadline) { [self] in expire(call, deadline, way) }
        way.ask(call)
        let isCancelled = state.withLock { state in
          state.waiting[call]?.isAsked = true
          return state.waiting[call]?.isCancelled == true
        }
        if isCancelled { cancel(call, deadline, way) }
      }
    } onCancel: {
      // Never before it was asked: the plugin could not know what is meant.
      let isAsked = state.withLock { state in
        state.waiting[call]?.isCancelled = true
        return state.waiting[call]?.isAsked == true
      }
      if isAsked { cancel(call, deadline, way) }
    }
    return try result.get()
  }

  /// Ends one call with an answer.
  func answer(_ call: UInt64, _ reply: CarriedReply) {
    finish(call) { waiting in
      waiting.isCancelled
        ? .failure(PluginFault(plugin: name, call: waiting.function, .cancelled(stopped: true))) : .success(reply)
    }
  }

  /// Ends all calls: the plugin is not to be asked any more. The first reason stays.
  ///
  /// - Parameter call: The one that is at fault; nil: every one is told the reason itself.
  func end(_ fault: PluginFault, call: UInt64? = nil) {
    let (waiting, first) = state.withLock { state in
      if state.fault == nil {
        // What ended the plugin does not say in which call; what it was asked then does.
        let asked = Set(state.waiting.values.compactMap(\.function)).sorted().joined(separator: ", ")
        state.fault = PluginFault(plugin: fault.plugin, call: fault.call ?? (asked.isEmpty ? nil : asked), fault.kind)
      }
      defer { state.waiting = [:] }
      return (state.waiting, state.fault ?? fault)
    }
    for (id, entry) in waiting {
      entry.timer?.cancel()
      entry.continuation.resume(returning: .failure(told(first, to: entry, isItself: call == nil || call == id)))
    }
  }

  private func told(_ fault: PluginFault, to entry: Waiting, isItself: Bool) -> PluginFault {
    if fault.kind == .closed { return fault }
    if !isItself {
      let kind: PluginFault.Kind = entry.isCancelled ? .cancelled(stopped: canEnd) : .ended(because: fault)
      return PluginFault(plugin: name, call: entry.function, kind)
    }
    return PluginFault(plugin: name, call: entry.function, fault.kind)
  }

  private func cancel(_ call: UInt64, _ deadline: Duration, _ way: Way) {
    setTimer(call, PluginLimits.grace) { [self] in expire(call, deadline, way) }
    way.cancel(call)
  }

  /// A call has waited for long enough.
  private func expire(_ call: UInt64, _ deadline: Duration, _ way: Way) {
    guard let entry = state.withLock({ $0.waiting[call] }) else { return }
    let kind: PluginFault.Kind =
      entry.isCancelled ? .cancelled(stopped: canEnd) : .deadline(milliseconds: deadline.milliseconds)
    let fault = PluginFault(plugin: name, call: entry.function, kind)
    finish(call) { _ in .failure(fault) }
    end(fault, call: call)
    way.end()
  }

  private func finish(_ call: UInt64, _ result: (Waiting) -> Result<CarriedReply, PluginFault>) {
    guard let entry = state.withLock({ $0.waiting.removeValue(forKey: call) }) else { return }
    entry.timer?.cancel()
    entry.continuation.resume(returning: result(entry))
  }

  private func setTimer(_ call: UInt64, _ time: Duration, _ body: @escaping @Sendable () -> Void) {
    let timer = Task {
      do { try await Task.sleep(for: time) } catch { return }
      body()
    }
    let unused = state.withLock { state -> Task<Void, Never>? in
      guard state.waiting[call] != nil else { return timer }
      let earlier = state.waiting[call]?.timer
      state.waiting[call]?.timer = timer
      return earlier
    }
    unused?.cancel()
  }
}

extension Duration {
  /// Whole milliseconds; 0 where it is negative.
  var milliseconds: UInt64 {
    let (seconds, attoseconds) = components
    return seconds < 0 ? 0 : UInt64(seconds) * 1000 + UInt64(max(attoseconds, 0)) / 1_000_000_000_000_000
  }
}
