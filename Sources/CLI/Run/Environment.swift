internal import Glibc

/// What the process was started with.
enum Environment {
  /// The user's home folder.
  static var home: String? { environment("HOME") }

  /// The folder for what a program keeps between runs (XDG base directories).
  static var stateFolder: String? {
    if let folder = environment("XDG_STATE_HOME"), folder.hasPrefix("/") { return folder }
    return home.map { $0 + "/.local/state" }
  }

  /// The login name, and this machine's.
  static var whoAndWhere: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let machine = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let user = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(getuid())"
    return "\(user) on \(machine)"
  }

  /// This process.
  static var processID: Int32 { getpid() }

  /// Seconds since 1970.
  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
