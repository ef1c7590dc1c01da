internal import COpenSSL
internal import FoundationEssentials
internal import Glibc
internal import QuorateCore
internal import Synchronization

/// Takes the gateway's stream of a snapshot, a JSON text a line with a piece in base64, and writes the pieces to a
/// descriptor. It holds one line at a time, and one piece.
///
/// etcd sends the database file and, as the last piece, the SHA-256 of all before it (etcd `maintenance.go`); the file
/// that `etcdctl snapshot save` writes holds both, and so does this one.
final class SnapshotSink: BodySink {
  /// The longest line that is taken; etcd's are 44 KB.
  static let lineLimit = 4 << 20
  private static let digestSize = 32

  private let descriptor: Int32
  private let isRegularFile: Bool
  private let progress: (@Sendable (Int64, Int64) -> Void)?
  private let state: Mutex<State>

  private struct State {
    var line = Data()
    var digest = Digest()
    /// The last bytes that came, which may be the checksum: they are not in ``digest`` yet.
    var tail = Data()
    var count: Int64 = 0
    var refusal: EtcdRefusal?
  }

  /// Makes a sink.
  ///
  /// - Parameters:
  ///   - descriptor: Where the pieces go; it stays the caller's.
  ///   - progress: Told after each piece: bytes written, bytes that are still to come.
  init(descriptor: Int32, progress: (@Sendable (Int64, Int64) -> Void)?) {
    self.descriptor = descriptor
    self.progress = progress
    var status = stat()
    isRegularFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    state = Mutex(State())
  }

  /// What etcd refused in the middle of the stream.
  var refusal: EtcdRefusal? { state.withLock { $0.refusal } }

  func take(_ bytes: UnsafeRawBufferPointer, isCancelled: @Sendable () -> Bool) -> String? {
    state.withLock { state in
      var rest = bytes
      while let start = rest.baseAddress, let end = memchr(start, Int32(UInt8(ascii: "\n")), rest.count) {
        let count = UnsafeRawPointer(end) - start
        state.line.append(start, count: count)
        rest = UnsafeRawBufferPointer(rebasing: rest[(count + 1)...])
        if let why = takeLine(&state, isCancelled) { return why }
      }
      guard state.line.count + rest.count <= Self.lineLimit else {
        return "the member sent a line of more than \(Self.lineLimit) bytes"
      }
      if let start = rest.baseAddress { state.line.append(start, count: rest.count) }
      return nil
    }
  }

  /// Checks the end of the stream.
  ///
  /// - Returns: The number of bytes and the checksum; or why the snapshot cannot be used.
  func finish() -> Result<EtcdSnapshot, Unusable> {
    state.withLock { state in
      if let why = takeLine(&state, { false }) { return .failure(Unusable(why: why)) }
      // bbolt's pages are multiples of 512 bytes: the rule by which etcdutl tells a checksum from a database.
      guard state.tail.count == Self.digestSize, state.count % 512 == Int64(Self.digestSize) else {
        return .failure(Unusable(why: "the snapshot ended early, after \(state.count) bytes"))
      }
      guard let sum = state.digest.finish(), Data(sum) == state.tail else {
        return .failure(Unusable(why: "the snapshot's checksum is not the one that the member sent with it"))
      }
      return .success(EtcdSnapshot(bytes: state.count, sha256: Self.hexadecimal(sum)))
    }
  }

  /// Why a snapshot cannot be used.
  struct Unusable: Error { var why: String }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  private func takeLine(_ state: inout State, _ isCancelled: @Sendable () -> Bool) -> String? {
    defer { state.line.removeAll(keepingCapacity: true) }
    if state.line.isEmpty { return nil }
    guard let line = try? JSONDecoder().decode(SnapshotLine.self, from: state.line) else {
      return "the member sent something else than a snapshot"
    }
    if let refusal = line.error {
      state.refusal = EtcdRefusal(code: refusal.code, message: refusal.message)
      return refusal.message
    }
    guard let piece = line.result else { return "the member sent something else than a snapshot" }
    if let why = write(piece.blob, isCancelled) { return why }
    state.count += Int64(piece.blob.count)
    digest(&state, piece.blob)
    progress?(state.count, piece.remaining)
    return nil
  }

  /// Takes all but the last bytes into the checksum.
  private func digest(_ state: inout State, _ piece: Data) {
    let kept = max(0, Self.digestSize - piece.count)
    let certain = state.tail.dropLast(kept)
    certain.withUnsafeBytes { state.digest.add($0) }
    state.tail = state.tail.suffix(kept) + piece.suffix(Self.digestSize)
    piece.dropLast(Self.digestSize).withUnsafeBytes { state.digest.add($0) }
  }

  private func write(_ piece: Data, _ isCancelled: @Sendable () -> Bool) -> String? {
    piece.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        if isCancelled() { return "it was cancelled" }
        // What is no file may block: it is written to in pieces that fit once poll says so.
        var wish = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        if !isRegularFile, poll(&wish, 1, 200) == 0 { continue }
        let part = isRegularFile ? rest : rest.prefix(Int(PIPE_BUF))
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: part).baseAddress, part.count)
        if count >= 0 {
          rest = rest.dropFirst(count)
        } else if errno != EINTR && errno != EAGAIN {
          return "the snapshot could not be written: \(String(cString: strerror(errno)))"
        }
      }
      return nil
    }
  }
}

/// A line of the stream: a piece, or why there is none.
private struct SnapshotLine: Decodable {
  var result: Piece?
  var error: Refusal?

  struct Piece: Decodable {
    var remaining: Int64
    var blob: Data

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: Key.self)
      let text = try fields.decodeIfPresent(String.self, forKey: .remaining) ?? "0"
      guard let remaining = Int64(text), remaining >= 0 else {
        throw DecodingError.dataCorruptedError(forKey: .remaining, in: fields, debugDescription: "is no size")
      }
      self.remaining = remaining
      blob = try fields.decodeIfPresent(Data.self, forKey: .blob) ?? Data()
    }

    enum Key: String, CodingKey {
      case remaining = "remaining_bytes"
      case blob
    }
  }

  /// grpc-gateway's first version writes `grpc_code`, its second one `code`.
  struct Refusal: Decodable {
    var code: Int
    var message: String

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: Key.self)
      code =
        try fields.decodeIfPresent(Int.self, forKey: .code) ?? fields.decodeIfPresent(Int.self, forKey: .grpcCode) ?? 2
      message = try fields.decodeIfPresent(String.self, forKey: .message) ?? "no reason given"
    }

    enum Key: String, CodingKey {
      case code
      case grpcCode = "grpc_code"
      case message
    }
  }
}

/// A SHA-256 that is computed as bytes come.
private final class Digest {
  private let context: OpaquePointer?

  init() {
    context = EVP_MD_CTX_new()
    if EVP_DigestInit_ex(context, EVP_sha256(), nil) != 1 { EVP_MD_CTX_reset(context) }
  }

  deinit { EVP_MD_CTX_free(context) }

  func add(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

  func finish() -> [UInt8]? {
    var sum = [UInt8](repeating: 0, count: 32)
    return EVP_DigestFinal_ex(context, &sum, nil) == 1 ? sum : nil
  }
}

extension Data {
  fileprivate mutating func append(_ start: UnsafeRawPointer, count: Int) {
    append(start.assumingMemoryBound(to: UInt8.self), count: count)
  }
}
