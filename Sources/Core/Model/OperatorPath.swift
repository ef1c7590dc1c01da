internal import Glibc

/// Paths on the operator's machine, as settings have them.
public enum OperatorPath {
  /// A path in full: `~` stands for the home folder, a relative one starts from the configuration file's folder.
  public static func resolved(_ text: String, from baseFolder: String) -> String {
    if text == "~" || text.hasPrefix("~/") { return home + text.dropFirst() }
    return text.hasPrefix("/") ? text : baseFolder + "/" + (text.hasPrefix("./") ? String(text.dropFirst(2)) : text)
  }

  /// The home folder: `HOME` or, without it, what the system's list of users says.
  public static var home: String {
    if let home = getenv("HOME").map({ String(cString: $0) }), home.hasPrefix("/") { return home }
    guard let entry = getpwuid(geteuid()), let home = entry.pointee.pw_dir else { return "/root" }
    return String(cString: home)
  }
}
