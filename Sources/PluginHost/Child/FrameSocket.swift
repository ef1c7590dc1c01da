internal import CPluginProcess
internal import Glibc
internal import QuorateCore
internal import QuoratePluginMessages
internal import Synchronization

/// One end of the socket between this process and a child. Its calls block: each on a thread outside the shared pool.
final class FrameSocket: Sendable {
  /// Why nothing more comes.
  enum Ending: Error, Sendable, Hashable {
    /// The other side closed it, or ended.
    case closed
    /// What came is no frame.
    case garbage(String)
  }

  private let descriptor: OwnedDescriptor
  private let turn = Mutex(())
  private let outgoing = Mutex(Outgoing())

  private struct Outgoing {
    var frames: [Frame] = []
    var isBeingSent = false
  }

  init(_ descriptor: OwnedDescriptor) { self.descriptor = descriptor }

  /// Sends a frame whole, also while others send theirs.
  ///
  /// - Returns: Whether the other side took it.
  @discardableResult
  func send(_ frame: Frame) -> Bool {
    let head = Frame.Head(frame).bytes
    let text = Array(frame.name.utf8)
    return turn.withLock { _ in
      head.withUnsafeBytes { sendAll($0, descriptors: frame.message.descriptors.map(\.number)) }
        && text.withUnsafeBytes { sendAll($0) } && frame.message.body.withUnsafeBytes { sendAll($0) }
        && frame.message.secrets.allSatisfy { secret in
          var count = UInt32(secret.count).littleEndian
          return withUnsafeBytes(of: &count) { sendAll($0) } && secret.withBytes { sendAll($0) }
        }
    }
  }

  /// Sends a frame behind those that were queued before it, on a thread of its own. Does not block.
  ///
  /// - Returns: Whether it will be sent; false where the system allows no more threads.
  @discardableResult
  func queue(_ frame: Frame) -> Bool {
    let isFirst = outgoing.withLock { outgoing in
      outgoing.frames.append(frame)
      defer { outgoing.isBeingSent = true }
      return !outgoing.isBeingSent
    }
    if !isFirst { return true }
    let isStarted = DetachedThread.start { [self] in
      while let frames = takeQueued() { for frame in frames { send(frame) } }
    }
    if !isStarted { outgoing.withLock { $0 = Outgoing() } }
    return isStarted
  }

  private func takeQueued() -> [Frame]? {
    outgoing.withLock { outgoing in
      guard !outgoing.frames.isEmpty else {
        outgoing.isBeingSent = false
        return nil
      }
      defer { outgoing.frames = [] }
      return outgoing.frames
    }
  }

  private func sendAll(_ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = []) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
      let count = quorate_send(
        descriptor.number, rest.baseAddress, rest.count, descriptors, sent == 0 ? descriptors.count : 0)
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Waits for the next frame. One thread at a time.
  func receive() throws(Ending) -> Frame {
    var descriptors: [OwnedDescriptor] = []
    let bytes = try receive(Frame.Head.count, descriptors: &descriptors)
    guard let head = Frame.Head(bytes) else { throw .garbage("it wrote to the connection of its process") }
    var none: [OwnedDescriptor] = []
    let name = try receive(head.nameCount, descriptors: &none)
    let body = try receive(head.bodyCount, descriptors: &none)
    var message = PluginMessage(body: body)
    for _ in 0..<head.secretCount {
      let size = try receive(4, descriptors: &none)
      let count = size.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
      guard count <= PluginLimits.secret else { throw .garbage("a secret of \(count) bytes") }
      message.secrets.append(try receiveSecret(count))
    }
    guard descriptors.count == head.descriptorCount else {
      throw .garbage("\(descriptors.count) descriptors came instead of \(head.descriptorCount)")
    }
    message.descriptors = descriptors
    return Frame(
      form: head.form, call: head.call, code: head.code, name: String(decoding: name, as: UTF8.self), message: message)
  }

  private func receive(_ count: Int, descriptors: inout [OwnedDescriptor]) throws(Ending) -> [UInt8] {
    guard count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    let outcome = bytes.withUnsafeMutableBytes { fill($0, descriptors: &descriptors) }
    if let outcome { throw outcome }
    return bytes
  }

  /// Reads a secret into the memory that it stays in.
  private func receiveSecret(_ count: Int) throws(Ending) -> SecretBytes {
    var none: [OwnedDescriptor] = []
    var outcome: Ending?
    let secret = SecretBytes(count: count) { outcome = fill($0, descriptors: &none) }
    if let outcome { throw outcome }
    return secret
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer, descriptors: inout [OwnedDescriptor]) -> Ending? {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      var numbers = [Int32](repeating: -1, count: Int(QUORATE_DESCRIPTORS_MAX))
      var numberCount = 0
      let count = quorate_receive(descriptor.number, rest.baseAddress, rest.count, &numbers, &numberCount)
      descriptors += numbers.prefix(numberCount).map { OwnedDescriptor(owning: $0) }
      guard count > 0 else { return .closed }
      filled += count
    }
    return nil
  }

  /// Ends both directions: a thread that waits in ``receive()`` returns.
  func shutDown() { shutdown(descriptor.number, Int32(SHUT_RDWR)) }
}
