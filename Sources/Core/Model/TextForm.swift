/// The forms of text that are checked when the configuration is read, for ``SchemaType/string(form:)``.
///
/// Each constant is the form's name as messages and the reference page show it. No text of any form may hold a line
/// break or another control character.
public enum TextForm {
  /// Any text of one line.
  public static let text = "text"
  /// An RFC 1123 label: 1 to 63 of a-z, 0-9 and `-`, beginning and ending with a letter or digit.
  public static let name = "name"
  /// An IPv4 or IPv6 address without brackets, zone, port or prefix length.
  public static let ipAddress = "IP address"
  /// An IP address or a DNS name, without port and user.
  public static let hostName = "host name"
  /// What may be a subject alternative name: an IP address or a DNS name, which may begin with `*.`.
  public static let subjectAlternativeName = "SAN"
  /// A login name; it cannot be taken for an option or for shell.
  public static let loginName = "login name"
  /// A path on the operator's machine. A relative one starts from the configuration file's folder.
  public static let path = "path"
  /// An absolute path on a host, without `..`.
  public static let absolutePath = "absolute path"
  /// A URL with a scheme and a host.
  public static let url = "URL"
}
