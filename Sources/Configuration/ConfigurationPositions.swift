public import QuorateCore

/// Where each part of a configuration is written: `spec.hosts[1].address`, `spec.transport.with.identityFile`.
///
/// With an environment, a path names the merged value and the place is where that value is written, which may be in
/// the environment.
public struct ConfigurationPositions: Sendable, Hashable {
  /// The place of each value by its path.
  public private(set) var values: [String: SourcePosition] = [:]
  /// The place of each key by the path of its value.
  public private(set) var keys: [String: SourcePosition] = [:]

  /// Makes an empty map.
  public init() {}

  /// The place of a value; nil where the path is not written.
  public subscript(path: String) -> SourcePosition? { values[path] }

  /// The place of a value or, where it is not written, of the nearest mapping or list around it.
  public func nearest(to path: String) -> SourcePosition? {
    var rest = Substring(path)
    while true {
      if let position = values[String(rest)] { return position }
      guard let cut = rest.lastIndex(where: { $0 == "." || $0 == "[" }) else { return values[""] }
      rest = rest[..<cut]
    }
  }

  /// The place of a plugin's setting, or of what stands around it.
  ///
  /// - Parameters:
  ///   - setting: A path below `with:`, as ``PluginError/setting`` has it; nil: the plugin's choice itself.
  ///   - kind: Which of the four plugins.
  public func place(ofSetting setting: String?, of kind: PluginKind) -> SourcePosition? {
    nearest(to: "spec.\(kind.rawValue)" + (setting.map { ".with.\($0)" } ?? ".plugin"))
  }

  /// The place of a host's entry, or of one of its keys.
  ///
  /// - Parameters:
  ///   - index: The host's index in ``ClusterSpec/hosts``.
  ///   - key: A path below the entry (`ssh.host`); nil: the entry.
  public func place(ofHost index: Int, key: String? = nil) -> SourcePosition? {
    nearest(to: "spec.hosts[\(index)]" + (key.map { ".\($0)" } ?? ""))
  }

  mutating func set(_ path: String, value: SourcePosition, key: SourcePosition? = nil) {
    values[path] = value
    if let key { keys[path] = key }
  }

  /// Takes over the places of another reading, and forgets those of the same part of the document.
  mutating func replace(with other: ConfigurationPositions) {
    if other.values["spec"] != nil {
      values = values.filter { $0.key.hasPrefix("environments") }
      keys = keys.filter { $0.key.hasPrefix("environments") }
    }
    values.merge(other.values) { $1 }
    keys.merge(other.keys) { $1 }
  }

  /// A path with one more key: `a.b`, or `a["b c"]` where the key is no plain word.
  static func path(_ parent: String, _ key: String) -> String {
    let isWord = !key.isEmpty && key.allSatisfy { $0.isASCIIAlphanumeric || $0 == "-" || $0 == "_" }
    let part = isWord ? key : "[\"" + shown(key).dropFirst().dropLast() + "\"]"
    return parent.isEmpty || !isWord ? parent + part : parent + "." + part
  }
}
