internal import CLibSSH2
import Glibc

/// A signature that libssh2 asks for in the middle of a call, and that somebody else makes in the meantime.
///
/// libssh2 repeats the question on every call until it is answered, so that no thread waits for an agent.
final class SignatureExchange {
  /// What happened to the question.
  private enum State {
    case unasked
    case asked([UInt8])
    case signed([UInt8])
    case refused
  }

  private var state = State.unasked

  /// What is to be signed; nil while nothing is.
  var question: [UInt8]? { if case .asked(let data) = state { data } else { nil } }

  /// Answers the question: the signature without its type (RFC 4253 section 6.6), or nil for none.
  func answer(_ signature: [UInt8]?) { state = signature.map { .signed($0) } ?? .refused }

  /// What libssh2 calls.
  func answer(
    _ data: UnsafeRawBufferPointer, signature: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>,
    count: UnsafeMutablePointer<Int>
  ) -> Int32 {
    switch state {
    case .unasked:
      state = .asked(Array(data))
      return LIBSSH2_ERROR_EAGAIN
    case .asked:
      return LIBSSH2_ERROR_EAGAIN
    case .refused:
      return -1
    case .signed(let bytes):
      // Freed by libssh2 with the session's own function, which expects memory of `malloc`.
      guard let memory = malloc(max(bytes.count, 1)) else { return -1 }
      bytes.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: $0.count) }
      signature.pointee = memory.assumingMemoryBound(to: UInt8.self)
      count.pointee = bytes.count
      return 0
    }
  }
}
