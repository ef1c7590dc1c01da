internal import QuorateCore

/// Certificates and requests as text (RFC 7468), which is how they stand in messages.
enum PEMText {
  /// The text of DER, in lines of 64 characters.
  static func encode(_ der: [UInt8], label: String) -> String {
    let text = Array(Base64.encode(der).utf8)
    let lines = stride(from: 0, to: text.count, by: 64).map {
      String(decoding: text[$0..<min($0 + 64, text.count)], as: UTF8.self)
    }
    return (["-----BEGIN \(label)-----"] + lines + ["-----END \(label)-----", ""]).joined(separator: "\n")
  }

  /// The blocks of one label, in order, as DER; what stands between them is ignored. Nil where a block is broken.
  static func decode(_ text: String, label: String) -> [[UInt8]]? {
    var blocks: [[UInt8]] = []
    var inside: [UInt8]?
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.trimmingBlanks
      if words == "-----BEGIN \(label)-----" {
        guard inside == nil else { return nil }
        inside = []
      } else if words == "-----END \(label)-----" {
        guard let block = inside, !block.isEmpty, let der = Base64.decode(block) else { return nil }
        blocks.append(der)
        inside = nil
      } else if inside != nil {
        inside?.append(contentsOf: words.utf8)
      }
    }
    return inside == nil ? blocks : nil
  }
}

extension Substring {
  fileprivate var trimmingBlanks: Substring {
    var rest = self
    while rest.last?.isWhitespace == true { rest.removeLast() }
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    return rest
  }
}
