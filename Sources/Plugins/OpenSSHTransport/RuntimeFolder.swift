import Glibc
import QuorateCore

/// The private folder of a transport's control sockets, for one run: mode 0700, with a path that leaves room for the names
/// that ssh makes from it (a socket's path has 108 bytes at most), and on a file system that can be written.
final class RuntimeFolder: Sendable {
  /// Its path.
  let path: String

  /// Makes one, where the system keeps such things; nil when none of the places can be written.
  init?() {
    let runtime = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? ""
    for place in [runtime, "/run/user/\(geteuid())", "/tmp", "/dev/shm", "/var/tmp"] {
      guard Self.isUsable(place) else { continue }
      var template = Array("\(place)/quorate-XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else { continue }
      path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return
    }
    return nil
  }

  /// ssh gives the path to a shell where it goes by a jump host, without quotes.
  private static func isUsable(_ place: String) -> Bool {
    place.hasPrefix("/") && place.utf8.count <= 48
      && place.utf8.allSatisfy { byte in
        (97...122).contains(byte) || (65...90).contains(byte) || (47...57).contains(byte)
          || [UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-")].contains(byte)
      }
  }

  /// Writes a file that only this user can read.
  ///
  /// - Parameter mode: Its mode.
  /// - Returns: Its path; nil when it cannot be written.
  func write(_ text: String, to name: String, mode: mode_t = 0o600) -> String? {
    let file = "\(path)/\(name)"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    return count == bytes.count ? file : nil
  }

  /// Removes it with what is left in it.
  func remove() {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { unlink("\(path)/\(name)") }
      }
      closedir(folder)
    }
    rmdir(path)
  }
}
