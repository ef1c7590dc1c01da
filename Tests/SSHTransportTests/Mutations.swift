import Glibc
import QuorateTesting
import Testing

/// Random changes to a valid input, from a fixed seed: nothing that is read may crash or hang.
struct Mutations {
  private var generator: SplitMix

  init(seed: UInt64) { generator = SplitMix(state: seed) }

  func run(_ valid: [UInt8], rounds: Int, _ body: ([UInt8]) -> Void) {
    var generator = generator
    for _ in 0..<rounds {
      var bytes = valid
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        let index = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0 where index < bytes.count: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        case 2 where index < bytes.count: bytes.remove(at: index)
        case 3: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 0...40, using: &generator)))
        default:
          let length = Int.random(in: 0...20, using: &generator)
          bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + length)], at: index)
        }
      }
      body(bytes)
    }
  }
}

private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

/// A folder that goes with its last reference.
final class TemporaryFolder: Sendable {
  let root: String

  init() async throws {
    var template = Array("/tmp/quorate-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestHost.Failure(description: "no temporary folder") }
    root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // Few files, one level deep.
    guard let folder = opendir(root) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { unlink("\(root)/\(name)") }
    }
    closedir(folder)
    rmdir(root)
  }

  func path(_ name: String) -> String { "\(root)/\(name)" }
  func write(_ name: String, _ text: String) throws { try TestHost.write(text, to: path(name)) }
  func read(_ name: String) throws -> String { try TestHost.read(path(name)) }
}
