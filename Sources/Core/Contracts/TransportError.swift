/// Why a transport could not do what it was asked.
public struct TransportError: Error, Sendable, Codable, Hashable {
  /// The kinds of failure that a caller may want to tell apart.
  public enum Code: String, Sendable, Codable, Hashable, CaseIterable {
    /// No connection: refused, no route, name not found, or no answer in time.
    case unreachable
    /// The host's key is unknown, or not the one that is known. Never retried.
    case hostKeyRejected = "host-key-rejected"
    /// The host took none of the credentials that were offered.
    case authenticationFailed = "authentication-failed"
    /// A key, an agent or a passphrase could not be used on this side.
    case credentialUnusable = "credential-unusable"
    /// `sudo` asked for a password and none is configured, or this user may not use it.
    case elevationRefused = "elevation-refused"
    /// `sudo` asked again: the password was wrong.
    case elevationPasswordWrong = "elevation-password-wrong"
    /// The host does not forward connections; the detail names the setting.
    case forwardingRefused = "forwarding-refused"
    /// The host could not connect to the stream's address.
    case streamTargetUnreachable = "stream-target-unreachable"
    /// The command could not be started.
    case commandNotStarted = "command-not-started"
    /// The connection was lost while something was under way.
    case connectionLost = "connection-lost"
    /// The call's own time limit passed.
    case timedOut = "timed-out"
    /// More output than the caller's limit.
    case outputTooLarge = "output-too-large"
    /// The calling task was cancelled.
    case cancelled
    /// This transport, or the library below it, cannot do this.
    case unsupported
    /// A fault of the transport itself.
    case `internal`
  }

  /// What kind of failure it is.
  public var code: Code
  /// The host's name in the configuration.
  public var host: String
  /// What happened, in a sentence without a full stop, without secrets.
  public var why: String
  /// What the user can do about it; empty when there is nothing to say.
  public var fix: String

  /// Makes an error.
  public init(_ code: Code, host: String, why: String, fix: String = "") {
    self.code = code
    self.host = host
    self.why = why
    self.fix = fix
  }

  /// Whether trying the same call again may help without anybody doing anything.
  public var isRetryable: Bool { code == .unreachable || code == .connectionLost || code == .timedOut }
}
