import Glibc
import QuorateTesting

@testable import QuorateCore

/// A TLS listener of openssl with a pair of its own, which it reads once, when it starts.
struct TLSListener {
  let endpoint: NetworkEndpoint
  private let process: Int32

  /// Makes `NAME.crt` and `NAME.key` in a folder.
  static func makePair(_ name: String, in folder: String) async throws {
    let made = await LocalProgram.run([
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
      "/CN=\(name)",
      "-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt",
    ])
    guard made.status == 0 else { throw Unusable(why: made.errorText) }
  }

  /// Listens on loopback with a pair that ``makePair(_:in:)`` made.
  init(showing name: String, in folder: String) async throws {
    let started = await LocalProgram.run([
      "sh", "-c",
      """
      cd "$0"
      openssl s_server -accept 127.0.0.1:0 -cert "$1.crt" -key "$1.key" -www >"$1.said" 2>&1 </dev/null &
      until grep -q '^ACCEPT .' "$1.said"; do kill -0 $! || exit 1; done
      sed -n 's/^ACCEPT .*:\\([0-9]*\\)$/\\1/p' "$1.said"
      echo $!
      """, folder, name,
    ])
    let lines = started.text.split(separator: "\n")
    guard lines.count == 2, let port = UInt16(lines[0]), let process = Int32(lines[1]) else {
      throw Unusable(why: started.errorText)
    }
    endpoint = NetworkEndpoint(address: .loopbackV4, port: port)
    self.process = process
  }

  func end() { kill(process, SIGTERM) }

  struct Unusable: Error { var why: String }
}
