extension DesiredFile {
  /// Whether what is at the manifest's path means the same to a service manager: it differs in comments, empty lines
  /// and blanks at the ends of lines at most. Such a change is written and restarts nothing: a kubelet compares the pods
  /// that it has read, not the files (kubernetes `pkg/kubelet/config/common.go`, `applyDefaults`: the pod's hash).
  ///
  /// The rule is the contract's (``ManifestReply/manifest``).
  func meansTheSame(as seen: ObservedFile) -> Bool {
    guard seen.kind == .regular, case .bytes(let wanted) = content, let there = seen.content else { return false }
    return wanted == there || Self.meaning(of: wanted) == Self.meaning(of: there)
  }

  /// The lines that say something, without the blanks behind them.
  private static func meaning(of text: [UInt8]) -> [ArraySlice<UInt8>] {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == 9 || byte == 13 }
    return text.split(separator: 10).compactMap { line in
      guard let first = line.first(where: { !isBlank($0) }), first != UInt8(ascii: "#"),
        let last = line.lastIndex(where: { !isBlank($0) })
      else { return nil }
      return line[...last]
    }
  }
}
