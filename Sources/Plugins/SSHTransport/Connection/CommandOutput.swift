internal import QuorateCore

/// Where a command's standard output goes.
final class CommandOutput {
  /// What became of bytes.
  enum Progress {
    /// All went through; more is welcome.
    case open
    /// Some are kept until the reader takes them.
    case full
    /// More than the caller's limit.
    case tooLarge
    /// Nobody reads any more.
    case readerGone
    /// The descriptor failed: an `errno`.
    case failed(Int32)
  }

  private let limit: Int
  /// The descriptor to write to; nil: the output is collected.
  let descriptor: LentDescriptor?
  /// What was collected.
  private(set) var collected: [UInt8] = []
  private var kept: [UInt8] = []

  init(collectingUpTo limit: Int) {
    self.limit = limit
    descriptor = nil
  }

  init(to descriptor: LentDescriptor) {
    limit = 0
    self.descriptor = descriptor
  }

  /// Whether bytes wait for the reader.
  var isFull: Bool { !kept.isEmpty }

  /// Takes bytes; never while ``isFull``.
  func take(_ bytes: UnsafeRawBufferPointer) -> Progress {
    guard let descriptor else {
      guard collected.count + bytes.count <= limit else { return .tooLarge }
      collected.append(contentsOf: bytes)
      return .open
    }
    var rest = bytes
    while !rest.isEmpty {
      switch descriptor.io.write(rest) {
      case .moved(let count): rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      case .wouldBlock:
        kept = Array(rest)
        return .full
      case .ended: return .readerGone
      case .failed(let code): return .failed(code)
      }
    }
    return .open
  }

  /// Tries again with what is kept.
  func flush() -> Progress {
    guard isFull else { return .open }
    let bytes = kept
    kept = []
    return bytes.withUnsafeBytes { take($0) }
  }
}
