import Glibc

/// Bytes that are overwritten with zeros when the last reference goes.
///
/// `description` never shows them, and they are not `Codable`: a secret cannot end in a plan or a log by accident.
///
/// `@unchecked Sendable` is proved by this: `storage` is set in the initializer, never reassigned, written only
/// in `init` before the reference escapes and in `deinit` after the last one is gone; in between it is only read.
public final class SecretBytes: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
  private let storage: UnsafeMutableRawBufferPointer

  /// Makes a secret by filling memory that holds nothing else.
  ///
  /// - Parameters:
  ///   - count: The number of bytes.
  ///   - fill: Writes them; called once.
  public init(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
    _ = mlock(memory.baseAddress, memory.count)
    storage = UnsafeMutableRawBufferPointer(start: memory.baseAddress, count: count)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    do { try fill(storage) } catch {
      SecretBytes.release(storage)
      throw error
    }
  }

  /// Copies bytes; the source is the caller's to wipe.
  public convenience init(_ bytes: some Collection<UInt8>) {
    self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  /// Copies bytes and wipes the source.
  public convenience init(wiping bytes: inout [UInt8]) {
    self.init(bytes)
    bytes.withUnsafeMutableBytes { buffer in
      if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
    }
    bytes.removeAll(keepingCapacity: false)
  }

  deinit { SecretBytes.release(storage) }

  private static func release(_ storage: UnsafeMutableRawBufferPointer) {
    guard let start = storage.baseAddress else { return }
    explicit_bzero(start, max(storage.count, 1))
    munlock(start, max(storage.count, 1))
    start.deallocate()
  }

  /// The number of bytes.
  public var count: Int { storage.count }

  /// Reads the bytes in place. What the body copies out is the body's to wipe.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(storage))
  }

  /// Whether two secrets are equal, in a time that depends on their length alone.
  public func isEqual(to other: SecretBytes) -> Bool {
    guard count == other.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<count { difference |= storage[index] ^ other.storage[index] }
    return difference == 0
  }

  /// The length, never the bytes.
  public var description: String { "<secret of \(count) bytes>" }

  /// No children: a dump shows nothing either.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
