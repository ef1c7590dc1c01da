/// Damaged copies of an answer, the same ones in every run (SplitMix64).
struct EtcdMutations: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// The bytes with a few of them changed, removed, doubled, cut off, or something hostile put between them.
  mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...6, using: &self) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &self)
      switch Int.random(in: 0...6, using: &self) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &self)
      case 1: bytes.remove(at: index)
      case 2: bytes.insert(bytes[index], at: index)
      case 3: bytes.removeLast(bytes.count - index)
      case 4: bytes.insert(contentsOf: Array(#"[{""#.utf8), at: index)
      case 5: bytes.insert(contentsOf: Array("18446744073709551616".utf8), at: index)
      default: bytes.swapAt(index, Int.random(in: 0..<bytes.count, using: &self))
      }
    }
    return bytes
  }
}
