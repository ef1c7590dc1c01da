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
    var lines: [Int: [Line]] = [:]
    var isComplete = false
    var position = start + marker.count
    while position < bytes.count, let end = bytes[position...].firstIndex(of: 10) {
      defer { position = end + 1 }
      let line = position..<end
      if bytes[line].elementsEqual("end".utf8) {
        isComplete = true
        break
      }
      guard let space = bytes[line].firstIndex(of: 32), let number = Self.number(bytes[line.lowerBound..<space])
      else { continue }
      let rest = (space + 1)..<end
      let wordEnd = bytes[rest].firstIndex(of: 32) ?? end
      lines[number, default: []].append(
        Line(word: String(decoding: bytes[rest.lowerBound..<wordEnd], as: UTF8.self), rest: min(wordEnd + 1, end)..<end)
      )
    }
    var replies: [HostReply] = []
    var failure: String?
    for (index, operation) in operations.enumerated() {
      let own = lines[index + 1] ?? []
      if let failed = own.first(where: { $0.word == "failed" }) {
        failure = Self.text(Base64.decode(bytes[failed.rest])).trimmed
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

  /// Overwrites the raw output with zeros.
  mutating func wipe() {
    bytes.withUnsafeMutableBytes { buffer in
      if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
    }
    bytes = []
  }

  private struct Line {
    var word: String
    var rest: Range<Int>
  }

  private static func reply(to operation: HostOperation, _ lines: [Line], _ bytes: [UInt8]) -> HostReply? {
    if let line = lines.first(where: { $0.word == "unavailable" }) { return .unavailable(text(bytes[line.rest])) }
    switch operation {
    case .files(_, let paths): return files(lines, bytes, asked: Set(paths))
    case .folder:
      guard let line = lines.first else { return nil }
      guard line.word == "names", let names = Base64.decode(bytes[line.rest]) else { return .folder(nil) }
      return .folder(text(names).split(separator: "\n").map(String.init).sorted())
    case .command, .execute:
      guard let line = lines.first, line.word == "status" else { return nil }
      let parts = bytes[line.rest].split(separator: 32, maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let status = number(parts[0]), let output = Base64.decode(parts[1]) else { return nil }
      return .command(status: Int32(truncatingIfNeeded: status), output: output)
    case .http:
      guard let line = lines.first, line.word == "answer", let body = Base64.decode(bytes[line.rest]) else {
        return nil
      }
      return .http(body)
    case .etcd(let probes):
      guard let line = lines.first, line.word == "answers", let raw = Base64.decode(bytes[line.rest]) else {
        return nil
      }
      return .etcd(etcdAnswers(raw, count: probes.count))
    case .lock:
      guard let line = lines.first else { return nil }
      if line.word == "held" { return .held(by: text(Base64.decode(bytes[line.rest]))) }
      return line.word == "locked" ? .locked : nil
    default: return lines.first?.word == "ok" ? .done : nil
    }
  }

  /// `stat` lines, each followed by a `data` line where the content was read.
  private static func files(_ lines: [Line], _ bytes: [UInt8], asked: Set<String>) -> HostReply? {
    var found: [String: (file: ObservedFile, content: Range<Int>?)] = [:]
    var last: String?
    for line in lines {
      if line.word == "data", let path = last {
        found[path]?.content = line.rest
      } else if line.word == "stat" {
        guard let (path, file) = file(text(bytes[line.rest])), asked.contains(path) else { return nil }
        found[path] = (file, nil)
        last = path
      }
    }
    return .files(found)
  }

  /// `MODE(hex)|uid|gid|user|group|size|inode|changed|path`
  private static func file(_ line: String) -> (String, ObservedFile)? {
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
