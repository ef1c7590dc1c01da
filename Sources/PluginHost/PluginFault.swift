public import QuorateCore

/// What a plugin from outside did that it must not, or did not do that it must.
///
/// Never what a plugin says itself: that is a ``QuorateCore/PluginError`` of its own words.
public struct PluginFault: Error, Sendable, Codable, Hashable {
  /// What it did.
  public enum Kind: Sendable, Codable, Hashable {
    /// The library cannot be loaded; the dynamic linker's words.
    case notLoadable(why: String)
    /// It does not have the entry `quorate_plugin`, or the entry returns nothing.
    case noEntry
    /// Its descriptor is not what it must be: each field that is not.
    case incompatible([FieldMismatch])
    /// No process could be started for it.
    case notStarted(why: String)
    /// A signal ended its process; its name without `SIG`.
    case crashed(signal: String)
    /// It ended its process itself.
    case exited(status: Int32)
    /// It did not answer in time, and was ended.
    case deadline(milliseconds: UInt64)
    /// What it answered cannot be read.
    case garbage(why: String)
    /// What it answered is more than is taken.
    case tooLarge(what: String, limit: Int)
    /// It answered one call twice.
    case repliedTwice
    /// It answered a call that there never was.
    case repliedUnasked
    /// The call was cancelled; `stopped`: the plugin stopped, or was made to.
    case cancelled(stopped: Bool)
    /// It has no such function.
    case unknownFunction
    /// It was ended before, or together with, something that went wrong: in the same plugin, by another call.
    indirect case ended(because: PluginFault)
    /// It was closed.
    case closed
  }

  /// Which plugin: its id, or the name of its library before it told.
  public var plugin: String
  /// In which call (`issuer.issue`); nil: while it was loaded, or between calls.
  public var call: String?
  /// What it did.
  public var kind: Kind

  /// Makes a fault.
  public init(plugin: String, call: String? = nil, _ kind: Kind) {
    self.plugin = plugin
    self.call = call
    self.kind = kind
  }
}

/// A field of a descriptor that is not what it must be.
public struct FieldMismatch: Sendable, Codable, Hashable {
  /// Its name in quorate_plugin.h.
  public var field: String
  /// What must stand there.
  public var expected: String
  /// What stands there.
  public var found: String

  /// Makes a value.
  public init(_ field: String, expected: String, found: String) {
    self.field = field
    self.expected = expected
    self.found = found
  }
}

extension PluginFault: CustomStringConvertible {
  /// A sentence without a full stop that names the plugin, the call and what happened.
  public var description: String {
    let place = call.map { " in \($0)" } ?? ""
    switch kind {
    case .notLoadable(let why): return "the plugin \(plugin) cannot be loaded: \(why)"
    case .noEntry: return "\(plugin) is no plugin: it has no function quorate_plugin that returns a descriptor"
    case .incompatible(let fields):
      let list = fields.map { "\($0.field): expected \($0.expected), found \($0.found)" }.joined(separator: "; ")
      return "the plugin \(plugin) does not fit this quorate (\(list))"
    case .notStarted(let why): return "no process can be started for the plugin \(plugin): \(why)"
    case .crashed(let signal):
      return "the plugin \(plugin) crashed (SIG\(signal))\(place)"
    case .exited(let status): return "the plugin \(plugin) ended its process\(place), with status \(status)"
    case .deadline(let milliseconds):
      return "the plugin \(plugin) did not answer\(place) within \(Self.time(milliseconds)), and was ended"
    case .garbage(let why): return "the plugin \(plugin) answered\(place) what cannot be read: \(why)"
    case .tooLarge(let what, let limit):
      return "the plugin \(plugin) answered\(place) more than is taken: \(what), at most \(limit)"
    case .repliedTwice: return "the plugin \(plugin) answered one call twice\(place)"
    case .repliedUnasked: return "the plugin \(plugin) answered a call that there never was"
    case .cancelled(true): return "the call to the plugin \(plugin) was cancelled\(place)"
    case .cancelled(false):
      return "the call to the plugin \(plugin) was cancelled\(place), and the plugin goes on with it"
    case .unknownFunction: return "the plugin \(plugin) does not know \(call ?? "what it was asked")"
    case .ended(let fault): return "the plugin \(plugin) is not running any more\(place): \(fault)"
    case .closed: return "the plugin \(plugin) is closed"
    }
  }

  /// What the user can do about it.
  public var fix: String {
    switch kind {
    case .notLoadable: "check that the library is there, is for this machine, and that what it needs is installed"
    case .noEntry: "name a library that was made as a plugin of quorate"
    case .incompatible: "install a version of the plugin that is made for this quorate"
    case .notStarted: "check the limits of processes, memory and open files"
    case .cancelled, .closed: ""
    case .ended(let fault): fault.fix
    case .deadline: "check what the plugin waits for, then run the same command again"
    default: "report this to the plugin's author"
    }
  }

  /// The fault as the contracts of Core tell it.
  public var pluginError: PluginError { PluginError(plugin: plugin, why: description, fix: fix) }

  private static func time(_ milliseconds: UInt64) -> String {
    milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }
}
