internal import QuorateCore

/// Names: of clusters, members, users, plugins.
enum NameCheck {
  private static let labelRule =
    "a name is 1 to 63 of a-z, 0-9 and `-`, with a letter or digit at each end (an RFC 1123 label)"

  static func label(_ text: String) -> TextFault? {
    if DNSName.isLabel(text) { return nil }
    let what =
      if text.hasPrefix("-") {
        "which could be read as an option"
      } else if text.contains("/") || text.contains("..") {
        "which could be read as a path"
      } else if text.contains(where: { " ;|&$`<>()'\"\\{}[]*?!~#=%^".contains($0) }) {
        "which could be read as shell"
      } else if text.count > 63 {
        "which is longer than 63 characters"
      } else if text.contains(".") {
        "which has a dot in it"
      } else if DNSName.isLabel(text.lowercased()) {
        "which has capitals in it"
      } else {
        "which is no RFC 1123 label"
      }
    let better = label(near: text)
    return TextFault(
      "name", what, why: labelRule, fix: better.map { "write \(shown($0)), say" } ?? "choose another name")
  }

  /// A label made of a text's letters and digits, where that leaves something to recognize.
  private static func label(near text: String) -> String? {
    var result = ""
    for character in text.lowercased() {
      if character.isASCIIAlphanumeric {
        result.append(character)
      } else if !result.hasSuffix("-") {
        result.append("-")
      }
    }
    while result.hasPrefix("-") { result.removeFirst() }
    while result.hasSuffix("-") { result.removeLast() }
    guard DNSName.isLabel(result) else { return nil }
    return PlainText(result) == .text ? result : "\"\(result)\""
  }

  /// A login name: what OpenSSH's client takes, less what a shell or another tool could read otherwise.
  static func login(_ text: String) -> TextFault? {
    if text.hasPrefix("-") {
      return TextFault("login-name", "which could be read as an option", fix: "write the login name")
    }
    let isPlain = text.allSatisfy { $0.isASCIIAlphanumeric || "_.@+-\\".contains($0) }
    guard isPlain, text.utf8.count <= 255, !text.hasSuffix("\\") else {
      return TextFault(
        "login-name", "which is no login name", why: "one is made of letters, digits and `_ . - @ + \\`",
        fix: "write the login name alone")
    }
    return nil
  }

  static func plugin(_ text: String) -> TextFault? {
    if text.contains("/") || text.contains("..") || text.hasSuffix(".so") {
      return TextFault(
        "plugin-name", "which is a path", why: "a plugin is chosen by its name; where its file is, its manifest says",
        fix: "write the plugin's name")
    }
    let isPlain = text.allSatisfy { $0.isASCIIAlphanumeric || $0 == "-" || $0 == "." }
    guard isPlain, text.count <= 253, let first = text.first, first.isASCIIAlphanumeric else {
      return TextFault(
        "plugin-name", "which is no plugin's name", why: "one is made of letters, digits, `-` and `.`",
        fix: "write the plugin's name")
    }
    return nil
  }
}
