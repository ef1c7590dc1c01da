public import QuorateCore
public import QuoratePluginMessages

/// How a plugin is reached: in this process, in a child, by an executable. All carry the same messages.
///
/// A carrier holds one instance of a plugin. Once it is at fault it stays so: nothing is sent to a plugin that did what it
/// must not.
public protocol PluginCarrier: Sendable {
  /// Who the plugin says it is.
  var identity: PluginIdentity { get }

  /// Puts a question to the plugin. Calls may overlap.
  ///
  /// When the task is cancelled, the plugin is told so, and has two seconds to stop.
  ///
  /// - Parameters:
  ///   - function: The name of the question.
  ///   - message: The question.
  ///   - deadline: After how long the plugin is given up.
  /// - Returns: What the plugin answered, whether it is what was asked for or why not.
  /// - Throws: ``PluginFault`` where it did not answer as it must.
  func call(
    _ function: String, _ message: PluginMessage, deadline: Duration
  ) async throws(PluginFault) -> CarriedReply

  /// Ends the instance. Calls that are under way end with ``PluginFault/Kind/closed``.
  func close() async
}

/// What a plugin answered.
public struct CarriedReply: Sendable {
  /// `quorate_reply.status`.
  public enum Status: UInt32, Sendable {
    /// The message is the answer.
    case ok = 0
    /// The message says why not.
    case failed = 1
    /// The plugin stopped because the call was cancelled.
    case cancelled = 2
    /// The plugin does not know what it was asked.
    case unknownFunction = 3
  }

  /// What the message is.
  public var status: Status
  /// The message.
  public var message: PluginMessage

  /// Makes a reply.
  public init(status: Status, message: PluginMessage = PluginMessage()) {
    self.status = status
    self.message = message
  }
}

/// Who a plugin says it is: `quorate_descriptor`, checked.
public struct PluginIdentity: Sendable, Codable, Hashable {
  /// Its name in the configuration.
  public var id: String
  /// Its semantic version.
  public var version: String
  /// One line for lists.
  public var summary: String
  /// The lowest version of Quorate that it works with; nil: any.
  public var lowestHost: String?
  /// What it can be; kinds that are not known here are left out.
  public var kinds: [PluginKind]
  /// The ABI that it was made for: its major number.
  public var abiMajor: Int
  /// The ABI that it was made for: its minor number.
  public var abiMinor: Int

  /// Makes a value.
  public init(
    id: String, version: String, summary: String, lowestHost: String?, kinds: [PluginKind], abiMajor: Int, abiMinor: Int
  ) {
    self.id = id
    self.version = version
    self.summary = summary
    self.lowestHost = lowestHost
    self.kinds = kinds
    self.abiMajor = abiMajor
    self.abiMinor = abiMinor
  }
}

/// A line that a plugin wrote for people.
public struct PluginLogLine: Sendable, Hashable {
  /// How much it matters.
  public enum Level: UInt32, Sendable {
    /// For the plugin's author.
    case debug = 0
    /// For whoever wants to know.
    case info = 1
    /// For everybody.
    case warning = 2
  }

  /// How much it matters.
  public var level: Level
  /// Whether it says how far a call has come.
  public var isProgress: Bool
  /// The line, without control characters.
  public var text: String

  /// Makes a line of what a plugin wrote.
  init(level: UInt32, isProgress: Bool, bytes: some Collection<UInt8>) {
    self.level = Level(rawValue: level) ?? .info
    self.isProgress = isProgress
    let scalars = String(decoding: bytes.prefix(PluginLimits.logLine), as: UTF8.self).unicodeScalars
    text = String(
      String.UnicodeScalarView(scalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }
}
