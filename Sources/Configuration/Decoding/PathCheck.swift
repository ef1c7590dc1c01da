internal import QuorateCore

/// Paths, on the operator's machine and on hosts.
enum PathCheck {
  static func path(_ text: String) -> TextFault? {
    if text.hasPrefix("~"), text != "~", !text.hasPrefix("~/") {
      return TextFault(
        "path", "which names another user's home folder", why: "only `~/` is read", fix: "write the path in full")
    }
    return nil
  }

  static func absolute(_ text: String) -> TextFault? {
    guard text.hasPrefix("/") else {
      return TextFault(
        "path", "which is no absolute path", why: "it is a path on the host, where nothing else could begin it",
        fix: "begin it with `/`")
    }
    guard !text.split(separator: "/").contains("..") else {
      return TextFault("path", "which has `..` in it", fix: "write the path without it")
    }
    return nil
  }

  /// Folders that hold more than one program's files; etcd's data folder gets mode 0700 and etcd's owner.
  private static let shared: Set<String> = [
    "/", "/etc", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", "/var", "/var/lib", "/var/log", "/var/tmp",
    "/usr/local",
  ]

  private static let systemFolders = [
    "/bin", "/boot", "/dev", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr/bin", "/usr/lib", "/usr/sbin",
    "/var/run",
  ]

  static func dataFolder(_ text: String) -> TextFault? {
    if let fault = absolute(text) { return fault }
    let folder = normalized(text)
    if shared.contains(folder) {
      return TextFault(
        "data-folder", folder == "/" ? "which is the root folder" : "which is shared with other programs",
        why: "the data folder belongs to etcd alone and gets mode 0700", fix: "name a folder in it: `/var/lib/etcd`")
    }
    if isWithin(folder, "/etc/kubernetes") {
      return TextFault(
        "data-folder", "which lies in `/etc/kubernetes`",
        why: "the kubelet reads that tree, and backups of it would hold etcd's data", fix: "use `/var/lib/etcd`")
    }
    if let system = systemFolders.first(where: { isWithin(folder, $0) }) {
      return TextFault(
        "data-folder", "which lies in `\(system)`", why: "that folder is the system's own", fix: "use `/var/lib/etcd`")
    }
    return nil
  }

  static func isWithin(_ path: String, _ folder: String) -> Bool { path == folder || path.hasPrefix(folder + "/") }

  /// An absolute path without `.`, `..`, repeated and trailing slashes, by its text alone.
  static func normalized(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") {
      switch part {
      case ".": continue
      case "..": _ = parts.popLast()
      default: parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }
}
