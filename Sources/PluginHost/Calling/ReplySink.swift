internal import CPluginABI
import Synchronization

/// The host's side of one instance: what a plugin calls (`quorate_host`), from any of its threads, and the books of what
/// it was asked.
///
/// One is never freed: a plugin at fault may call it at any time.
final class ReplySink: Sendable {
  /// What an instance tells.
  enum Event: Sendable {
    /// A call is over.
    case reply(call: UInt64, CarriedReply)
    /// A call is over and at fault, or the instance is (`call` 0).
    case fault(call: UInt64, PluginFault)
    /// A line for people.
    case line(level: UInt32, isProgress: Bool, text: [UInt8])
  }

  private struct Asked {
    var storage: CallStorage
    var hasEntered = false
    var hasReturned = false
    var outcome: Event?
  }

  private struct State {
    var asked: [UInt64: Asked] = [:]
    /// The last calls that were answered, for the name of one that is answered again.
    var answered: [(call: UInt64, function: String)] = []
    var highest: UInt64 = 0
    var lines = 0
  }

  private let plugin: String
  private let deliver: @Sendable (Event) -> Void
  private let state = Mutex(State())

  init(plugin: String, deliver: @escaping @Sendable (Event) -> Void) {
    self.plugin = plugin
    self.deliver = deliver
  }

  /// How many calls are not over.
  var callCount: Int { state.withLock { $0.asked.count } }

  /// Notes a call before it is made.
  func begin(_ call: UInt64, _ storage: CallStorage) {
    state.withLock { state in
      state.asked[call] = Asked(storage: storage)
      state.highest = max(state.highest, call)
    }
  }

  /// Notes that the plugin's function is about to be called.
  ///
  /// - Returns: Whether it shall be: false where the call was cancelled before.
  func enter(_ call: UInt64) -> Bool {
    state.withLock { state in
      state.asked[call]?.hasEntered = true
      return state.asked[call] != nil
    }
  }

  /// Notes that nobody waits for a call.
  ///
  /// - Returns: Whether the plugin has to be told, as it was asked; otherwise the call is over by this.
  func cancelled(_ call: UInt64) -> Bool {
    let (isEntered, isOver) = state.withLock { state -> (Bool, Bool) in
      guard let asked = state.asked[call] else { return (false, false) }
      if asked.hasEntered { return (true, false) }
      state.asked[call] = nil
      return (false, true)
    }
    if isOver { deliver(.reply(call: call, CarriedReply(status: .cancelled))) }
    return isEntered
  }

  /// Notes that the plugin's function returned. A call is over only then and answered: so that a second reply from inside
  /// of it is seen, and the memory that was lent to it stays.
  func returned(_ call: UInt64) {
    let event = state.withLock { state -> Event? in
      guard var asked = state.asked[call] else { return nil }
      asked.hasReturned = true
      state.asked[call] = asked
      return Self.finish(call, &state)
    }
    if let event { deliver(event) }
  }

  /// Ends a call that could not be made.
  func failed(_ call: UInt64, _ kind: PluginFault.Kind) {
    let function = state.withLock { $0.asked.removeValue(forKey: call)?.storage.function }
    deliver(.fault(call: call, PluginFault(plugin: plugin, call: function, kind)))
  }

  private func replied(_ call: UInt64, _ start: UnsafePointer<quorate_reply>?) {
    let read = ReplyReader.read(start)
    let event = state.withLock { state -> Event? in
      guard var asked = state.asked[call] else {
        let earlier = state.answered.first { $0.call == call }?.function
        let kind: PluginFault.Kind = call > 0 && call <= state.highest ? .repliedTwice : .repliedUnasked
        return .fault(call: 0, PluginFault(plugin: plugin, call: earlier, kind))
      }
      let function = asked.storage.function
      if asked.outcome == nil {
        switch read {
        case .success(let reply): asked.outcome = .reply(call: call, reply)
        case .failure(let wrong):
          asked.outcome = .fault(call: call, PluginFault(plugin: plugin, call: function, wrong.kind))
        }
      } else {
        asked.outcome = .fault(call: call, PluginFault(plugin: plugin, call: function, .repliedTwice))
      }
      state.asked[call] = asked
      return Self.finish(call, &state)
    }
    if let event { deliver(event) }
  }

  private static func finish(_ call: UInt64, _ state: inout State) -> Event? {
    guard let asked = state.asked[call], asked.hasReturned, let outcome = asked.outcome else { return nil }
    state.asked[call] = nil
    state.answered.append((call, asked.storage.function))
    if state.answered.count > 256 { state.answered.removeFirst() }
    return outcome
  }

  private func wrote(level: UInt32, isProgress: Bool, _ line: quorate_bytes) {
    guard let text = ReplyReader.bytes(line) else { return }
    let number = state.withLock { state in
      state.lines += 1
      return state.lines
    }
    if number <= PluginLimits.logLines {
      deliver(.line(level: level, isProgress: isProgress, text: Array(text.prefix(PluginLimits.logLine))))
    } else if number == PluginLimits.logLines + 1 {
      deliver(
        .line(
          level: QUORATE_LOG_WARNING, isProgress: false,
          text: Array("\(PluginLimits.logLines) lines were written; the others are dropped".utf8)))
    }
  }

  /// The table that the plugin is given; it and this object stay for good.
  func makeHostTable(version: String) -> UnsafePointer<quorate_host> {
    let text = UnsafeMutableBufferPointer<CChar>.allocate(capacity: version.utf8CString.count)
    _ = text.initialize(from: version.utf8CString)
    let table = UnsafeMutablePointer<quorate_host>.allocate(capacity: 1)
    table.initialize(to: quorate_host())
    table.pointee.struct_size = UInt32(MemoryLayout<quorate_host>.size)
    table.pointee.abi_major = UInt16(QUORATE_ABI_MAJOR)
    table.pointee.abi_minor = UInt16(QUORATE_ABI_MINOR)
    table.pointee.version = UnsafePointer(text.baseAddress)
    table.pointee.context = Unmanaged.passRetained(self).toOpaque()
    table.pointee.reply = { context, call, reply in ReplySink.of(context)?.replied(call, reply) }
    table.pointee.log = { context, _, level, line in
      ReplySink.of(context)?.wrote(level: level, isProgress: false, line)
    }
    table.pointee.progress = { context, _, line in
      ReplySink.of(context)?.wrote(level: QUORATE_LOG_INFO, isProgress: true, line)
    }
    return UnsafePointer(table)
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> ReplySink? {
    context.map { Unmanaged<ReplySink>.fromOpaque($0).takeUnretainedValue() }
  }
}
