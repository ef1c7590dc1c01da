import Glibc
import QuorateCore

/// What is written to a process, in order, as fast as its pipe takes it.
struct ProcessInput {
  private enum Part {
    case bytes([UInt8])
    case secret(SecretBytes)
    case descriptor(DescriptorIO)
  }

  /// What an attempt to write came to.
  enum Progress {
    /// Something was written or read.
    case moved
    /// Nothing can be done now.
    case waiting
    /// All is written, or nobody reads: the pipe is to be closed.
    case ended
    /// A descriptor could not be read: an `errno`.
    case failed(Int32)
  }

  /// What the next write waits for.
  enum Awaited {
    /// Room in the pipe.
    case pipe
    /// Something to read.
    case descriptor(Int32)
    /// A word from the process.
    case nothing
  }

  private var opening: [Part]
  private var parts: [Part]
  private var offset = 0
  private var chunk: [UInt8] = []

  init(greeting: [UInt8], text: [UInt8], _ input: [InputPart]) {
    opening = [.bytes(greeting)]
    parts =
      [.bytes(text)]
      + input.map { part in
        switch part {
        case .bytes(let bytes): .bytes(bytes)
        case .secret(let secret): .secret(secret)
        case .descriptor(let number): .descriptor(DescriptorIO(number))
        }
      }
  }

  /// Adds the answer to sudo's question.
  mutating func add(password: SecretBytes) { opening += [.secret(password), .bytes([UInt8(ascii: "\n")])] }

  /// What the next write waits for.
  func awaited(mayTakeInput: Bool, hasStarted: Bool) -> Awaited {
    if !opening.isEmpty || !chunk.isEmpty { return .pipe }
    guard mayTakeInput else { return .nothing }
    guard case .descriptor(let io)? = parts.first else { return .pipe }
    return hasStarted ? .descriptor(io.descriptor) : .nothing
  }

  /// Writes what the pipe takes now.
  mutating func write(
    to pipe: Int32, _ buffer: UnsafeMutableRawBufferPointer, mayTakeInput: Bool, hasStarted: Bool
  ) -> Progress {
    if !chunk.isEmpty { return writeChunk(to: pipe) }
    let isOpening = !opening.isEmpty
    guard isOpening || mayTakeInput else { return .waiting }
    guard let part = isOpening ? opening.first : parts.first else { return .ended }
    switch part {
    case .bytes(let bytes):
      return bytes.withUnsafeBytes { write($0, to: pipe, isOpening) }
    case .secret(let secret):
      return secret.withBytes { write($0, to: pipe, isOpening) }
    case .descriptor(let io):
      guard hasStarted else { return .waiting }
      switch io.read(into: buffer) {
      case .moved(let count):
        chunk = Array(buffer[..<count])
        return .moved
      case .wouldBlock: return .waiting
      case .ended:
        parts.removeFirst()
        return .moved
      case .failed(let code): return .failed(code)
      }
    }
  }

  private mutating func writeChunk(to pipe: Int32) -> Progress {
    switch Self.write(chunk[offset...], to: pipe) {
    case .moved(let count):
      offset += count
      if offset == chunk.count {
        chunk = []
        offset = 0
      }
      return .moved
    case .wouldBlock: return .waiting
    case .ended, .failed: return .ended
    }
  }

  private mutating func write(_ bytes: UnsafeRawBufferPointer, to pipe: Int32, _ isOpening: Bool) -> Progress {
    if offset < bytes.count {
      switch Self.write(UnsafeRawBufferPointer(rebasing: bytes[offset...]), to: pipe) {
      case .moved(let count): offset += count
      case .wouldBlock: return .waiting
      case .ended, .failed: return .ended
      }
    }
    if offset == bytes.count {
      if isOpening { opening.removeFirst() } else { parts.removeFirst() }
      offset = 0
    }
    return .moved
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to pipe: Int32) -> DescriptorIO.Outcome {
    bytes.withUnsafeBytes { write($0, to: pipe) }
  }

  /// The pipe is our own, and non-blocking.
  private static func write(_ bytes: UnsafeRawBufferPointer, to pipe: Int32) -> DescriptorIO.Outcome {
    while true {
      let count = Glibc.write(pipe, bytes.baseAddress, bytes.count)
      if count >= 0 { return .moved(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      case EPIPE: return .ended
      default: return .failed(errno)
      }
    }
  }
}
