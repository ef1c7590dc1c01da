import CBench
import Glibc
import Synchronization

/// Makes keys on all processors and does nothing else: what no maker of certificates can be faster than. Prints seconds.
struct KeyGeneration {
  private let rsaBits: UInt32?
  private let count: Int

  init(_ arguments: ArraySlice<String>) throws {
    let words = Array(arguments)
    guard words.count == 2, let count = Int(words[1]), count > 0 else { throw Failure("usage: keys ALGORITHM COUNT") }
    switch words[0] {
    case "ECDSA-P256": rsaBits = nil
    case "RSA-2048": rsaBits = 2_048
    default: throw Failure("keys knows ECDSA-P256 and RSA-2048, not \(words[0])")
    }
    self.count = count
  }

  func run() throws {
    // The library's own start is no part of it.
    EVP_PKEY_free(bench_ec_key("P-256"))
    let left = Mutex(count)
    let (bits, start) = (rsaBits, monotonic())
    let threads = (0..<max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))).map { _ in
      ThreadBody {
        while true {
          let isWork = left.withLock { left -> Bool in
            guard left > 0 else { return false }
            left -= 1
            return true
          }
          guard isWork else { return }
          EVP_PKEY_free(bits.map(bench_rsa_key) ?? bench_ec_key("P-256"))
        }
      }.start()
    }
    for thread in threads { pthread_join(thread, nil) }
    print(monotonic() - start)
  }
}
