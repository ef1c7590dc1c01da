/// A member as a manifest writer describes it to a service manager that starts etcd's program itself
/// (``ManifestForm/memberUnit``): a text of `key=value` lines that a shell can read without a parser. One `argument=` line
/// is one argument of etcd, in order.
///
/// ```
/// format=1
/// name=infra0
/// binary=/usr/bin/etcd
/// data-dir=/var/lib/etcd
/// record=/etc/kubernetes/quorate/member.json
/// argument=--name=infra0
/// ```
public struct MemberUnit: Sendable, Hashable {
  /// The member's name.
  public var name: String
  /// etcd's path on the host.
  public var binary: String
  /// etcd's data folder.
  public var dataFolder: String
  /// Where ``MemberRecord`` is: a member whose record says that the cluster was founded is not started without
  /// its data.
  public var record: String
  /// etcd's arguments, `--name=value` each.
  public var arguments: [String]

  /// Makes a unit. No value may hold a line break.
  public init(name: String, binary: String, dataFolder: String, record: String, arguments: [String]) {
    self.name = name
    self.binary = binary
    self.dataFolder = dataFolder
    self.record = record
    self.arguments = arguments
  }

  /// The text of the file.
  public var text: String {
    (["format=1", "name=\(name)", "binary=\(binary)", "data-dir=\(dataFolder)", "record=\(record)"]
      + arguments.map { "argument=\($0)" }).joined(separator: "\n") + "\n"
  }

  /// Reads a file; nil when it is none of format 1, or says something twice.
  public init?(text: String) {
    var single: [String: String] = [:]
    var arguments: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: true) where !line.hasPrefix("#") {
      guard let mark = line.firstIndex(of: "=") else { return nil }
      let (key, value) = (String(line[..<mark]), String(line[line.index(after: mark)...]))
      if key == "argument" {
        arguments.append(value)
      } else if single.updateValue(value, forKey: key) != nil {
        return nil
      }
    }
    guard single["format"] == "1", let name = single["name"], let binary = single["binary"],
      let dataFolder = single["data-dir"], let record = single["record"]
    else { return nil }
    self.init(name: name, binary: binary, dataFolder: dataFolder, record: record, arguments: arguments)
  }
}

extension MemberUnit {
  /// The names of the flags in which a running member differs from this. What etcd reads only when it has no data
  /// (`initial-cluster…`) is no difference for a member that runs.
  ///
  /// - Parameter running: The running member's program and arguments.
  public func differences(fromRunning running: [String]) -> [String] {
    func flags(_ arguments: [String]) -> Set<String> {
      Set(arguments.filter { !$0.hasPrefix("--initial-cluster") })
    }
    return flags(running).symmetricDifference(flags([binary] + arguments))
      .map { String($0.drop { $0 == "-" }.prefix { $0 != "=" }.filter { !$0.isNewline }) }
      .reduce(into: Set<String>()) { $0.insert($1) }.sorted()
  }
}

extension HostLayout {
  /// Where a ``MemberUnit`` is.
  public var memberUnit: String { quorateFolder + "/member.unit" }
}
