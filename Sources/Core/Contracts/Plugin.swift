/// The four kinds of plugin.
public enum PluginKind: String, Sendable, Codable, Hashable, CaseIterable {
  /// ``CertIssuer``.
  case certIssuer = "issuer"
  /// ``Transport``.
  case transport
  /// ``ServiceManager``.
  case serviceManager
  /// ``ManifestWriter``.
  case manifestWriter
}

/// What a plugin says of itself before it is made.
public struct PluginDescriptor: Sendable, Codable, Hashable {
  /// Its name in the configuration (`systemd-kubelet`).
  public var id: String
  /// What it is.
  public var kind: PluginKind
  /// Its semantic version.
  public var version: String
  /// One line for lists and the reference page.
  public var summary: String
  /// The keys that may stand under `with:`.
  public var settings: SchemaObject
  /// What a manifest writer writes, or a service manager runs; nil for the other kinds, and where it is not said.
  public var manifestForm: ManifestForm?
  /// Whether an issuer keeps the CA's private key itself, so that `ca.keyAt: issuer` can be chosen. No other kind of
  /// plugin does.
  public var keepsAuthorityKey: Bool
  /// Whether an issuer can do nothing without a CA's certificate that is brought (`ca.certificate`), whose key others keep
  /// (`ca.keyAt: issuer`).
  public var needsAuthorityCertificate: Bool

  /// Makes a descriptor.
  public init(
    id: String, kind: PluginKind, version: String, summary: String, settings: SchemaObject,
    manifestForm: ManifestForm? = nil, keepsAuthorityKey: Bool = false,
    needsAuthorityCertificate: Bool = false
  ) {
    self.id = id
    self.kind = kind
    self.version = version
    self.summary = summary
    self.settings = settings
    self.manifestForm = manifestForm
    self.keepsAuthorityKey = keepsAuthorityKey
    self.needsAuthorityCertificate = needsAuthorityCertificate
  }
}

/// A plugin that can be made: its descriptor, and how.
public struct PluginRegistration: Sendable {
  /// How a plugin of each kind is made from its settings.
  public enum Factory: Sendable {
    /// Makes an issuer.
    case certIssuer(@Sendable (SettingsValue, PluginContext) throws(PluginError) -> any CertIssuer)
    /// Makes a transport.
    case transport(@Sendable (SettingsValue, PluginContext) throws(PluginError) -> any Transport)
    /// Makes a service manager.
    case serviceManager(@Sendable (SettingsValue, PluginContext) throws(PluginError) -> any ServiceManager)
    /// Makes a manifest writer.
    case manifestWriter(@Sendable (SettingsValue, PluginContext) throws(PluginError) -> any ManifestWriter)
  }

  /// What the plugin says of itself.
  public var descriptor: PluginDescriptor
  /// How it is made.
  public var make: Factory

  /// Makes a registration.
  public init(descriptor: PluginDescriptor, make: Factory) {
    self.descriptor = descriptor
    self.make = make
  }
}

/// What a plugin is given besides its settings.
public struct PluginContext: Sendable {
  /// The folder that relative paths in the configuration start from: the configuration file's own.
  public var baseFolder: String
  /// Where passwords and passphrases come from.
  public var secrets: any SecretSource
  /// Takes a line for `--verbose`; never a secret.
  public var log: @Sendable (String) -> Void

  /// Makes a context.
  public init(baseFolder: String, secrets: any SecretSource, log: @escaping @Sendable (String) -> Void = { _ in }) {
    self.baseFolder = baseFolder
    self.secrets = secrets
    self.log = log
  }
}

/// Where passwords and passphrases come from: a terminal, a descriptor, a program.
public protocol SecretSource: Sendable {
  /// A secret, asked for at most once in a run: equal names get the same answer without asking again.
  ///
  /// - Parameter request: Which one.
  /// - Returns: The secret; nil where there is no way to get it (no terminal, no descriptor).
  func secret(_ request: SecretRequest) async -> SecretBytes?
}

/// Which secret is asked for.
public struct SecretRequest: Sendable, Hashable {
  /// What the secret is for.
  public enum Purpose: String, Sendable, Hashable {
    /// `sudo`'s password.
    case becomePassword = "become-password"
    /// The passphrase of a private key file.
    case keyPassphrase = "key-passphrase"
    /// A login password.
    case loginPassword = "login-password"
  }

  /// What the secret is for.
  public var purpose: Purpose
  /// Whose it is: a user, a key file.
  public var subject: String

  /// Makes a request.
  public init(purpose: Purpose, subject: String) {
    self.purpose = purpose
    self.subject = subject
  }
}

/// Why a plugin could not do what it was asked.
public struct PluginError: Error, Sendable, Codable, Hashable {
  /// Which plugin.
  public var plugin: String
  /// What happened, in a sentence without a full stop, without secrets.
  public var why: String
  /// What the user can do about it.
  public var fix: String
  /// The setting at fault, as a path below `with:` (`identityFile`); nil where it is none.
  public var setting: String?

  /// Makes an error.
  public init(plugin: String, why: String, fix: String = "", setting: String? = nil) {
    self.plugin = plugin
    self.why = why
    self.fix = fix
    self.setting = setting
  }
}
