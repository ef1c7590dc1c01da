/// A setting that is a secret: where it comes from and, in the process that read it, its bytes.
///
/// It is encoded without its bytes, so a saved plan holds where the secret is and not what it is; who decodes one reads
/// it again. Two are equal when they come from the same place.
public struct SecretSetting: Sendable, Codable, Hashable, CustomStringConvertible {
  /// Where it comes from, as the configuration has it, with paths in full: `${env:NAME}`, `${file:/srv/key}`. Empty
  /// where it cannot be read again: it is written in the configuration itself.
  public var source: String
  /// The bytes; nil after decoding.
  public var bytes: SecretBytes?

  private enum CodingKeys: String, CodingKey { case source }

  /// Makes a value.
  public init(source: String, bytes: SecretBytes?) {
    self.source = source
    self.bytes = bytes
  }

  /// Whether two come from the same place.
  public static func == (left: SecretSetting, right: SecretSetting) -> Bool { left.source == right.source }

  /// Hashes where it comes from.
  public func hash(into hasher: inout Hasher) { hasher.combine(source) }

  /// What is shown in its place.
  public static let placeholder = "(secret)"

  /// `(secret)`.
  public var description: String { Self.placeholder }
}
