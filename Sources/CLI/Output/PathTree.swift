/// Paths as a tree, as `tree` draws it.
struct PathTree {
  private final class Node {
    var children: [(name: String, node: Node)] = []
    var path: String?
  }

  private let root = Node()

  init(_ paths: [String]) {
    for path in paths.sorted() {
      var node = root
      for part in path.split(separator: "/") {
        if let last = node.children.last, last.name == part {
          node = last.node
        } else {
          let child = Node()
          node.children.append((String(part), child))
          node = child
        }
      }
      node.path = path
    }
  }

  /// The lines, with what `mark` says of each path behind it. Folders that hold one thing only share a line.
  func lines(mark: (String) -> String) -> [String] {
    root.children.flatMap { lines($0.node, "/" + $0.name, "", "", mark) }
  }

  private func lines(
    _ node: Node, _ name: String, _ lead: String, _ indent: String, _ mark: (String) -> String
  ) -> [String] {
    var (node, name) = (node, name)
    while node.path == nil, node.children.count == 1, let only = node.children.first {
      name += "/" + only.name
      node = only.node
    }
    let note = node.path.map(mark) ?? ""
    var result = [lead + name + (note.isEmpty ? "" : "  \(note)")]
    for (index, child) in node.children.enumerated() {
      let isLast = index == node.children.count - 1
      result += lines(
        child.node, child.name, indent + (isLast ? "└── " : "├── "), indent + (isLast ? "    " : "│   "), mark)
    }
    return result
  }
}
