internal import COpenSSL
internal import QuorateCore

/// Encodes with one of OpenSSL's `i2d_` functions.
///
/// - Parameters:
///   - what: What is encoded, for the error.
///   - encode: Calls the function with the place for the pointer to the bytes.
func der(
  _ what: String, _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Int32
) throws(PluginError) -> [UInt8] {
  var bytes: UnsafeMutablePointer<UInt8>?
  let count = encode(&bytes)
  guard count > 0, let bytes else { throw OpenSSLLibrary.failure("\(what) cannot be encoded") }
  defer { quorate_OPENSSL_free(bytes) }
  return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
}

/// Decodes with one of OpenSSL's `d2i_` functions; all bytes must belong to what is decoded.
///
/// - Returns: What the function made; nil where it could make nothing, or bytes were left over. OpenSSL's queue of
///   errors is then empty.
func decode(
  _ bytes: UnsafeRawBufferPointer, free: (OpaquePointer) -> Void,
  _ decode: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?
) -> OpaquePointer? {
  guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), !bytes.isEmpty else { return nil }
  var next: UnsafePointer<UInt8>? = start
  guard let object = decode(&next, bytes.count) else {
    ERR_clear_error()
    return nil
  }
  guard next == start + bytes.count else {
    free(object)
    return nil
  }
  return object
}
