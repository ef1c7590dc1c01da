internal import CPluginABI
internal import QuorateCore
internal import QuoratePluginMessages

/// A question, copied out of the host's memory: the function that it came by returns while it is worked on.
struct IncomingCall: Sendable {
  let id: UInt64
  let function: String
  let message: PluginMessage

  /// Copies a question.
  init(_ start: UnsafePointer<quorate_call>) {
    let call = copied(start, quorate_call())
    id = call.id
    function = call.function.map { String(cString: $0) } ?? ""
    var message = PluginMessage(
      body: Array(UnsafeBufferPointer(start: call.message.data, count: call.message.count)))
    for index in 0..<Int(call.secret_count) {
      guard let secret = call.secrets?[index] else { break }
      message.secrets.append(SecretBytes(UnsafeBufferPointer(start: secret.data, count: secret.count)))
    }
    for index in 0..<Int(call.descriptor_count) {
      guard let number = call.descriptors?[index], let own = OwnedDescriptor(duplicating: number) else { break }
      message.descriptors.append(own)
    }
    self.message = message
  }
}

/// The host's functions (`quorate_host`).
///
/// `@unchecked Sendable` is proved by this: functions of C and a pointer of the host, which the ABI allows on any thread.
struct HostFunctions: @unchecked Sendable {
  private let host: quorate_host

  /// Reads the table; nil where a function is missing.
  init?(_ start: UnsafePointer<quorate_host>) {
    host = copied(start, quorate_host())
    guard host.reply != nil, host.log != nil, host.progress != nil else { return nil }
  }

  /// Answers a call.
  func reply(_ call: UInt64, status: UInt32, _ message: PluginMessage) {
    let secrets = message.secrets.map { secret in
      secret.withBytes { quorate_bytes(data: $0.baseAddress?.assumingMemoryBound(to: UInt8.self), count: $0.count) }
    }
    let descriptors = message.descriptors.map(\.number)
    var reply = quorate_reply()
    reply.struct_size = UInt32(MemoryLayout<quorate_reply>.size)
    reply.status = status
    reply.secret_count = UInt32(secrets.count)
    reply.descriptor_count = UInt32(descriptors.count)
    // The secrets stay where they are while `message` does.
    withExtendedLifetime(message) {
      message.body.withUnsafeBufferPointer { body in
        secrets.withUnsafeBufferPointer { secrets in
          descriptors.withUnsafeBufferPointer { descriptors in
            reply.message = quorate_bytes(data: body.baseAddress, count: body.count)
            reply.secrets = secrets.baseAddress
            reply.descriptors = descriptors.baseAddress
            host.reply?(host.context, call, &reply)
          }
        }
      }
    }
  }

  /// Says something for people.
  func log(_ line: String) {
    Array(line.utf8).withUnsafeBufferPointer {
      host.log?(host.context, 0, QUORATE_LOG_INFO, quorate_bytes(data: $0.baseAddress, count: $0.count))
    }
  }
}

/// What the other side has of a struct that begins with its size; what it lacks stays zero.
private func copied<Struct>(_ start: UnsafePointer<Struct>, _ zero: Struct) -> Struct {
  var target = zero
  let size = Int(UnsafeRawPointer(start).loadUnaligned(as: UInt32.self))
  withUnsafeMutableBytes(of: &target) { bytes in
    bytes.copyMemory(from: UnsafeRawBufferPointer(start: start, count: min(size, bytes.count)))
  }
  return target
}
