/// The certificates that a member shows to whoever connects: the proof that a renewed one is in use.
public struct ServedCertificate: Sendable, Hashable {
  /// The member's certificate, then any intermediates, each DER.
  public var chain: [[UInt8]]
  /// The first one's serial number, lower-case hexadecimal without leading zeros, as ``ParsedCertificate/serial``.
  public var serial: String

  /// Makes a value.
  public init(chain: [[UInt8]], serial: String) {
    self.chain = chain
    self.serial = serial
  }
}
