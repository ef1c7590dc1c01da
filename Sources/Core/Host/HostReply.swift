import Glibc

/// What the program on a host answered to one operation.
enum HostReply: Sendable {
  /// What is at each path that exists; the content is kept apart so that secrets can be taken from it.
  case files([String: (file: ObservedFile, content: Range<Int>?)])
  /// The names in a folder; nil: there is none.
  case folder([String]?)
  /// How a command ended, and its output.
  case command(status: Int32, output: [UInt8])
  /// A raw HTTP answer, empty when nobody listened.
  case http([UInt8])
  /// Status and body of each request.
  case etcd([(status: Int, body: [UInt8])])
  /// Done.
  case done
  /// The host lacks what the operation needs.
  case unavailable(String)
  /// The lock is held by somebody else.
  case held(by: String)
  /// The lock is held by this run now.
  case locked
}

/// The program's whole answer. It comes from a host: nothing in it is trusted, whatever does not fit is an error.
struct HostAnswer {
  /// The raw output, from which contents are read. It may hold secrets until ``wipe()``.
  private(set) var bytes: [UInt8]
  /// One reply an operation that was carried out.
  let replies: [HostReply]
  /// The message of the operation that failed, the one after the last in ``replies``; nil: none failed.
  let failure: String?
  /// Whether the program came to its end.
  let isComplete: Bool

  /// Reads an answer.
  ///
  /// - Parameters:
  ///   - bytes: The program's standard output; whatever a login shell wrote before the nonce is skipped.
  ///   - operations: What was asked.
  ///   - nonce: The word that marks the answer's beginning.
  /// - Returns: Nil when the nonce does not occur: the program did not run.
  init?(_ bytes: [UInt8], to operations: [HostOperation], nonce: String) {
    let marker = Array("quorate \(nonce)\n".utf8)
    guard let start = Self.firstIndex(of: marker, in: bytes) else { return nil }
    var limits: [Int: Int] = [:]
    for (index, operation) in operations.enumerated() {
      if case .files(let limit, _) = operation { limits[index + 1] = limit }
    }
    var reader = LineReader(
      bytes: bytes, position: start + marker.count, end: Array("\n\(nonce)\n".utf8), limits: limits)
    var lines: [Int: [Line]] = [:]
    while let (number, line) = reader.next() { lines[number, default: []].append(line) }
    let isComplete = reader.isAtEnd
    var replies: [HostReply] = []
    var failure: String?
    for (index, operation) in operations.enumerated() {
      let own = lines[index + 1] ?? []
      if let failed = own.first(where: { $0.word == "failed" }) {
        failure = Self.text(bytes[failed.payload]).trimmed
        break
      }
      // Nothing at all was answered: fine for `files`, of which none may exist, when the program came further.
      if own.isEmpty, !isComplete, !lines.keys.contains(where: { $0 > index + 1 }) { break }
      guard let reply = Self.reply(to: operation, own, bytes) else {
        failure = "the host's answer to \(operation.wire.name) cannot be understood"
        break
      }
      if case .execute = operation, case .command(let status, let output) = reply, status != 0 {
        failure = Self.describe(status: status, output: output)
        break
      }
      replies.append(reply)
    }
    self.bytes = bytes
    self.replies = replies
    self.failure = failure
    self.isComplete = isComplete && failure == nil && replies.count == operations.count
  }

  /// The bytes at a range of the raw output.
  func content(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }

  /// The bytes at a range of the raw output, for a secret.
  func secret(_ range: Range<Int>) -> SecretBytes { SecretBytes(bytes[range]) }

  /// Overwrites the raw output with zeros.
  mutating func wipe() {
    bytes.withUnsafeMutableBytes { buffer in
      if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
    }
    bytes = []
  }

  /// A line of the answer, and the bytes that belong to it.
  private struct Line {
    /// What kind of line.
    var word: String
    /// The rest of the line.
    var rest: Range<Int>
    /// What follows it, as long as it says; empty where it says nothing.
    var payload: Range<Int>
  }

  /// Takes an answer apart, line by line. What does not fit ends it.
  private struct LineReader {
    let bytes: [UInt8]
    var position: Int
    /// What stands behind files' contents.
    let end: [UInt8]
    /// Whether the line `end` was reached.
    private(set) var isAtEnd = false
    /// Up to which size an operation's files are read, by its number.
    let limits: [Int: Int]
    /// How long the contents of the files are that were listed last, by path.
    private var contents: [String: Int] = [:]

    init(bytes: [UInt8], position: Int, end: [UInt8], limits: [Int: Int]) {
      self.bytes = bytes
      self.position = position
      self.end = end
      self.limits = limits
    }

    mutating func next() -> (Int, Line)? {
      guard !isAtEnd, position < bytes.count, let lineEnd = bytes[position...].firstIndex(of: 10) else { return nil }
      if bytes[position..<lineEnd].elementsEqual("end".utf8) {
        isAtEnd = true
        return nil
      }
      guard let space = bytes[position..<lineEnd].firstIndex(of: 32),
        let number = HostAnswer.number(bytes[position..<space])
      else { return nil }
      let wordEnd = bytes[(space + 1)..<lineEnd].firstIndex(of: 32) ?? lineEnd
      var line = Line(
        word: String(decoding: bytes[(space + 1)..<wordEnd], as: UTF8.self), rest: min(wordEnd + 1, lineEnd)..<lineEnd,
        payload: 0..<0)
      position = lineEnd + 1
      switch line.word {
      case "stats", "text", "names", "answer", "answers", "held", "failed", "status":
        // A status stands before the length; a path behind it.
        let fields = bytes[line.rest].split(separator: 32, maxSplits: 1, omittingEmptySubsequences: false)
        let field = line.word == "status" ? fields.last : fields.first
        guard let field, let length = HostAnswer.number(field) else { return nil }
        guard take(length, endedBy: [10], into: &line) else { return nil }
        if line.word == "stats" {
          let limit = limits[number] ?? 0
          contents = [:]
          for (path, file) in HostAnswer.listing(bytes[line.payload]) { contents[path] = file.readLength(limit: limit) }
        }
      case "unread": contents[String(decoding: bytes[line.rest], as: UTF8.self)] = nil
      case "contents":
        guard take(contents.values.reduce(0, +), endedBy: end, into: &line) else { return nil }
      default: break
      }
      return (number, line)
    }

    private mutating func take(_ length: Int, endedBy end: [UInt8], into line: inout Line) -> Bool {
      guard length <= bytes.count - position, end.count <= bytes.count - position - length,
        bytes[(position + length)..<(position + length + end.count)].elementsEqual(end)
      else { return false }
      line.payload = position..<(position + length)
      position += length + end.count
      return true
    }
  }

  private static func reply(to operation: HostOperation, _ lines: [Line], _ bytes: [UInt8]) -> HostReply? {
    if let line = lines.first(where: { $0.word == "unavailable" }) { return .unavailable(text(bytes[line.rest])) }
    switch operation {
    case .files(let limit, let paths): return files(lines, bytes, limit: limit, asked: Set(paths))
    case .folder:
      guard let line = lines.first else { return nil }
      guard line.word == "names" else { return .folder(nil) }
      return .folder(text(bytes[line.payload]).split(separator: "\n").map(String.init).sorted())
    case .command, .execute:
      guard let line = lines.first, line.word == "status",
        let status = bytes[line.rest].split(separator: 32).first.flatMap(number)
      else { return nil }
      return .command(status: Int32(truncatingIfNeeded: status), output: Array(bytes[line.payload]))
    case .http: return lines.first?.word == "answer" ? lines.first.map { .http(Array(bytes[$0.payload])) } : nil
    case .etcd(let probes):
      guard let line = lines.first, line.word == "answers" else { return nil }
      return .etcd(etcdAnswers(Array(bytes[line.payload]), count: probes.count))
    case .lock:
      guard let line = lines.first else { return nil }
      if line.word == "held" { return .held(by: text(bytes[line.payload])) }
      return line.word == "locked" ? .locked : nil
    default: return lines.first?.word == "ok" ? .done : nil
    }
  }

  /// The listing, the contents of the files that have a size, and those of the kernel's files, which have none.
  private static func files(_ lines: [Line], _ bytes: [UInt8], limit: Int, asked: Set<String>) -> HostReply? {
    guard let stats = lines.first(where: { $0.word == "stats" }),
      let contents = lines.first(where: { $0.word == "contents" })
    else { return nil }
    var found: [String: (file: ObservedFile, content: Range<Int>?)] = [:]
    let unread = Set(lines.filter { $0.word == "unread" }.map { text(bytes[$0.rest]) })
    var position = contents.payload.lowerBound
    for (path, file) in listing(bytes[stats.payload]) {
      guard asked.contains(path) else { return nil }
      let length = unread.contains(path) ? 0 : file.readLength(limit: limit)
      found[path] = (file, length > 0 ? position..<(position + length) : nil)
      // An empty file was read as well.
      if limit > 0, file.kind == .regular, file.size == 0, !unread.contains(path) {
        found[path]?.content = position..<position
      }
      position += length
    }
    for line in lines where line.word == "text" {
      let fields = bytes[line.rest].split(separator: 32, maxSplits: 1, omittingEmptySubsequences: false)
      guard fields.count == 2, found[text(fields[1])] != nil else { return nil }
      found[text(fields[1])]?.content = line.payload
    }
    return .files(found)
  }

  /// What `stat` listed, a line each; lines that do not fit are left out.
  private static func listing(_ text: ArraySlice<UInt8>) -> [(path: String, file: ObservedFile)] {
    text.split(separator: 10).compactMap { file(String(decoding: $0, as: UTF8.self)) }
  }

  /// `MODE(hex)|uid|gid|user|group|size|inode|changed|path`
  private static func file(_ line: String) -> (path: String, file: ObservedFile)? {
    let fields = line.split(separator: "|", maxSplits: 8, omittingEmptySubsequences: false)
    guard fields.count == 9, let mode = UInt32(fields[0], radix: 16), let size = Int(fields[5]), size >= 0 else {
      return nil
    }
    let kind: ObservedFile.Kind =
      switch mode & 0o170000 {
      case 0o100000: .regular
      case 0o040000: .folder
      case 0o120000: .symlink
      default: .other
      }
    let owner = FileOwner(
      user: String(fields[3] == "UNKNOWN" ? fields[1] : fields[3]),
      group: String(fields[4] == "UNKNOWN" ? fields[2] : fields[4]))
    return (
      String(fields[8]),
      ObservedFile(kind: kind, mode: UInt16(mode & 0o7777), owner: owner, size: size, fingerprint: line)
    )
  }

  /// Bodies, each ended by a line `#STATUS`.
  private static func etcdAnswers(_ raw: [UInt8], count: Int) -> [(status: Int, body: [UInt8])] {
    var answers: [(status: Int, body: [UInt8])] = []
    var body: [UInt8] = []
    for line in raw.split(separator: 10, omittingEmptySubsequences: false) {
      if line.first == UInt8(ascii: "#"), let status = number(line.dropFirst()) {
        answers.append((status, body))
        body = []
      } else {
        if !body.isEmpty { body.append(10) }
        body += line
      }
    }
    while answers.count < count { answers.append((0, [])) }
    return Array(answers.prefix(count))
  }

  private static func describe(status: Int32, output: [UInt8]) -> String {
    let said = text(output).split(separator: "\n").suffix(5).joined(separator: "; ")
    let how =
      switch status {
      case 124, 137: "did not end in time"
      case 126, 127: "could not be started"
      default: "ended with status \(status)"
      }
    return said.isEmpty ? how : "\(how): \(said)"
  }

  private static func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

  private static func text(_ bytes: [UInt8]?) -> String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "" }

  private static func number(_ bytes: some Collection<UInt8>) -> Int? {
    guard (1...9).contains(bytes.count), bytes.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return bytes.reduce(0) { $0 * 10 + Int($1 - 48) }
  }

  private static func firstIndex(of needle: [UInt8], in bytes: [UInt8]) -> Int? {
    guard let first = needle.first, bytes.count >= needle.count else { return nil }
    var from = 0
    while let index = bytes[from...].firstIndex(of: first), index + needle.count <= bytes.count {
      if bytes[index..<(index + needle.count)].elementsEqual(needle) { return index }
      from = index + 1
    }
    return nil
  }
}

extension ObservedFile {
  /// How many bytes of it the program reads: all, or none.
  fileprivate func readLength(limit: Int) -> Int { kind == .regular && size <= limit ? size : 0 }
}
