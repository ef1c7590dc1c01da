import Glibc
import QuorateCore
import QuorateEtcd
import Testing

/// OpenSSL's own server: it shows a certificate and sends a file to whoever connects.
struct TLSServer {
  let process: ChildProcess
  let port: UInt16

  /// Starts a server that speaks TLS and sends a file's bytes, whatever it is asked; without a
  /// file, a page about the connection.
  static func start(_ leaf: String, in authority: TestAuthority, sending file: String? = nil) async throws -> TLSServer
  {
    // s_server takes port 0 and says which one it got.
    let process = ChildProcess(
      [
        "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", authority.certificate(leaf), "-key",
        authority.key(leaf), file == nil ? "-www" : "-ign_eof",
      ], input: file)
    guard await process.waitForLine(where: { $0.hasPrefix("ACCEPT") }) else {
      throw ChildProcess.Failed(arguments: ["s_server"], output: process.output)
    }
    let line = process.output.split(separator: "\n").first { $0.hasPrefix("ACCEPT") } ?? ""
    return TLSServer(process: process, port: try #require(line.split(separator: ":").last.flatMap { UInt16($0) }))
  }

  /// A client of it.
  func client(_ credentials: EtcdCredentials, timeoutSeconds: Double = 5) -> EtcdClient {
    let port = port
    return EtcdClient(
      endpoint: NetworkEndpoint(address: .loopbackV4, port: port), credentials: credentials,
      timeoutSeconds: timeoutSeconds
    ) { () throws(TransportError) in try Sockets.connect(to: port) }
  }

  func stop() async { await process.stop(SIGKILL) }
}
