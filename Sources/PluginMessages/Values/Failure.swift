public import QuorateCore

/// Why a plugin could not do what it was asked: the message of `QUORATE_STATUS_FAILED`.
public struct Failure: MessageValue, Hashable {
  /// The object on the wire.
  public struct Body: Codable, Sendable {
    /// What happened, in a sentence without a full stop, without secrets.
    public var why: String
    /// What the user can do about it.
    public var fix: String?
    /// The setting at fault, as a path below `with:`.
    public var setting: String?
  }

  /// What happened, in a sentence without a full stop.
  public var why: String
  /// What the user can do about it.
  public var fix: String
  /// The setting at fault, as a path below `with:`; nil where it is none.
  public var setting: String?

  /// The failure that an error tells of.
  public init(_ error: PluginError) {
    why = error.why
    fix = error.fix
    setting = error.setting
  }

  /// Reads the value.
  public init(body: Body, secrets: SecretSection) throws(MessageFault) {
    why = body.why
    fix = body.fix ?? ""
    setting = body.setting
  }

  /// The object on the wire.
  public func body(_ secrets: inout SecretSection) -> Body {
    Body(why: why, fix: fix.isEmpty ? nil : fix, setting: setting)
  }
}
