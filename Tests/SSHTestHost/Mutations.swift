/// Random changes to a valid input, from a fixed seed: nothing that is read may crash or hang.
package struct Mutations {
  private var generator: SplitMix

  package init(seed: UInt64) { generator = SplitMix(state: seed) }

  package func run(_ valid: [UInt8], rounds: Int, _ body: ([UInt8]) -> Void) {
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
