/// One thing that is done on a host.
public enum Step: Sendable, Codable, Hashable {
  /// Makes a folder, or corrects its mode.
  case makeFolder(path: String, mode: UInt16, owner: FileOwner?)
  /// Writes a file: staged, synced, renamed into place.
  case write(FileChange)
  /// Corrects a file's mode and owner.
  case setAttributes(path: String, mode: UInt16, owner: FileOwner?, seen: ObservedFile, reasons: [String])
  /// Finishes a replacement that was interrupted, from its staged copies.
  case resumeStaged(folder: String)
  /// Removes staged copies of an interrupted run that never became complete.
  case discardStaged(folder: String)
  /// Removes a file.
  case remove(path: String, seen: ObservedFile, reasons: [String])
  /// Runs a service manager's command.
  case execute(HostCommand)
  /// Runs a command of the user's own; its output is kept.
  case run(HostCommand)
  /// Waits, on the host, until the member answers alone that it is healthy; `restarted`: and was restarted since
  /// this stage began there. Where the service manager says by which command (``ServiceReply/instance``), it is another
  /// instance that answers then; else one whose process started since.
  case awaitHealth(endpoint: NetworkEndpoint, seconds: Int, restarted: Bool, instance: HostCommand? = nil)
  /// Waits until a listener of the member shows this certificate in its handshake; the staged copies of its pair stay
  /// until then. etcd reads its files at every handshake (etcd `pkg/transport/listener.go`).
  case awaitServed(endpoint: NetworkEndpoint, certificate: String)

  /// Whether a running member may stop answering because of it.
  public var isDisruptive: Bool {
    switch self {
    case .execute, .run, .awaitHealth, .awaitServed: true
    default: false
    }
  }
}

/// A file that is written.
public struct FileChange: Sendable, Codable, Hashable {
  /// What should be there.
  public var file: DesiredFile
  /// What was there.
  public var seen: ObservedFile
  /// Whether its content must not be shown.
  public var isSecret: Bool
  /// Of a private key that is there, the SHA-256 of its public key, lower-case hexadecimal; nil where none was read.
  public var seenKey: String?
  /// Why it is written.
  public var reasons: [String]

  /// Makes a change.
  public init(
    file: DesiredFile, seen: ObservedFile, isSecret: Bool = false, seenKey: String? = nil, reasons: [String] = []
  ) {
    self.seenKey = seenKey
    self.file = file
    self.seen = seen
    self.isSecret = isSecret
    self.reasons = reasons
  }

  /// Whether the file is new.
  public var isAddition: Bool { seen.kind == .absent }
}
