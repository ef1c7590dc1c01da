import Glibc
import Synchronization

/// The known hosts files of a transport, each read once while it does not change.
final class KnownHostsFiles: Sendable {
  private struct Stamp: Hashable {
    var device: UInt64
    var inode: UInt64
    var size: Int
    var seconds: Int
    var nanoseconds: Int
  }

  private struct Cached {
    var stamp: Stamp
    var content: KnownHosts
  }

  /// The files' paths, the user's own first.
  let paths: [String]
  private let cache = Mutex<[String: Cached]>([:])

  init(_ paths: [String]) { self.paths = paths }

  /// The files that exist and can be read.
  func read() -> [KnownHosts] { paths.compactMap(read) }

  private func read(_ path: String) -> KnownHosts? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size < 64 << 20 else {
      return nil
    }
    let stamp = Stamp(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int(status.st_size),
      seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    if let cached = cache.withLock({ $0[path] }), cached.stamp == stamp { return cached.content }
    var content = [UInt8](repeating: 0, count: Int(status.st_size))
    var count = 0
    while count < content.count {
      let more = content.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count)
      }
      guard more > 0 else { break }
      count += more
    }
    let known = KnownHosts(content[..<count], file: path)
    cache.withLock { $0[path] = Cached(stamp: stamp, content: known) }
    return known
  }
}
