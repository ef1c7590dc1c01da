public import QuorateCore

/// The secrets beside a message, while it is written or read.
public struct SecretSection: Sendable {
  /// The secrets, in the order of their numbers.
  public private(set) var secrets: [SecretBytes]

  /// Makes a section.
  public init(_ secrets: [SecretBytes] = []) { self.secrets = secrets }

  /// Takes a secret.
  ///
  /// - Returns: What stands in its place.
  public mutating func add(_ secret: SecretBytes) -> SecretReference {
    secrets.append(secret)
    return SecretReference(index: secrets.count - 1)
  }

  /// The secret that a reference stands for.
  public func secret(_ reference: SecretReference) throws(MessageFault) -> SecretBytes {
    guard secrets.indices.contains(reference.index) else {
      throw MessageFault("it refers to secret \(reference.index), and \(secrets.count) came with it")
    }
    return secrets[reference.index]
  }
}

/// What stands in a message in place of a secret: `{"$secret": 0}`.
public struct SecretReference: Sendable, Codable, Hashable {
  /// Which one.
  public var index: Int

  private enum CodingKeys: String, CodingKey { case index = "$secret" }

  /// Makes a reference.
  public init(index: Int) { self.index = index }
}
