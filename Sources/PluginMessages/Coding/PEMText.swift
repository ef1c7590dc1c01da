internal import QuorateCore

/// Certificates and requests as text (RFC 7468), which is how they stand in messages.
enum PEMText {
  private static let lineEnd = UInt8(ascii: "\n")

  /// The text of DER, in lines of 64 characters.
  static func encode(_ der: [UInt8], label: String) -> String {
    let content = Array(Base64.encode(der).utf8)
    var text = Array("-----BEGIN \(label)-----\n".utf8)
    text.reserveCapacity(content.count + content.count / 64 + 2 * text.count)
    for start in stride(from: 0, to: content.count, by: 64) {
      text += content[start..<min(start + 64, content.count)]
      text.append(lineEnd)
    }
    return String(decoding: text, as: UTF8.self) + "-----END \(label)-----\n"
  }

  /// The blocks of one label, in order, as DER; what stands between them is ignored. Nil where a block is broken.
  static func decode(_ text: String, label: String) -> [[UInt8]]? {
    let (begin, end) = (Array("-----BEGIN \(label)-----".utf8), Array("-----END \(label)-----".utf8))
    var blocks: [[UInt8]] = []
    var inside: [UInt8]?
    for line in Array(text.utf8).split(separator: lineEnd) {
      let words = trimmed(line)
      if words.elementsEqual(begin) {
        guard inside == nil else { return nil }
        inside = []
      } else if words.elementsEqual(end) {
        guard let block = inside, !block.isEmpty, let der = Base64.decode(block) else { return nil }
        blocks.append(der)
        inside = nil
      } else if inside != nil {
        inside?.append(contentsOf: words)
      }
    }
    return inside == nil ? blocks : nil
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = line
    while let last = rest.last, last <= 32 { rest.removeLast() }
    while let first = rest.first, first <= 32 { rest.removeFirst() }
    return rest
  }
}
