internal import COpenSSL
internal import QuorateCore

/// The textual encoding of RFC 7468.
enum PEM {
  /// One block of a text.
  struct Block {
    /// What stands after BEGIN.
    let label: String
    /// What was encoded; wiped when it is no longer used, for it may be a key.
    let content: SecretBytes
    /// Whether the block has headers, which only an encrypted key has.
    let hasHeaders: Bool
  }

  /// The blocks of a text, at most `limit`; whatever stands between them is skipped.
  static func blocks(in text: UnsafeRawBufferPointer, limit: Int) -> [Block] {
    guard !text.isEmpty, let input = BIO_new_mem_buf(text.baseAddress, Int32(clamping: text.count)) else { return [] }
    defer {
      BIO_free(input)
      ERR_clear_error()
    }
    var blocks: [Block] = []
    while blocks.count < limit {
      var label: UnsafeMutablePointer<CChar>?
      var headers: UnsafeMutablePointer<CChar>?
      var content: UnsafeMutablePointer<UInt8>?
      var count = 0
      guard PEM_read_bio(input, &label, &headers, &content, &count) == 1 else { break }
      if let label, let headers, let content {
        blocks.append(
          Block(
            label: String(cString: label), content: SecretBytes(UnsafeBufferPointer(start: content, count: count)),
            hasHeaders: headers.pointee != 0))
      }
      quorate_OPENSSL_free(label)
      quorate_OPENSSL_free(headers)
      quorate_OPENSSL_clear_free(content, count)
    }
    return blocks
  }

  /// A block, with a newline at its end.
  static func encode(_ label: String, _ content: [UInt8]) throws(PluginError) -> [UInt8] {
    let output = try OpenSSLLibrary.allocated(BIO_new(BIO_s_mem()))
    defer { BIO_free(output) }
    guard PEM_write_bio(output, label, "", content, content.count) > 0 else {
      throw OpenSSLLibrary.failure("PEM cannot be written")
    }
    return withContent(of: output) { Array($0) }
  }

  /// Reads what has been written to a BIO in memory, in place.
  static func withContent<Result>(of output: OpaquePointer, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var start: UnsafeMutablePointer<CChar>?
    let count = quorate_BIO_get_mem_data(output, &start)
    return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : max(0, count)))
  }
}
