internal import QuorateCore

/// Reads the lines of an SSH client's configuration into blocks, with what they include.
struct SSHConfigReader {
  /// A keyword's argument.
  struct Option {
    var value: String
    var position: SourcePosition
  }

  /// The options below one `Host`; those before the first one are for every host.
  struct Block {
    var pattern: SSHHostPattern
    /// What must hold besides: the blocks around an `Include`.
    var around: [SSHHostPattern]
    var position: SourcePosition
    var options: [(keyword: String, option: Option)] = []
  }

  private(set) var blocks: [Block] = []
  private let surroundings: InventorySurroundings
  private var fileCount = 0

  init(surroundings: InventorySurroundings) { self.surroundings = surroundings }

  private static let depthLimit = 16
  private static let fileLimit = 200
  private static let blockLimit = 5_000

  /// The options that hold for a host: of each keyword the first one.
  func options(of name: String) -> [String: Option] {
    var options: [String: Option] = [:]
    for block in blocks where block.pattern.matches(name) && block.around.allSatisfy({ $0.matches(name) }) {
      for (keyword, option) in block.options where options[keyword] == nil { options[keyword] = option }
    }
    return options
  }

  mutating func read(
    file: String, bytes: [UInt8], _ builder: inout InventoryBuilder, around: [SSHHostPattern] = [], depth: Int = 0
  ) {
    guard let source = SourceText(file: file, bytes: bytes, findings: &builder.findings) else { return }
    fileCount += 1
    let start = SourcePosition(file: file, line: 1, column: 1)
    blocks.append(Block(pattern: SSHHostPattern(["*"]), around: around, position: start))
    // Below a `Match` that cannot be judged, nothing is taken.
    var isSkipping = false
    for (index, line) in source.lines.enumerated() {
      let words = Self.words(line)
      guard let first = words.first else { continue }
      let keyword = first.text.lowercased()
      let place = SourcePosition(file: file, line: index + 1, column: first.column + 1)
      let arguments = words.dropFirst().map(\.text)
      guard blocks.count < Self.blockLimit else {
        builder.error("ssh-config.many", at: place, "there are more than \(Self.blockLimit) blocks of options")
        return
      }
      switch keyword {
      case "host":
        isSkipping = false
        blocks.append(Block(pattern: SSHHostPattern(arguments), around: around, position: place))
      case "match":
        isSkipping = arguments.map { $0.lowercased() } != ["all"]
        blocks.append(Block(pattern: SSHHostPattern(["*"]), around: around, position: place))
        if isSkipping {
          builder.warning(
            "ssh-config.match", at: place, "this `Match` and what is below it is left out",
            why: "only `Match all` says by itself which hosts it is for", fix: "check what it says of your hosts")
        }
      case "include" where !isSkipping:
        include(arguments, at: place, around: around, depth: depth, &builder)
      default:
        guard !isSkipping, let value = arguments.first else { continue }
        let option = Option(value: value, position: place)
        blocks[blocks.count - 1].options.append((keyword, option))
      }
    }
  }

  private mutating func include(
    _ patterns: [String], at place: SourcePosition, around: [SSHHostPattern], depth: Int,
    _ builder: inout InventoryBuilder
  ) {
    let current = blocks[blocks.count - 1]
    guard depth < Self.depthLimit else {
      builder.error("ssh-config.include", at: place, "files include each other more than \(Self.depthLimit) deep")
      return
    }
    for pattern in patterns {
      let isRelative = !pattern.hasPrefix("/") && !pattern.hasPrefix("~")
      let path = surroundings.absolute(isRelative ? "~/.ssh/" + pattern : pattern)
      // As ssh does, a pattern that matches nothing is passed over.
      for name in surroundings.matches(path) {
        guard fileCount < Self.fileLimit, let bytes = surroundings.file(name) else {
          builder.warning("ssh-config.include", at: place, "\(shown(name)) cannot be read, and is left out")
          continue
        }
        read(file: name, bytes: bytes, &builder, around: around + [current.pattern], depth: depth + 1)
      }
    }
    // What follows belongs to the block that the include stands in.
    blocks.append(Block(pattern: current.pattern, around: around, position: current.position))
  }

  /// `Keyword argument ...` or `Keyword=argument`; arguments with blanks stand in double quotes.
  private static func words(_ line: [Unicode.Scalar]) -> [(text: String, column: Int)] {
    var words: [(text: String, column: Int)] = []
    var index = 0
    let isBlank = { (scalar: Unicode.Scalar) in scalar == " " || scalar == "\t" }
    while index < line.count {
      while index < line.count, isBlank(line[index]) || words.count == 1 && line[index] == "=" { index += 1 }
      guard index < line.count, line[index] != "#" else { break }
      let start = index
      var word = String.UnicodeScalarView()
      if line[index] == "\"" {
        index += 1
        while index < line.count, line[index] != "\"" {
          word.append(line[index])
          index += 1
        }
        index += 1
      } else {
        while index < line.count, !isBlank(line[index]), !(words.isEmpty && line[index] == "=") {
          word.append(line[index])
          index += 1
        }
      }
      words.append((String(word), start))
    }
    return words
  }
}
