internal import CPluginABI
internal import QuorateCore
internal import QuoratePluginMessages

/// Copies what a plugin answers out of its memory.
enum ReplyReader {
  private static let smallest = MemoryLayout<quorate_reply>.offset(of: \.message) ?? 8

  /// Copies a reply, or says what is wrong with it.
  static func read(_ start: UnsafePointer<quorate_reply>?) -> Result<CarriedReply, Wrong> {
    guard let start else { return .failure(Wrong(.garbage(why: "reply was given NULL"))) }
    let size = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
    guard size >= UInt32(smallest) else {
      return .failure(
        Wrong(.garbage(why: "struct_size of quorate_reply: expected at least \(smallest), found \(size)")))
    }
    var reply = quorate_reply()
    DescriptorReader.copy(start, size: size, into: &reply)
    guard let status = CarriedReply.Status(rawValue: reply.status) else {
      return .failure(Wrong(.garbage(why: "status \(reply.status) is none")))
    }
    guard reply.message.count <= PluginLimits.message else {
      return .failure(Wrong(.tooLarge(what: "a message of \(reply.message.count) bytes", limit: PluginLimits.message)))
    }
    guard reply.secret_count <= PluginLimits.secrets else {
      return .failure(Wrong(.tooLarge(what: "\(reply.secret_count) secrets", limit: PluginLimits.secrets)))
    }
    guard reply.descriptor_count <= PluginLimits.descriptors else {
      return .failure(Wrong(.tooLarge(what: "\(reply.descriptor_count) descriptors", limit: PluginLimits.descriptors)))
    }
    guard let body = bytes(reply.message) else { return .failure(Wrong(.garbage(why: "its message is NULL"))) }
    var message = PluginMessage(body: Array(body))
    if reply.secret_count > 0 {
      guard let secrets = reply.secrets else { return .failure(Wrong(.garbage(why: "its secrets are NULL"))) }
      for index in 0..<Int(reply.secret_count) {
        guard secrets[index].count <= PluginLimits.secret else {
          return .failure(
            Wrong(.tooLarge(what: "a secret of \(secrets[index].count) bytes", limit: PluginLimits.secret)))
        }
        guard let secret = bytes(secrets[index]) else {
          return .failure(Wrong(.garbage(why: "secret \(index) is NULL")))
        }
        message.secrets.append(SecretBytes(secret))
      }
    }
    if reply.descriptor_count > 0 {
      guard let descriptors = reply.descriptors else {
        return .failure(Wrong(.garbage(why: "its descriptors are NULL")))
      }
      for index in 0..<Int(reply.descriptor_count) {
        guard let descriptor = OwnedDescriptor(duplicating: descriptors[index]) else {
          return .failure(Wrong(.garbage(why: "descriptor \(index) is not open")))
        }
        message.descriptors.append(descriptor)
      }
    }
    return .success(CarriedReply(status: status, message: message))
  }

  /// What is wrong with a reply.
  struct Wrong: Error {
    let kind: PluginFault.Kind
    init(_ kind: PluginFault.Kind) { self.kind = kind }
  }

  /// Borrowed bytes; nil where there is no memory for them.
  static func bytes(_ borrowed: quorate_bytes) -> UnsafeBufferPointer<UInt8>? {
    if borrowed.count == 0 { return UnsafeBufferPointer(start: nil, count: 0) }
    return borrowed.data.map { UnsafeBufferPointer(start: $0, count: borrowed.count) }
  }
}
