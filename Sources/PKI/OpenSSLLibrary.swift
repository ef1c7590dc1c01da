internal import CMemoryWiping
internal import COpenSSL
internal import QuorateCore

/// The OpenSSL library of this process: its memory, and its errors.
enum OpenSSLLibrary {
  /// The name that errors carry.
  static let name = "openssl"

  /// Whether OpenSSL clears every block that it frees; CMemoryWiping tells it to when the program is loaded.
  static var wipesFreedMemory: Bool { quorate_wipes_freed_memory() == 1 }

  /// An error that says what could not be done and what OpenSSL gave as its reason; empties its queue of errors.
  static func failure(_ what: String, fix: String = "") -> PluginError {
    var reasons: [String] = []
    while reasons.count < 16 {
      let code = ERR_get_error()
      if code == 0 { break }
      guard let text = ERR_reason_error_string(code) else { continue }
      let reason = String(cString: text)
      if !reasons.contains(reason) { reasons.append(reason) }
    }
    ERR_clear_error()
    let why = reasons.isEmpty ? what : "\(what): \(reasons.joined(separator: ", "))"
    return PluginError(plugin: name, why: why, fix: fix)
  }

  /// An error with words of our own; empties OpenSSL's queue of errors.
  static func refusal(_ why: String, fix: String = "") -> PluginError {
    ERR_clear_error()
    return PluginError(plugin: name, why: why, fix: fix)
  }

  /// The pointer, or an error that says that there was no memory.
  static func allocated<Pointer>(_ pointer: Pointer?) throws(PluginError) -> Pointer {
    guard let pointer else { throw failure("OpenSSL has no memory") }
    return pointer
  }

  /// SHA-256, lower-case hexadecimal.
  static func sha256(_ bytes: UnsafeRawBufferPointer) -> String {
    withUnsafeTemporaryAllocation(byteCount: Int(EVP_MAX_MD_SIZE), alignment: 1) { digest in
      var length: UInt32 = 0
      EVP_Digest(
        bytes.baseAddress, bytes.count, digest.baseAddress?.assumingMemoryBound(to: UInt8.self), &length, EVP_sha256(),
        nil)
      return hexadecimal(digest.prefix(Int(length)))
    }
  }

  /// Lower-case hexadecimal.
  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }
}
