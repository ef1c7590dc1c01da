import QuorateCore
import Synchronization

/// Who may run a command on a connection now: at most eight at once, in the order of asking; fewer where sshd allows fewer.
final class CallTurns: Sendable {
  /// At most this many; sshd's `MaxSessions` is 10 by default.
  static let most = 8

  /// What came of asking.
  enum Answer: Sendable {
    case granted, cancelled, timedOut, closed
  }

  private struct State {
    var limit = CallTurns.most
    var running = 0
    var nextID: UInt64 = 0
    var waiting: [(id: UInt64, continuation: CheckedContinuation<Answer, Never>)] = []
    var goneBefore: [UInt64: Answer] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())

  /// Waits for a turn.
  ///
  /// - Parameters:
  ///   - seconds: How long to wait; nil: for ever.
  ///   - isFirst: Whether it goes before those who wait already.
  func take(seconds: Double?, isFirst: Bool = false) async -> Answer {
    let id = state.withLock { state in
      defer { state.nextID += 1 }
      return state.nextID
    }
    let alarm = seconds.map { seconds in
      Task {
        try? await Task.sleep(for: .seconds(seconds))
        if !Task.isCancelled { leave(id, .timedOut) }
      }
    }
    defer { alarm?.cancel() }
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.withLock { state -> Answer? in
          if state.isClosed { return .closed }
          if let gone = state.goneBefore.removeValue(forKey: id) { return gone }
          if state.running < state.limit, isFirst || state.waiting.isEmpty {
            state.running += 1
            return .granted
          }
          state.waiting.insert((id, continuation), at: isFirst ? 0 : state.waiting.count)
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      leave(id, .cancelled)
    }
    state.withLock { _ = $0.goneBefore.removeValue(forKey: id) }
    return answer
  }

  /// Gives a turn back.
  func give() {
    let next = state.withLock { state in
      state.running -= 1
      return Self.grant(&state)
    }
    for continuation in next { continuation.resume(returning: .granted) }
  }

  /// Takes a turn without waiting, even beyond the limit: for a call that is about to give one back.
  func takeAnyway() { state.withLock { $0.running += 1 } }

  /// Notes that sshd refused a session beside the others that are running.
  ///
  /// - Returns: Whether there are others, whose end will make room.
  func sessionWasRefused() -> Bool {
    state.withLock { state in
      guard state.running > 1 else { return false }
      state.limit = max(1, min(state.limit, state.running - 1))
      return true
    }
  }

  /// Sends everybody away who waits or comes later.
  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for entry in waiting { entry.continuation.resume(returning: .closed) }
  }

  private static func grant(_ state: inout State) -> [CheckedContinuation<Answer, Never>] {
    var granted: [CheckedContinuation<Answer, Never>] = []
    while state.running < state.limit, !state.waiting.isEmpty {
      granted.append(state.waiting.removeFirst().continuation)
      state.running += 1
    }
    return granted
  }

  private func leave(_ id: UInt64, _ answer: Answer) {
    let continuation = state.withLock { state -> CheckedContinuation<Answer, Never>? in
      guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
        state.goneBefore[id] = answer
        return nil
      }
      return state.waiting.remove(at: index).continuation
    }
    continuation?.resume(returning: answer)
  }
}
