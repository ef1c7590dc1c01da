import Glibc
package import QuorateCore
import Synchronization

/// The open connections of a transport whose calls wait, each on a thread of its own, and what runs on them.
package final class BlockingConnections<Connection: Sendable>: Sendable {
  private struct Entry {
    var name: String
    var connection: Connection
    var calls: [UInt64: CallStop] = [:]
  }

  private struct State {
    var entries: [UInt64: Entry] = [:]
    var nextID: UInt64 = 1
    var callCount = 0
    var idle: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  /// Makes an empty table.
  package init() {}

  /// Keeps a connection.
  ///
  /// - Parameter name: The host's name, for errors.
  /// - Returns: What it is found by.
  package func add(_ connection: Connection, name: String) -> ConnectionHandle {
    state.withLock { state in
      defer { state.nextID += 1 }
      state.entries[state.nextID] = Entry(name: name, connection: connection)
      return ConnectionHandle(id: state.nextID)
    }
  }

  /// The connection behind a handle, and its host's name.
  package func find(_ handle: ConnectionHandle) throws(TransportError) -> (connection: Connection, name: String) {
    guard let entry = state.withLock({ $0.entries[handle.id] }) else {
      throw TransportError(.connectionLost, host: "", why: "the connection is closed")
    }
    return (entry.connection, entry.name)
  }

  /// All handles.
  package var handles: [ConnectionHandle] { state.withLock { $0.entries.keys.map { ConnectionHandle(id: $0) } } }

  /// How many calls are under way.
  package var callCount: Int { state.withLock { $0.callCount } }

  /// Forgets a connection, and ends what runs on it.
  ///
  /// - Returns: The connection; nil where it was not open.
  package func remove(_ handle: ConnectionHandle) -> Connection? {
    guard let entry = state.withLock({ $0.entries.removeValue(forKey: handle.id) }) else { return nil }
    let error = TransportError(.connectionLost, host: entry.name, why: "the connection to \(entry.name) was closed")
    for stop in entry.calls.values { stop.raise(error) }
    return entry.connection
  }

  /// Waits until no call is under way.
  package func untilIdle() async {
    await withCheckedContinuation { continuation in
      let isIdle = state.withLock { state in
        if state.callCount > 0 { state.idle.append(continuation) }
        return state.callCount == 0
      }
      if isIdle { continuation.resume() }
    }
  }

  /// Does something that waits, on a thread of its own, for as long as the connection is open and the task is wanted.
  ///
  /// - Parameter body: Called on that thread; it ends soon once the signal is raised.
  package func call<Value: Sendable>(
    on handle: ConnectionHandle,
    _ body: @escaping @Sendable (Connection, _ name: String, CallStop) -> Result<Value, TransportError>
  ) async throws(TransportError) -> Value {
    guard let stop = CallStop() else { throw .noDescriptors(host: "") }
    let (id, entry) = state.withLock { state -> (UInt64, Entry?) in
      let id = state.nextID
      state.nextID += 1
      guard let entry = state.entries[handle.id] else { return (id, nil) }
      state.entries[handle.id]?.calls[id] = stop
      state.callCount += 1
      return (id, entry)
    }
    guard let entry else { throw TransportError(.connectionLost, host: "", why: "the connection is closed") }
    let (connection, name) = (entry.connection, entry.name)
    let result = await stop.call(host: name) { body(connection, name, stop) }
    let idle = state.withLock { state in
      state.entries[handle.id]?.calls[id] = nil
      state.callCount -= 1
      guard state.callCount == 0 else { return [CheckedContinuation<Void, Never>]() }
      defer { state.idle = [] }
      return state.idle
    }
    for continuation in idle { continuation.resume() }
    return try result.get()
  }
}

extension CallStop {
  /// Does something that waits, on a thread of its own; the signal is raised when the task is cancelled.
  package func call<Value: Sendable>(
    host: String, _ body: @escaping @Sendable () -> Result<Value, TransportError>
  ) async -> Result<Value, TransportError> {
    await withTaskCancellationHandler {
      await DetachedThread.value(of: body)
        ?? .failure(TransportError(.internal, host: host, why: "the system allows no more threads"))
    } onCancel: {
      raise(TransportError(.cancelled, host: host, why: "the call to \(host) was cancelled"))
    }
  }
}

extension TransportError {
  /// No descriptors are left.
  package static func noDescriptors(host: String) -> TransportError {
    TransportError(
      .internal, host: host, why: "no descriptors are left", fix: "raise the limit of open files (ulimit -n)")
  }
}
