internal import CPluginABI
internal import QuorateCore
internal import QuoratePluginMessages

/// One instance of a plugin in this process. What it is asked runs on a thread of its own.
///
/// `@unchecked Sendable` is proved by this: `instance` is the plugin's pointer, which the ABI allows on any thread; all
/// is set in `init`.
final class PluginInstance: @unchecked Sendable {
  private let library: PluginLibrary
  private let instance: UnsafeMutableRawPointer
  private let sink: ReplySink

  /// Makes an instance. Blocks.
  ///
  /// - Parameter deliver: Takes what the instance tells, on any thread; it may block that thread.
  init(
    of library: PluginLibrary, kind: PluginKind, hostVersion: String,
    deliver: @escaping @Sendable (ReplySink.Event) -> Void
  ) throws(PluginFault) {
    let id = library.identity.id
    guard library.identity.kinds.contains(kind) else {
      let has = library.identity.kinds.map(\.rawValue).joined(separator: ", ")
      throw PluginFault(
        plugin: id, .incompatible([FieldMismatch("kinds", expected: kind.rawValue, found: has)]))
    }
    let sink = ReplySink(plugin: id, deliver: deliver)
    let table = sink.makeHostTable(version: hostVersion)
    guard let instance = library.functions.create(library.functions.userdata, kind.abiBit, table) else {
      throw PluginFault(plugin: id, .notStarted(why: "it made no instance"))
    }
    self.library = library
    self.instance = instance
    self.sink = sink
  }

  /// Puts a question; the answer is an event.
  func start(_ call: UInt64, _ function: String, _ message: PluginMessage, deadlineMilliseconds: UInt64) {
    let storage = CallStorage(
      id: call, function: function, message: message, deadlineMilliseconds: deadlineMilliseconds)
    sink.begin(call, storage)
    let isStarted = DetachedThread.start { [self] in
      guard sink.enter(call) else { return }
      library.functions.call(instance, UnsafePointer(storage.pointer))
      sink.returned(call)
    }
    if !isStarted { sink.failed(call, .notStarted(why: "the system allows no more threads")) }
  }

  /// Tells the plugin that nobody waits for an answer.
  func cancel(_ call: UInt64) {
    if sink.cancelled(call) { library.functions.cancel(instance, call) }
  }

  /// Ends the instance, where no call is under way; otherwise it stays. Blocks.
  func destroy() {
    if sink.callCount == 0 { library.functions.destroy(instance) }
  }
}
