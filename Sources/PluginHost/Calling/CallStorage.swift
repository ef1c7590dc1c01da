internal import CPluginABI
internal import QuorateCore
internal import QuoratePluginMessages

/// What a plugin is lent for one call: `quorate_call` and all that it points to.
///
/// `@unchecked Sendable` is proved by this: the memory is written in `init` only, and freed in `deinit` after the last
/// reference is gone; in between the plugin reads it. The secrets are read where they are, and stay there while `message`
/// is referenced.
final class CallStorage: @unchecked Sendable {
  let function: String
  let pointer: UnsafeMutablePointer<quorate_call>
  private let message: PluginMessage
  private let name: UnsafeMutableBufferPointer<CChar>
  private let body: UnsafeMutableBufferPointer<UInt8>
  private let secrets: UnsafeMutableBufferPointer<quorate_bytes>
  private let descriptors: UnsafeMutableBufferPointer<Int32>

  init(id: UInt64, function: String, message: PluginMessage, deadlineMilliseconds: UInt64) {
    self.function = function
    self.message = message
    name = Self.copy(function.utf8CString)
    body = Self.copy(message.body)
    secrets = Self.copy(
      message.secrets.map { secret in
        secret.withBytes { quorate_bytes(data: $0.baseAddress?.assumingMemoryBound(to: UInt8.self), count: $0.count) }
      })
    descriptors = Self.copy(message.descriptors.map(\.number))
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: quorate_call())
    pointer.pointee.struct_size = UInt32(MemoryLayout<quorate_call>.size)
    pointer.pointee.id = id
    pointer.pointee.function = UnsafePointer(name.baseAddress)
    pointer.pointee.message = quorate_bytes(data: body.baseAddress, count: body.count)
    pointer.pointee.secrets = UnsafePointer(secrets.baseAddress)
    pointer.pointee.descriptors = UnsafePointer(descriptors.baseAddress)
    pointer.pointee.secret_count = UInt32(secrets.count)
    pointer.pointee.descriptor_count = UInt32(descriptors.count)
    pointer.pointee.deadline_ms = deadlineMilliseconds
  }

  deinit {
    pointer.deallocate()
    name.deallocate()
    body.deallocate()
    secrets.deallocate()
    descriptors.deallocate()
  }

  private static func copy<Element>(_ elements: some Collection<Element>) -> UnsafeMutableBufferPointer<Element> {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = buffer.initialize(from: elements)
    return buffer
  }
}
