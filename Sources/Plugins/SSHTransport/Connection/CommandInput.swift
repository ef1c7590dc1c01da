internal import QuorateCore

/// What is written to a channel: a command's input, in order, as fast as the channel takes it.
final class CommandInput {
  private enum Part {
    case bytes([UInt8])
    case secret(SecretBytes)
    case descriptor(LentDescriptor)
    case end
  }

  /// What an attempt to write came to.
  enum Progress {
    /// Something was written.
    case moved
    /// Nothing can be written now.
    case waiting
    /// It failed.
    case failed(SSHFailure)
  }

  private var parts: [Part] = []
  private var next = 0
  private var offset = 0
  /// What was read from a descriptor and not yet written.
  private var chunk: [UInt8] = []
  private var chunkOffset = 0
  /// Why a descriptor could not be read: an `errno`.
  private(set) var readError: Int32?

  /// Adds bytes.
  func append(_ bytes: [UInt8]) { parts.append(.bytes(bytes)) }

  /// Adds a secret, which is not copied.
  func append(_ secret: SecretBytes) { parts.append(.secret(secret)) }

  /// Adds what a descriptor holds.
  func append(_ descriptor: LentDescriptor) { parts.append(.descriptor(descriptor)) }

  /// Ends the input.
  func appendEnd() { parts.append(.end) }

  /// Whether everything that was added has been written.
  var isDone: Bool { next == parts.count }

  /// The descriptor that the next bytes are to come from, while it has none.
  var awaited: LentDescriptor? {
    guard next < parts.count, chunkOffset == chunk.count, case .descriptor(let lent) = parts[next] else { return nil }
    return lent
  }

  /// Writes what the channel takes now.
  ///
  /// - Parameter mayRead: Whether descriptors may be read from already.
  func write(to channel: SSHChannel, mayRead: Bool, scratch: UnsafeMutableRawBufferPointer) -> Progress {
    var hasMoved = false
    while next < parts.count, channel.wire.unsentCount < Wire.highWater {
      let outcome: SSHOutcome<Int>
      switch parts[next] {
      case .bytes(let bytes):
        if offset == bytes.count {
          advance()
          continue
        }
        outcome = bytes.withUnsafeBytes { channel.write(UnsafeRawBufferPointer(rebasing: $0[offset...])) }
      case .secret(let secret):
        if offset == secret.count {
          advance()
          continue
        }
        outcome = secret.withBytes { channel.write(UnsafeRawBufferPointer(rebasing: $0[offset...])) }
      case .descriptor(let lent):
        if chunkOffset == chunk.count {
          guard mayRead else { return hasMoved ? .moved : .waiting }
          switch lent.io.read(into: scratch) {
          case .moved(let count):
            chunk = Array(scratch[..<count])
            chunkOffset = 0
          case .wouldBlock:
            return hasMoved ? .moved : .waiting
          case .failed(let code):
            readError = code
            return .waiting
          case .ended:
            advance()
          }
          continue
        }
        outcome = chunk.withUnsafeBytes { channel.write(UnsafeRawBufferPointer(rebasing: $0[chunkOffset...])) }
      case .end:
        switch channel.sendEnd() {
        case .done: advance()
        case .again: return hasMoved ? .moved : .waiting
        case .failed(let failure): return .failed(failure)
        }
        hasMoved = true
        continue
      }
      switch outcome {
      case .done(0), .again: return hasMoved ? .moved : .waiting
      case .failed(let failure): return .failed(failure)
      case .done(let count):
        hasMoved = true
        if case .descriptor = parts[next] { chunkOffset += count } else { offset += count }
      }
    }
    return hasMoved ? .moved : .waiting
  }

  private func advance() {
    parts[next] = .bytes([])
    next += 1
    offset = 0
    chunk = []
    chunkOffset = 0
  }
}
