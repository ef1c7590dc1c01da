import QuorateCore

/// Where a command's standard output goes.
struct ProcessOutput {
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

  /// What was collected.
  private(set) var collected: [UInt8] = []
  private let limit: Int
  private let io: DescriptorIO?
  private var kept: [UInt8] = []

  init(_ sink: OutputSink) {
    switch sink {
    case .collected(let limit):
      self.limit = limit
      io = nil
    case .descriptor(let number):
      limit = 0
      io = DescriptorIO(number)
    }
  }

  /// Whether bytes wait for the reader.
  var isFull: Bool { !kept.isEmpty }

  /// The descriptor that is written to.
  var descriptor: Int32? { io?.descriptor }

  /// Takes bytes; never while ``isFull``.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Progress {
    guard let io else {
      guard collected.count + bytes.count <= limit else { return .tooLarge }
      collected.append(contentsOf: bytes)
      return .open
    }
    var rest = bytes
    while !rest.isEmpty {
      switch io.write(rest) {
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
  mutating func flush() -> Progress {
    let bytes = kept
    kept = []
    return bytes.withUnsafeBytes { take($0) }
  }
}
