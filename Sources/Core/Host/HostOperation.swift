/// One operation of the program on a host; `program.sh` documents what each does there.
enum HostOperation: Sendable {
  /// What is at these paths; the content of regular files of at most `limit` bytes.
  case files(limit: Int, paths: [String])
  /// The names in a folder.
  case folder(String)
  /// Runs a command that changes nothing.
  case command(HostCommand)
  /// GET from a plain HTTP listener of the host.
  case http(host: String, port: UInt16, path: String)
  /// Requests to a member with one client pair, on one connection. All have the same endpoint and pair.
  case etcd([EtcdProbe])
  /// Holds the lock until the input ends.
  case lock(file: String, holder: String)
  /// Checks that the run holds the lock.
  case holding(file: String, holder: String)
  /// Checks that paths are as they were seen.
  case expect([(path: String, seen: ObservedFile)])
  /// Prepares a folder for staged files.
  case stage(String)
  /// Makes a folder, or sets its mode.
  case makeFolder(path: String, mode: UInt16, owner: FileOwner?)
  /// Stages a file.
  case put(index: Int, path: String, mode: UInt16, owner: FileOwner?, content: InputPart, count: Int)
  /// Renames what is staged into place.
  case commit(stage: String, keep: Bool)
  /// Finishes an interrupted `commit` from its staged copies.
  case resume(stage: String, keep: Bool)
  /// Removes staged copies; `onlyIfSeen`: unless a ``served(_:certificate:seconds:)`` before could not be answered here.
  case discard(stage: String, onlyIfSeen: Bool)
  /// Sets mode and owner.
  case setAttributes(path: String, mode: UInt16, owner: FileOwner?)
  /// Removes a file.
  case remove(String)
  /// Runs a command; a status other than 0 ends the program.
  case execute(HostCommand)
  /// Imports an archive of container images by a runtime's own program.
  case importImages(ImageStore.Program, archive: InputPart, count: Int)
  /// Remembers which instance of the member runs: what the command prints, or since when its process runs.
  case mark(NetworkEndpoint, instance: HostCommand? = nil)
  /// Waits until the member answers alone that it is healthy; `restarted`: another one than was marked.
  case await(NetworkEndpoint, seconds: Int, restarted: Bool, instance: HostCommand? = nil)
  /// Waits until who listens there shows this certificate; the key is beside it.
  case served(NetworkEndpoint, certificate: String, seconds: Int)

  /// The operation's name, its arguments, and the bytes that follow it.
  var wire: (name: String, arguments: [String], data: InputPart?) {
    switch self {
    case .files(let limit, let paths): ("files", ["\(limit)"] + paths, nil)
    case .folder(let path): ("folder", [path], nil)
    case .command(let command): ("command", ["\(command.timeoutSeconds)"] + command.arguments, nil)
    case .http(let host, let port, let path): ("http", [host, "\(port)", path], nil)
    case .etcd(let probes):
      (
        "etcd",
        (probes.first.map { ["\($0.endpoint)", $0.certificate, $0.key, $0.authority] } ?? [])
          + probes.flatMap { [$0.path, $0.body] }, nil
      )
    case .lock(let file, let holder): ("lock", [file, holder], nil)
    case .holding(let file, let holder): ("holding", [file, holder], nil)
    case .expect(let files):
      (
        "expect",
        ["\(files.count)"] + files.map(\.path)
          + files.compactMap { $0.seen.kind == .absent ? nil : $0.seen.fingerprint }, nil
      )
    case .stage(let folder): ("stage", [folder], nil)
    case .makeFolder(let path, let mode, let owner): ("makefolder", [path, octal(mode), ownerText(owner)], nil)
    case .put(let index, let path, let mode, let owner, let content, let count):
      // A file is created with at most 0666.
      (
        "put", ["\(index)", "\(count)", octal(mode), octal(0o666 & ~mode), ownerText(owner), path],
        count == 0 ? nil : content
      )
    case .commit(let stage, let keep): ("commit", [stage, keep ? "keep" : "clear"], nil)
    case .resume(let stage, let keep): ("resume", [stage, keep ? "keep" : "clear"], nil)
    case .discard(let stage, let onlyIfSeen): ("discard", [stage, onlyIfSeen ? "seen" : "always"], nil)
    case .setAttributes(let path, let mode, let owner): ("setattributes", [octal(mode), ownerText(owner), path], nil)
    case .remove(let path): ("remove", [path], nil)
    case .execute(let command): ("execute", ["\(command.timeoutSeconds)"] + command.arguments, nil)
    case .importImages(let program, let archive, let count):
      ("import", ["\(count)", program.rawValue], archive)
    case .mark(let endpoint, let instance):
      ("mark", [endpoint.address.description, "\(endpoint.port)"] + (instance?.arguments ?? []), nil)
    case .await(let endpoint, let seconds, let restarted, let instance):
      (
        "await",
        [endpoint.address.description, "\(endpoint.port)", "\(seconds)", restarted ? "restarted" : "any"]
          + (instance?.arguments ?? []), nil
      )
    case .served(let endpoint, let certificate, let seconds):
      ("served", ["\(endpoint)", certificate, "\(seconds)"], nil)
    }
  }

  private func octal(_ mode: UInt16) -> String { "0" + String(mode, radix: 8) }

  private func ownerText(_ owner: FileOwner?) -> String { owner.map { "\($0)" } ?? "-" }
}

extension [HostOperation] {
  /// The standard input that carries these operations.
  ///
  /// - Throws: ``HostProgramError`` when an argument cannot travel as a line: nothing is sent then.
  func input(nonce: String, host: String) throws(HostProgramError) -> [InputPart] {
    var parts: [InputPart] = []
    var bytes = HostProgram.envelope(nonce: nonce)
    for (index, operation) in enumerated() {
      let (name, arguments, data) = operation.wire
      for argument in arguments where argument.utf8.contains(where: { $0 == 0 || $0 == 10 }) {
        throw HostProgramError(
          host: host, operation: name, index: index,
          why: "a value holds a line break or NUL and cannot be sent: \(argument.debugDescription)")
      }
      bytes += [UInt8]("\(name)\n\(arguments.count)\n".utf8)
      for argument in arguments { bytes += [UInt8](argument.utf8) + [10] }
      switch data {
      case .bytes(let content)?: bytes += content
      case let other?:
        parts += [.bytes(bytes), other]
        bytes = []
      case nil: break
      }
    }
    return parts + [.bytes(bytes + [UInt8]("end\n".utf8))]
  }
}

/// Why the program on a host did not do all it was asked.
public struct HostProgramError: Error, Sendable, Hashable {
  /// The host's name.
  public var host: String
  /// The operation that failed, by its name.
  public var operation: String
  /// Its index in the request, from 0: everything before it was done.
  public var index: Int
  /// What happened.
  public var why: String

  /// Makes an error.
  public init(host: String, operation: String, index: Int, why: String) {
    self.host = host
    self.operation = operation
    self.index = index
    self.why = why
  }
}
