internal import CPluginABI

/// What is taken from a plugin (`QUORATE_LIMIT_…`).
enum PluginLimits {
  /// Bytes of a message.
  static let message = Int(QUORATE_LIMIT_MESSAGE)
  /// Bytes of a secret.
  static let secret = Int(QUORATE_LIMIT_SECRET)
  /// Secrets beside a message.
  static let secrets = Int(QUORATE_LIMIT_SECRETS)
  /// Descriptors beside a message.
  static let descriptors = Int(QUORATE_LIMIT_DESCRIPTORS)
  /// Bytes of a line of the log.
  static let logLine = Int(QUORATE_LIMIT_LOG_LINE)
  /// Lines of the log of one instance; what comes after them is dropped.
  static let logLines = 10_000
  /// How long a plugin has to stop after a call was cancelled, and to end.
  static let grace = Duration.seconds(2)
}
