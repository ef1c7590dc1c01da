import Glibc

/// Reads from and writes to descriptors that a caller lent to a transport, without blocking and without changing
/// them: the caller keeps owning them, and `O_NONBLOCK` would change its side too.
///
/// The calling thread must have `SIGPIPE` blocked (``blockBrokenPipeSignal()``): a closed reader is a result here.
public struct DescriptorIO: Sendable {
  /// What an attempt came to.
  public enum Outcome: Sendable, Hashable {
    /// This many bytes went over; never 0.
    case moved(Int)
    /// Nothing now: wait until the descriptor is ready.
    case wouldBlock
    /// Reading: the end. Writing: nobody reads any more.
    case ended
    /// An error of the system, an `errno`.
    case failed(Int32)
  }

  private enum Kind { case socket, file, other }

  /// The descriptor.
  public let descriptor: Int32
  private let kind: Kind

  /// Looks at a descriptor.
  public init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      kind = .other
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFSOCK: kind = .socket
    case S_IFREG, S_IFDIR, S_IFBLK: kind = .file
    default: kind = .other
    }
  }

  /// Whether it is always ready, and cannot be waited for (epoll refuses regular files).
  public var isAlwaysReady: Bool { kind == .file }

  /// Reads what is there now.
  public func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    switch kind {
    case .socket: return outcome { recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)) }
    case .other where !isReady(POLLIN): return .wouldBlock
    default: return outcome { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
    }
  }

  /// Writes what fits now. A pipe that is ready takes `PIPE_BUF` bytes (4096) without blocking, and more may not fit.
  public func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    guard !bytes.isEmpty else { return .wouldBlock }
    switch kind {
    case .socket:
      return outcome {
        send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
      }
    case .file: return outcome { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
    case .other:
      var moved = 0
      while moved < bytes.count {
        guard isReady(POLLOUT) else { break }
        let part = UnsafeRawBufferPointer(rebasing: bytes[moved..<min(moved + 4096, bytes.count)])
        let result = outcome { Glibc.write(descriptor, part.baseAddress, part.count) }
        guard case .moved(let count) = result else { return moved > 0 ? .moved(moved) : result }
        moved += count
      }
      return moved > 0 ? .moved(moved) : .wouldBlock
    }
  }

  /// Blocks `SIGPIPE` for the calling thread, for good: for threads that a transport made itself.
  public static func blockBrokenPipeSignal() {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  private func isReady(_ events: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&entry, 1, 0) > 0
  }

  private func outcome(_ call: () -> Int) -> Outcome {
    while true {
      let count = call()
      if count > 0 { return .moved(count) }
      if count == 0 { return .ended }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      case EPIPE, ECONNRESET: return .ended
      default: return .failed(errno)
      }
    }
  }
}
