/// Something a plugin must know of a host. All probes of all plugins are answered by one read-only survey.
public enum Probe: Sendable, Codable, Hashable {
  /// Kind, mode, owner and size of a path; and its content when it is a regular file of at most `limit` bytes.
  /// A limit of 0 asks for no content.
  case file(path: String, limit: Int)
  /// Like ``file(path:limit:)``, for a file that holds a secret: the content is kept in wiped memory and is
  /// never printed, saved or handed to a plugin.
  case secretFile(path: String, limit: Int)
  /// The names in a folder, without `.` and `..`.
  case folder(path: String)
  /// The output of a command that changes nothing. The id names the answer.
  case command(id: String, HostCommand)
  /// The answer of an HTTP endpoint of the host's own, asked from the host: status line, headers and body.
  /// For etcd's metrics listener (`/health`, `/metrics`, `/version`); plain HTTP only.
  case http(id: String, host: String, port: UInt16, path: String)
  /// The answer of a member's own client endpoint (etcd's JSON gateway), asked on the host. Where the host has
  /// no program that speaks TLS the answer is ``ProbeAnswer/unavailable(_:)``.
  case etcd(id: String, EtcdProbe)

  /// The key under which the answer is found: a file's path, a folder's path with a slash behind it, or the id. (A
  /// folder may be asked for as a file too, for its mode.)
  public var key: String {
    switch self {
    case .file(let path, _), .secretFile(let path, _): path
    case .folder(let path): path + "/"
    case .command(let id, _), .http(let id, _, _, _), .etcd(let id, _): id
    }
  }
}

/// A request to a member's JSON gateway, made on the member's host.
public struct EtcdProbe: Sendable, Codable, Hashable {
  /// The member's client endpoint.
  public var endpoint: NetworkEndpoint
  /// `/v3/cluster/member/list`, `/v3/maintenance/status`, …
  public var path: String
  /// The request, a JSON text.
  public var body: String
  /// Path of the client certificate on the host.
  public var certificate: String
  /// Path of its key on the host.
  public var key: String
  /// Path of the CA certificate on the host.
  public var authority: String

  /// Makes a request.
  public init(
    endpoint: NetworkEndpoint, path: String, body: String = "{}", certificate: String, key: String, authority: String
  ) {
    self.endpoint = endpoint
    self.path = path
    self.body = body
    self.certificate = certificate
    self.key = key
    self.authority = authority
  }
}

/// A program to run on a host, as an argument vector: values are data, never shell text.
public struct HostCommand: Sendable, Codable, Hashable {
  /// The program and its arguments; none may contain a newline or NUL.
  public var arguments: [String]
  /// How long it may take, in seconds.
  public var timeoutSeconds: Int
  /// What it does, for the plan: `restart kubelet`.
  public var summary: String

  /// Makes a command; the default limit is 30 seconds.
  public init(_ arguments: [String], timeoutSeconds: Int = 30, summary: String = "") {
    self.arguments = arguments
    self.timeoutSeconds = timeoutSeconds
    self.summary = summary.isEmpty ? arguments.joined(separator: " ") : summary
  }
}

/// The answer to one probe.
public enum ProbeAnswer: Sendable, Codable, Hashable {
  /// What is at a path.
  case file(ObservedFile)
  /// The names in a folder, sorted; nil: there is no such folder.
  case folder([String]?)
  /// What a command wrote on its standard output, and how it ended. 127 where the program does not exist.
  case command(status: Int32, output: [UInt8])
  /// What an HTTP endpoint answered: the status code, and the body. A status of 0: nobody listened.
  case http(status: Int, body: [UInt8])
  /// The host cannot answer this probe, and why.
  case unavailable(String)
}

/// The answers of one host to a plugin's probes.
public struct ProbeAnswers: Sendable, Codable, Hashable {
  /// Answers by ``Probe/key``.
  public var byKey: [String: ProbeAnswer]

  /// Makes a collection of answers.
  public init(_ byKey: [String: ProbeAnswer] = [:]) { self.byKey = byKey }

  /// The file at a path; absent where it was not asked for.
  public func file(_ path: String) -> ObservedFile {
    if case .file(let file)? = byKey[path] { return file }
    return .absent
  }

  /// The names in a folder; nil where there is none.
  public func folder(_ path: String) -> [String]? {
    if case .folder(let names)? = byKey[path + "/"] { return names }
    return nil
  }

  /// A command's output as text when it exited with 0; nil otherwise.
  public func output(_ id: String) -> String? {
    guard case .command(0, let bytes)? = byKey[id] else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A command's status and output, whatever the status; nil where it was not run.
  public func command(_ id: String) -> (status: Int32, output: String)? {
    guard case .command(let status, let bytes)? = byKey[id] else { return nil }
    return (status, String(decoding: bytes, as: UTF8.self))
  }

  /// An HTTP answer's status and body.
  public func http(_ id: String) -> (status: Int, body: String)? {
    guard case .http(let status, let body)? = byKey[id] else { return nil }
    return (status, String(decoding: body, as: UTF8.self))
  }
}

/// What was seen at a path.
public struct ObservedFile: Sendable, Codable, Hashable {
  /// What kind of thing is there.
  public enum Kind: String, Sendable, Codable, Hashable {
    /// Nothing.
    case absent
    /// A regular file.
    case regular
    /// A folder.
    case folder
    /// A symbolic link; it is not followed.
    case symlink
    /// Anything else.
    case other
  }

  /// What kind of thing is there.
  public var kind: Kind
  /// Permission bits (`0o600`).
  public var mode: UInt16
  /// Owner.
  public var owner: FileOwner
  /// Bytes.
  public var size: Int
  /// Kind, mode, owner, size, inode and time of change as the host prints them: equal text, unchanged file.
  public var fingerprint: String
  /// The content where it was asked for and small enough. Nil for a secret file, whose content is elsewhere.
  public var content: [UInt8]?

  /// Makes a value.
  public init(
    kind: Kind, mode: UInt16 = 0, owner: FileOwner = .root, size: Int = 0, fingerprint: String = "absent",
    content: [UInt8]? = nil
  ) {
    self.kind = kind
    self.mode = mode
    self.owner = owner
    self.size = size
    self.fingerprint = fingerprint
    self.content = content
  }

  /// Nothing is there.
  public static let absent = ObservedFile(kind: .absent)

  /// The content as text; nil where there is none.
  public var text: String? { content.map { String(decoding: $0, as: UTF8.self) } }
}

/// User and group of a file, by name where the host knows one, else by number.
public struct FileOwner: Sendable, Codable, Hashable, CustomStringConvertible {
  /// The user.
  public var user: String
  /// The group.
  public var group: String

  /// Makes an owner.
  public init(user: String, group: String) {
    self.user = user
    self.group = group
  }

  /// `root:root`.
  public static let root = FileOwner(user: "root", group: "root")

  /// `user:group`.
  public var description: String { "\(user):\(group)" }
}

/// A file that should be on a host.
public struct DesiredFile: Sendable, Codable, Hashable {
  /// Its absolute path on the host.
  public var path: String
  /// Permission bits.
  public var mode: UInt16
  /// Owner; nil: the service manager's ``ServiceReply/owner``.
  public var owner: FileOwner?
  /// What it holds.
  public var content: Content

  /// What a file holds.
  public enum Content: Sendable, Codable, Hashable {
    /// These bytes.
    case bytes([UInt8])
    /// What does not exist yet, by the slot's name (a certificate to be issued, an id that a started member has).
    case slot(String)
  }

  /// Makes a file from text.
  public init(path: String, mode: UInt16, owner: FileOwner? = nil, text: String) {
    self.init(path: path, mode: mode, owner: owner, content: .bytes(Array(text.utf8)))
  }

  /// Makes a file.
  public init(path: String, mode: UInt16, owner: FileOwner? = nil, content: Content) {
    self.path = path
    self.mode = mode
    self.owner = owner
    self.content = content
  }
}
