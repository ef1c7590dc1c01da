public import QuorateCore

/// The configuration as it takes effect: the file with an environment laid over it, values from elsewhere in place, and
/// what holds where nothing is written; each with where it comes from. It holds no secret.
public struct EffectiveConfiguration: Sendable {
  /// A value without parts: a scalar, or an empty list or mapping.
  public struct Setting: Sendable {
    /// Its path: `spec.hosts[1].address`.
    public var path: String
    /// What it is.
    public var value: Value
    /// Where it comes from; nil: it is the default.
    public var origin: ValueOrigin?
  }

  /// What a setting is.
  public enum Value: Sendable, Hashable {
    /// A value as YAML writes it, and the same for a program: text, number, truth value, empty list or mapping.
    case known(SettingsValue, yaml: String)
    /// A secret, as YAML refers to it.
    case secret(yaml: String)
    /// What holds is decided later, or by somebody else; in words, for a reader.
    case described(String)
  }

  /// The settings in the order of the reference page, at their places in the document.
  indirect enum Node: Sendable {
    case setting(Setting)
    case list([Node])
    case mapping([(key: String, node: Node)])
  }

  let root: Node

  init(
    value: SettingsValue, origins: [String: ValueOrigin], keys: [String: SourcePosition], schema: ConfigurationSchema
  ) {
    var document = schema.document
    document.keys.removeAll { $0.name == "environments" }
    root = EffectiveTree(schema: schema, origins: origins, keys: keys, keepsNewAuthority: Self.makesAuthority(value))
      .object(value, document, at: "")
  }

  /// Whether the CA is one that Quorate makes, so that its profile's defaults hold.
  private static func makesAuthority(_ value: SettingsValue) -> Bool {
    let ca = value["spec"]["ca"]
    let place = ca["keyAt"].string
    return place != AuthoritySpec.KeyPlace.issuer.rawValue
      && (place == AuthoritySpec.KeyPlace.operator.rawValue || ca["certificate"].string == nil)
  }

  /// All settings, in the order of the document that ``yaml(origins:defaults:)`` writes.
  ///
  /// - Parameter defaults: Whether those that are not written are among them.
  public func settings(defaults: Bool = true) -> [Setting] {
    var settings: [Setting] = []
    func collect(_ node: Node) {
      switch node {
      case .setting(let setting): if defaults || setting.origin != nil { settings.append(setting) }
      case .list(let elements): elements.forEach(collect)
      case .mapping(let members): for member in members { collect(member.node) }
      }
    }
    collect(root)
    return settings
  }

  /// The document, YAML that reads back as the same cluster; it ends with a line end.
  ///
  /// - Parameters:
  ///   - origins: Whether a comment behind each value says where it comes from.
  ///   - defaults: Whether what is not written stands there with its default.
  public func yaml(origins: Bool = true, defaults: Bool = true) -> String {
    EffectiveText(showsOrigins: origins, showsDefaults: defaults).text(root)
  }
}
