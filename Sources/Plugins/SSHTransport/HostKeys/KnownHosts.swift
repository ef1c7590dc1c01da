internal import CLibSSH2
internal import QuorateCore

/// A file of known host keys (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
///
/// Lines that cannot be read are skipped, as OpenSSH does: they can only make fewer keys known.
struct KnownHosts: Sendable {
  /// One line that names a key.
  struct Entry: Sendable {
    /// What a line begins with.
    enum Marker: Sendable, Hashable {
      /// A host's key.
      case none
      /// `@cert-authority`: a CA of hosts. libssh2 cannot check host certificates.
      case authority
      /// `@revoked`: a key that must not be taken.
      case revoked
    }

    var marker: Marker
    /// Which hosts it is for.
    var hosts: HostPattern
    var key: PublicKey
    /// The line's number, from 1.
    var line: Int
  }

  /// The file as the user named it.
  let file: String
  /// Its entries, in the file's order.
  let entries: [Entry]

  /// Reads a file's content.
  init(_ content: some Collection<UInt8>, file: String) {
    self.file = file
    entries = Array(content).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .compactMap { Self.entry($0.element, line: $0.offset + 1) }
  }

  private static func entry(_ line: ArraySlice<UInt8>, line number: Int) -> Entry? {
    var words = line.split(maxSplits: 4) { $0 == 32 || $0 == 9 || $0 == 13 }[...]
    var marker = Entry.Marker.none
    guard let first = words.first, first.first != UInt8(ascii: "#") else { return nil }
    if first.first == UInt8(ascii: "@") {
      switch String(decoding: first, as: UTF8.self) {
      case "@cert-authority": marker = .authority
      case "@revoked": marker = .revoked
      default: return nil
      }
      words = words.dropFirst()
    }
    guard words.count >= 3, let hosts = HostPattern(words[words.startIndex]) else { return nil }
    guard let blob = Base64.decode(words[words.startIndex + 2]), let key = PublicKey(blob),
      key.type.utf8.elementsEqual(words[words.startIndex + 1])
    else { return nil }
    return Entry(marker: marker, hosts: hosts, key: key, line: number)
  }
}

/// Which hosts a line of known hosts is for: names and patterns, or the hash of one name.
struct HostPattern: Sendable {
  private enum Form {
    case list([(isNegated: Bool, pattern: [UInt8])])
    case hash(salt: [UInt8], digest: [UInt8])
  }

  private let form: Form

  /// Reads the field; nil when it is no valid one.
  init?(_ field: some Collection<UInt8>) {
    let field = Array(field)
    if field.starts(with: Array("|1|".utf8)) {
      let parts = field.dropFirst(3).split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
      guard parts.count == 2, let salt = Base64.decode(parts[0]), let digest = Base64.decode(parts[1]),
        salt.count == 20, digest.count == 20
      else { return nil }
      form = .hash(salt: salt, digest: digest)
    } else if field.isEmpty || field.first == UInt8(ascii: "|") {
      return nil
    } else {
      form = .list(
        field.split(separator: UInt8(ascii: ",")).map { part in
          let isNegated = part.first == UInt8(ascii: "!")
          return (isNegated, (isNegated ? part.dropFirst() : part).map(Self.lowercased))
        })
    }
  }

  /// Whether it is for a host, given as OpenSSH writes it: `name`, or `[name]:port` where the port is not 22.
  func matches(_ host: String) -> Bool {
    let host = host.utf8.map(Self.lowercased)
    switch form {
    case .hash(let salt, let digest):
      var own = [UInt8](repeating: 0, count: 20)
      quorate_ssh_hmac_sha1(salt, salt.count, host, host.count, &own)
      return own == digest
    case .list(let patterns):
      let hits = patterns.filter { Self.fits(host, $0.pattern) }
      return !hits.isEmpty && !hits.contains { $0.isNegated }
    }
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }

  /// Whether a text fits a pattern with `*` and `?`, in a time that grows with the product of their lengths.
  private static func fits(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
    var (textIndex, patternIndex) = (0, 0)
    var star: (pattern: Int, text: Int)?
    while textIndex < text.count {
      if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
        star = (patternIndex, textIndex)
        patternIndex += 1
      } else if patternIndex < pattern.count,
        pattern[patternIndex] == text[textIndex] || pattern[patternIndex] == UInt8(ascii: "?")
      {
        textIndex += 1
        patternIndex += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        textIndex = last.text + 1
        patternIndex = last.pattern + 1
      } else {
        return false
      }
    }
    return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
