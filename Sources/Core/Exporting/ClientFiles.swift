/// The three files by which a kube-apiserver reaches the cluster: the CA's certificate, and its own client pair.
public struct ClientFiles: Sendable {
  /// One of the files.
  public struct File: Sendable {
    /// Its path below a `pki` folder, as kubeadm has it: `etcd/ca.crt`.
    public let name: String
    /// Permission bits.
    public let mode: UInt16
    /// What it holds: a key rests in wiped memory alone.
    public let content: SecretBytes
  }

  /// The files, the key before its certificate: a pair is replaced as a pair.
  public let files: [File]
  /// The last moment at which the certificate is valid.
  public let notAfter: Instant

  init(authority: [UInt8], certificate: [UInt8], key: SecretBytes, notAfter: Instant) {
    files = [
      File(name: "etcd/ca.crt", mode: CertificateRole.certificateMode, content: SecretBytes(authority)),
      File(name: "apiserver-etcd-client.key", mode: CertificateRole.keyMode, content: key),
      File(name: "apiserver-etcd-client.crt", mode: CertificateRole.certificateMode, content: SecretBytes(certificate)),
    ]
    self.notAfter = notAfter
  }
}

/// What became of a file that was to be put somewhere.
public struct PlacedFile: Sendable, Codable, Hashable {
  /// What was done.
  public enum Change: String, Sendable, Codable, Hashable {
    /// It was not there.
    case added
    /// Another one was there.
    case replaced
    /// Its mode was corrected.
    case mode
    /// It was there, as it should be.
    case unchanged
  }

  /// Its path.
  public var path: String
  /// What was done.
  public var change: Change

  /// Makes a value.
  public init(path: String, change: Change) {
    self.path = path
    self.change = change
  }
}

extension RunFailure {
  /// Other files are where the exported ones should go, and nobody said that they may be replaced.
  static func differentFiles(_ paths: [String], host: String?) -> RunFailure {
    RunFailure(
      host: host, code: "export.different",
      what: "\(host.map { "\($0) has" } ?? "there are") other files already: \(paths.joined(separator: ", "))",
      why: "they may be the client pair of another cluster, and are not overwritten by the way",
      fix: "give --replace when they are not needed any more")
  }
}
