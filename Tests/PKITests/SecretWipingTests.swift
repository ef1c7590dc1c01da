import Glibc
import QuorateCore
import Testing

@testable import QuoratePKI

/// Whether a key is left behind in this process's memory when nobody holds it any more.
@Suite(.serialized) struct SecretWipingTests {
  @Test func `OpenSSL clears what it frees`() {
    #expect(OpenSSLToolkit.wipesFreedMemory)
  }

  @Test(arguments: [KeyAlgorithm.ecdsaP256, .ecdsaP384, .rsa2048])
  func `No copy of a key is left behind`(_ algorithm: KeyAlgorithm) async throws {
    let scanner = try MemoryScanner()
    let seenAlive = try await useKey(algorithm, scanner)
    // While the key is held, its PEM text is found: the search does search.
    #expect(seenAlive > 0)
    #expect(scanner.count() == 0)
  }

  /// Makes a key and does with it all that is ever done with one; notes its traces for the scanner.
  private func useKey(_ algorithm: KeyAlgorithm, _ scanner: MemoryScanner) async throws -> Int {
    let toolkit = OpenSSLToolkit()
    var profile = TestAuthority.clientProfile(algorithm)
    profile.commonName = "wiped"
    let made = try present(try await toolkit.makeKeys(for: [profile]).first, "key")
    _ = try toolkit.publicKeyFingerprint(ofKey: made.key)
    let key = try PrivateKey(pem: made.key)
    _ = key.isConsistent
    let template = CertificateTemplate(
      serial: 1, subject: SubjectName(commonName: "wiped", organization: nil), notBefore: TestAuthority.now,
      notAfter: TestAuthority.now.advanced(bySeconds: 60), isAuthority: true)
    _ = try template.sign(publicKey: key.publicKey, issuer: nil, key: key)
    scanner.remember(made.key, isRSA: algorithm.isRSA)
    return scanner.count()
  }
}

/// Searches the writable memory of this process for a key's traces, which it keeps only in masked form.
private final class MemoryScanner {
  private let buffer: UnsafeMutableRawPointer
  private let size = 1 << 22
  private let needleLength = 16
  private var needles: [[UInt8]] = []
  private static let mask: UInt8 = 0x5a

  init() throws {
    let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { throw Missing(what: "memory") }
    buffer = memory
  }

  deinit { munmap(buffer, size) }

  /// Takes a few pieces of a key, masked: of its PEM text, and of the private number that it encodes, as it stands and
  /// backwards, which is how OpenSSL's numbers lie in memory.
  func remember(_ key: SecretBytes, isRSA: Bool) {
    key.withBytes { text in
      needles.append((0..<needleLength).map { text[text.count / 2 + $0] ^ Self.mask })
      // In SEC 1 the private number begins at byte 7 or 8; in PKCS #1 the first prime is well behind the middle.
      let start = isRSA ? Self.decodedCount(text) * 60 / 100 : 16
      let number = (0..<needleLength).map { Self.decoded(text, start + $0) ^ Self.mask }
      needles += [number, number.reversed()]
    }
  }

  /// How often a trace is found.
  func count() -> Int {
    guard let maps = fopen("/proc/self/maps", "r") else { return -1 }
    defer { fclose(maps) }
    let memory = open("/proc/self/mem", O_RDONLY)
    defer { close(memory) }
    var ranges: [(UInt, UInt)] = []
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, Int32(line.count), maps) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let fields = text.split(separator: " ")
      let ends = fields.first?.split(separator: "-").compactMap { UInt($0, radix: 16) } ?? []
      // A region of gigabytes is a sanitizer's own.
      if ends.count == 2, fields.count > 1, fields[1].hasPrefix("rw"), ends[1] - ends[0] < 1 << 31 {
        ranges.append((ends[0], ends[1]))
      }
    }
    var found = 0
    for (start, end) in ranges where !(start...end).contains(UInt(bitPattern: buffer)) {
      var place = start
      while place < end {
        let wanted = min(size, Int(end - place))
        let count = pread(memory, buffer, wanted, off_t(place))
        if count <= 0 { break }
        for needle in needles { found += occurrences(of: needle, in: count) }
        if count == wanted && place + UInt(count) >= end { break }
        place += UInt(max(1, count - needleLength))
      }
    }
    memset(buffer, 0, size)
    return found
  }

  private func occurrences(of needle: [UInt8], in count: Int) -> Int {
    var found = 0
    var place = 0
    while place + needleLength <= count,
      let hit = memchr(buffer + place, Int32(needle[0] ^ Self.mask), count - place - needleLength + 1)
    {
      let bytes = UnsafeRawBufferPointer(start: hit, count: needleLength)
      var same = true
      for index in 0..<needleLength where bytes[index] != needle[index] ^ Self.mask {
        same = false
        break
      }
      if same { found += 1 }
      place = buffer.distance(to: hit) + 1
    }
    return found
  }

  /// Where the base64 text of a PEM block begins.
  private static func body(_ text: UnsafeRawBufferPointer) -> Int { (text.firstIndex(of: 10) ?? 0) + 1 }

  private static func decodedCount(_ text: UnsafeRawBufferPointer) -> Int { (text.count - 64) * 3 / 4 }

  /// One byte of what a PEM text of 64 characters a line encodes, without decoding the others.
  private static func decoded(_ text: UnsafeRawBufferPointer, _ index: Int) -> UInt8 {
    var bits: UInt32 = 0
    for place in index / 3 * 4..<index / 3 * 4 + 4 {
      bits = bits << 6 | value(text[body(text) + place + place / 64])
    }
    return UInt8(truncatingIfNeeded: bits >> UInt32(16 - index % 3 * 8))
  }

  private static func value(_ character: UInt8) -> UInt32 {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - 65)
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - 97 + 26)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - 48 + 52)
    case UInt8(ascii: "+"): 62
    default: 63
    }
  }
}
