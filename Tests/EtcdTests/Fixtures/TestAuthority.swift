import Foundation
import QuorateCore
import QuorateEtcd

/// A folder of a test's own, with a CA made by the openssl command.
struct TestAuthority: Sendable {
  let folder: String
  let name: String

  /// Makes a CA in a folder.
  init(in folder: String, name: String = "ca") async throws {
    self.folder = folder
    self.name = name
    try await ChildProcess.run([
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "10",
      "-subj", "/CN=etcd-ca", "-keyout", key(name), "-out", certificate(name),
    ])
  }

  /// A new folder for a test.
  static func makeFolder() throws -> String {
    var template = Array("/tmp/quorate-etcd-tests.XXXXXX".utf8CString)
    guard let path = mkdtemp(&template) else { throw CocoaError(.fileWriteUnknown) }
    return String(cString: path)
  }

  func certificate(_ name: String) -> String { "\(folder)/\(name).crt" }
  func key(_ name: String) -> String { "\(folder)/\(name).key" }

  /// Issues a certificate; `days` below 0 makes one that has expired.
  func issue(_ leaf: String, names: String = "IP:127.0.0.1,IP:::1", days: Int = 5) async throws {
    let request = "\(folder)/\(leaf).csr"
    let extensions = "\(folder)/\(leaf).ext"
    try "subjectAltName=\(names)\nextendedKeyUsage=serverAuth,clientAuth\n"
      .write(toFile: extensions, atomically: false, encoding: .utf8)
    try await ChildProcess.run([
      "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
      "/CN=\(leaf)", "-keyout", key(leaf), "-out", request,
    ])
    try await ChildProcess.run([
      "openssl", "x509", "-req", "-in", request, "-CA", certificate(name), "-CAkey", key(name), "-set_serial",
      "\(UInt64.random(in: 1...(1 << 62)))", "-days", "\(days)", "-extfile", extensions, "-out", certificate(leaf),
    ])
  }

  /// What a client shows, and whom it trusts.
  func credentials(_ leaf: String, key other: String? = nil, authority: String? = nil) throws -> EtcdCredentials {
    EtcdCredentials(
      certificate: try Self.bytes(certificate(leaf)), key: SecretBytes(try Self.bytes(key(other ?? leaf))),
      authority: try Self.bytes(authority ?? certificate(name)))
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
