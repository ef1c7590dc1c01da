internal import QuorateCore

/// Extra arguments for etcd.
extension SpecAssembly {
  /// The arguments of a mapping, in the order they are written, with a finding for each that cannot stand.
  mutating func checkedArguments(_ value: SettingsValue, at path: String, dataFolderKey: String) -> [EtcdArgument] {
    let names = (value.object ?? [:]).keys.map { name in
      (name: name, place: positions.keys[ConfigurationPositions.path(path, name)])
    }
    let ordered = names.sorted {
      ($0.place?.line ?? 0, $0.place?.column ?? 0, $0.name) < ($1.place?.line ?? 0, $1.place?.column ?? 0, $1.name)
    }
    var arguments: [EtcdArgument] = []
    var seen: [String: SourcePosition?] = [:]
    for (name, place) in ordered {
      let bare = String(name.drop { $0 == "-" }.prefix { $0 != "=" })
      if let earlier = seen[bare] {
        findings.error(
          "etcd.repeated-argument", at: place, "`\(path)` sets \(shown(bare)) twice",
          why: earlier.map { "it stands in line \($0.line) already" } ?? "", fix: "remove one of them")
        continue
      }
      seen[bare] = place
      guard isFlagName(name, at: path, place: place) else { continue }
      if let managed = ManagedFlag.all[bare] {
        findings.error(
          "etcd.managed-flag", at: place,
          managed.flag == bare
            ? "`\(path)` sets `\(bare)`, and Quorate manages `--\(bare)` itself"
            : "`\(path)` sets `\(bare)`, against `--\(managed.flag)`, which Quorate manages",
          why: managed.why, fix: managed.fix(dataFolderKey: dataFolderKey))
        continue
      }
      if name == "wal-dir" {
        findings.warning(
          "etcd.wal-dir", at: place, "`\(path)` sets `wal-dir`, a folder that Quorate knows nothing of",
          why: "it is not mounted into a static pod, kept, or looked at when a member is founded",
          fix: "leave the log in the data folder, or mount that folder yourself")
      }
      let inner = ConfigurationPositions.path(path, name)
      guard let text = value[name].string else {
        if case .null = value[name] {
          findings.error(
            "missing-value", at: positions[inner], "`\(inner)` has no value",
            why: "every flag is written as `--\(bare)=VALUE`",
            fix: "write the value; an empty one is `\"\"`")
        }
        continue
      }
      checkURLs(text, of: bare, at: inner)
      arguments.append(EtcdArgument(name: name, value: text))
    }
    return arguments
  }

  private mutating func isFlagName(_ name: String, at path: String, place: SourcePosition?) -> Bool {
    let bare = String(name.drop { $0 == "-" })
    if let equals = bare.firstIndex(of: "=") {
      findings.error(
        "etcd.argument-name", at: place, "`\(path)` has the key \(shown(name)), with `=` in it",
        why: "a flag's name and its value stand apart here",
        fix: "write `\(bare[..<equals]): \(shown(String(bare[bare.index(after: equals)...])).dropFirst().dropLast())`")
      return false
    }
    if bare != name {
      findings.error(
        "etcd.argument-name", at: place, "`\(path)` has the key \(shown(name)), with dashes before the flag's name",
        why: "Quorate writes them", fix: "write \(shown(bare))")
      return false
    }
    let isPlain = name.allSatisfy { $0.isASCIIAlphanumeric && !$0.isUppercase || $0 == "-" }
    guard isPlain, !name.isEmpty, name.count <= 100 else {
      findings.error(
        "etcd.argument-name", at: place, "`\(path)` has the key \(shown(name)), which is no name of an etcd flag",
        why: "one is made of a-z, 0-9 and `-`", fix: "write the flag's name, as `etcd --help` shows it")
      return false
    }
    return true
  }

  /// etcd takes several URLs with commas between them.
  private mutating func checkURLs(_ text: String, of flag: String, at path: String) {
    guard flag.hasSuffix("-urls") || flag.hasSuffix("-url") else { return }
    for url in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let fault = AddressCheck.url(String(url)) else { continue }
      findings.error(
        fault.code, at: place(path), "`\(path)` has \(shown(String(url))), \(fault.what)", why: fault.why,
        fix: fault.fix)
    }
  }
}
