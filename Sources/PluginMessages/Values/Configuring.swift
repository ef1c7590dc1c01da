public import QuorateCore

extension PluginFunction where Question == PluginSetup, Answer == NoAnswer {
  /// The first question to every instance.
  public static var configure: Self { Self("configure") }
}

/// What an instance is made with.
public struct PluginSetup: MessageValue {
  /// The object on the wire.
  public struct Body: Codable, Sendable {
    /// The name of the kind (`issuer`).
    public var kind: String
    /// What stands under `with:`.
    public var settings: SettingBody
    /// Where relative paths start from.
    public var baseFolder: String
  }

  /// What it is to be.
  public var kind: PluginKind
  /// What stands under `with:`, checked against the plugin's schema.
  public var settings: SettingsValue
  /// The folder that relative paths in the settings start from.
  public var baseFolder: String

  /// Makes a value.
  public init(kind: PluginKind, settings: SettingsValue, baseFolder: String) {
    self.kind = kind
    self.settings = settings
    self.baseFolder = baseFolder
  }

  /// Reads the value.
  public init(body: Body, secrets: SecretSection) throws(MessageFault) {
    guard let kind = PluginKind(rawValue: body.kind) else { throw MessageFault("kind `\(body.kind)` is not known") }
    self.init(kind: kind, settings: try body.settings.value(secrets), baseFolder: body.baseFolder)
  }

  /// The object on the wire.
  public func body(_ secrets: inout SecretSection) -> Body {
    Body(kind: kind.rawValue, settings: SettingBody(settings, &secrets), baseFolder: baseFolder)
  }
}

/// An answer that says nothing but that it is done.
public struct NoAnswer: MessageValue {
  /// The object on the wire: empty but for the version.
  public struct Body: Codable, Sendable {}

  /// Makes a value.
  public init() {}

  /// Reads the value.
  public init(body: Body, secrets: SecretSection) throws(MessageFault) {}

  /// The object on the wire.
  public func body(_ secrets: inout SecretSection) -> Body { Body() }
}
