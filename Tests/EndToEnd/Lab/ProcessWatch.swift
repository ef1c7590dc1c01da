import Foundation
import Synchronization

/// Looks at the arguments and the environment of every process, the hosts' among them, for as long as something runs.
final class ProcessWatch: Sendable {
  private let canary: [UInt8]
  private let state = Mutex(State())
  private let done = DispatchSemaphore(value: 0)

  private struct State {
    var isEnding = false
    var seen: Set<String> = []
    var found: [String] = []
  }

  /// Begins to look, on a thread of its own.
  init(for canary: Canary) {
    self.canary = Array(canary.text.utf8)
    Thread.detachNewThread {
      while !self.state.withLock({ $0.isEnding }) { self.look() }
      self.done.signal()
    }
  }

  /// Ends: the processes that were seen, and those that showed the canary.
  func end() -> (processes: Int, found: [String]) {
    state.withLock { $0.isEnding = true }
    done.wait()
    return state.withLock { ($0.seen.count, $0.found) }
  }

  private func look() {
    for process in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] where Int(process) != nil {
      for file in ["cmdline", "environ"] {
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(process)/\(file)") else { continue }
        let isFound = bytes.firstRange(of: canary) != nil
        state.withLock { state in
          state.seen.insert(process)
          if isFound { state.found.append("/proc/\(process)/\(file)") }
        }
      }
    }
    // A look takes some milliseconds; as many are left to the others.
    poll(nil, 0, 10)
  }
}
