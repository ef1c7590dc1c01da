/// What a survey saw of one host. Nothing in it is a secret.
public struct ObservedHost: Sendable, Codable, Hashable {
  /// The host's name.
  public var name: String
  /// The answers to all probes, Core's own and the plugins'.
  public var answers: ProbeAnswers
  /// SHA-256 of the public key of each private key that was found, by path; nil: a file that holds no usable key.
  public var keyFingerprints: [String: String?]
  /// The host key's fingerprint, where the transport has one.
  public var hostKeyFingerprint: String?
  /// How far the host's clock is ahead of the operator's, in seconds; negative: behind. Half the survey's time is
  /// its uncertainty.
  public var clockOffsetSeconds: Double?

  /// Makes a value.
  public init(
    name: String, answers: ProbeAnswers = ProbeAnswers(), keyFingerprints: [String: String?] = [:],
    hostKeyFingerprint: String? = nil, clockOffsetSeconds: Double? = nil
  ) {
    self.name = name
    self.answers = answers
    self.keyFingerprints = keyFingerprints
    self.hostKeyFingerprint = hostKeyFingerprint
    self.clockOffsetSeconds = clockOffsetSeconds
  }

  /// The login user on the host.
  public var user: String? { answers.output(CoreProbes.user)?.trimmed }

  /// `/etc/machine-id`.
  public var machineID: String? { answers.file(CoreProbes.machineIDPath).text?.trimmed }

  /// The addresses and ports that somebody listens on.
  public var listeners: [NetworkEndpoint] {
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { SocketTable.listeners(in: answers.file($0).text ?? "") }
  }

  /// The free space where etcd's data is, or will be, in bytes.
  public var freeBytes: Int? {
    guard let line = answers.output(CoreProbes.freeSpace)?.split(separator: "\n").last else { return nil }
    let fields = line.split(separator: " ", omittingEmptySubsequences: true)
    return fields.count >= 4 ? Int(fields[3]).map { $0 * 1024 } : nil
  }

  /// What the host keeps of the cluster's identity.
  public func record(_ layout: HostLayout) -> MemberRecord? {
    answers.file(layout.memberRecord).content.flatMap(MemberRecord.init(json:))
  }

  /// The certificates that were asked for with keys that are there, and are not issued yet.
  public func pending(_ layout: HostLayout) -> [CertificateRole: PendingRequest] {
    var found: [CertificateRole: PendingRequest] = [:]
    for role in CertificateRole.allCases {
      let key = layout.pendingKey(role)
      guard let content = answers.file(layout.pendingRequest(role)).content,
        let request = PendingRequest(json: content), answers.file(key).kind == .regular,
        case .some(.some(request.publicKeyFingerprint)) = keyFingerprints[key]
      else { continue }
      found[role] = request
    }
    return found
  }

  /// Whether etcd's data folder holds a member's data.
  public func hasData(_ layout: HostLayout) -> Bool { answers.folder(layout.dataFolder + "/member") != nil }
}

extension String {
  /// The text without blanks and line ends around it.
  var trimmed: String {
    var text = Substring(self)
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }
}
