internal import QuorateCore

/// What changes in a file, line by line. A secret shows its fingerprint only; what does not exist yet shows its slot.
struct ContentDifference {
  let lines: [String]

  init(_ change: FileChange) {
    let old = change.seen.content.map(Self.split) ?? []
    switch change.file.content {
    case .slot(let name):
      lines =
        (change.seenKey.map { ["- (a private key, its public key's SHA-256 is \($0))"] } ?? [])
        + ["\(change.seenKey == nil ? "" : "+ ")(\(name) is made during the run)"]
    case .bytes where change.isSecret: lines = ["(a secret)"]
    case .bytes(let bytes): lines = Self.difference(old, Self.split(bytes))
    }
  }

  private static func split(_ bytes: [UInt8]) -> [String] {
    var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(
      String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  /// Changed lines, with up to two lines before and behind them.
  private static func difference(_ old: [String], _ new: [String]) -> [String] {
    let changes = new.difference(from: old)
    let removed = Set(changes.removals.compactMap { if case .remove(let offset, _, _) = $0 { offset } else { nil } })
    let inserted = Set(changes.insertions.compactMap { if case .insert(let offset, _, _) = $0 { offset } else { nil } })
    var all: [(line: String, isChange: Bool)] = []
    var (left, right) = (0, 0)
    while left < old.count || right < new.count {
      if left < old.count, removed.contains(left) {
        all.append(("- " + old[left], true))
        left += 1
      } else if right < new.count, inserted.contains(right) {
        all.append(("+ " + new[right], true))
        right += 1
      } else if left < old.count, right < new.count {
        all.append(("  " + new[right], false))
        left += 1
        right += 1
      } else {
        break
      }
    }
    var lines: [String] = []
    var isSkipping = false
    for index in all.indices {
      let near = all[max(0, index - 2)...min(all.count - 1, index + 2)].contains { $0.isChange }
      if near { lines.append(all[index].line) } else if !isSkipping { lines.append("  ...") }
      isSkipping = !near
    }
    return lines
  }
}
