/// A value that crosses the boundary as the body of a message.
///
/// The form on the wire (`Body`) is a type of its own and not the value's own coding: it stays as it is when the value
/// changes, holds certificates as PEM and moments as numbers, which an author in any language can read, and holds
/// references in place of secrets.
public protocol MessageValue: Sendable {
  /// The JSON object on the wire.
  associatedtype Body: Codable

  /// Reads the value.
  ///
  /// - Parameters:
  ///   - body: The object.
  ///   - secrets: What came beside it.
  init(body: Body, secrets: SecretSection) throws(MessageFault)

  /// The object on the wire.
  ///
  /// - Parameter secrets: Takes the secrets, which the object then refers to.
  func body(_ secrets: inout SecretSection) -> Body
}

/// A message that cannot be read or written.
public struct MessageFault: Error, Sendable, Hashable {
  /// What is wrong with it, in a sentence without a full stop.
  public var why: String

  /// Makes a fault.
  public init(_ why: String) { self.why = why }
}
