import Synchronization

/// A value that one thread leaves for another.
final class Box: Sendable {
  private let content = Mutex<String?>(nil)

  var value: String? { content.withLock { $0 } }

  func set(_ value: String?) { content.withLock { $0 = value } }
}
