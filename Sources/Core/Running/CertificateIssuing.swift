/// The operator's side of a stage: keys are made here, requests go to the issuer, its answers are checked.
struct CertificateIssuing {
  let plan: Plan
  let settings: ClusterRun.Settings
  let sessions: [String: HostSession]
  let issuer: any CertIssuer

  /// Fills the slots of a stage's certificates, and of the CA where it is made or brought.
  func fill(_ slots: inout SlotValues, stage: Stage) async throws {
    let now = Instant(secondsSinceEpoch: Int64(settings.wallClock()))
    guard let release = plan.spec.kubernetesVersion.flatMap(KubernetesRelease.init) else { return }
    // Keys need nothing of the CA: where they are slow to make (RSA), they are made while its own is.
    async let made = settings.toolkit.makeKeys(for: stage.certificates.map(\.profile))
    let existing = try await existingAuthority()
    let reply = try await issuer.authority(
      AuthorityRequest(
        existing: existing,
        profile: .kubeadm(
          release, keyAlgorithm: plan.spec.certificates.keyAlgorithm, now: now,
          validitySeconds: plan.spec.authority.validitySeconds)))
    let authority = reply.material
    if reply.isNew { try keep(authority) }
    // An issuer answers with the key of a CA that it made; of one that exists, the key is the one it was given.
    let signing = AuthorityMaterial(certificate: authority.certificate, key: authority.key ?? existing?.key)
    slots.set(Slot.authorityCertificate, authority.certificate)
    if let key = authority.key { slots.set(Slot.authorityKey, key) }
    guard !stage.certificates.isEmpty else { return }
    let parsed = try settings.toolkit.parse(certificate: authority.certificate)
    let keys = try await made
    let validity = LeafValidity(
      release: release, now: now, validitySeconds: plan.spec.certificates.validitySeconds,
      authorityNotBefore: parsed.notBefore, authorityNotAfter: parsed.notAfter)
    let requests = zip(stage.certificates, keys).map { order, pair in
      IssueRequest(
        id: order.id, csr: pair.csr, profile: order.profile, notBefore: validity.notBefore, notAfter: validity.notAfter)
    }
    let chains = try await issue(requests, from: signing)
    for ((order, pair), request) in zip(zip(stage.certificates, keys), requests) {
      guard let chain = chains[order.id] else { continue }
      let certificate = try settings.toolkit.verify(chain: chain, against: request, authority: authority.certificate)
      slots.set(order.keySlot, pair.key)
      slots.set(order.certificateSlot, certificate)
    }
  }

  /// How long the issuer is left alone before it is asked a second and a third time for what it refused for now.
  private static let pauses: [Duration] = [.zero, .seconds(1), .seconds(5)]

  /// Asks the issuer; what it refused for now is asked for again, three times in all.
  private func issue(_ requests: [IssueRequest], from authority: AuthorityMaterial) async throws -> [String: [[UInt8]]]
  {
    var chains: [String: [[UInt8]]] = [:]
    var open = requests
    var last: [String: String] = [:]
    for pause in Self.pauses where !open.isEmpty {
      if pause > .zero { try await Task.sleep(for: pause) }
      let replies = try await issuer.issue(IssueBatch(authority: authority, requests: open))
      var next: [IssueRequest] = []
      for request in open {
        switch replies.first(where: { $0.id == request.id })?.answer {
        case .issued(let chain)?: chains[request.id] = chain
        case .refused(let why, true)?:
          last[request.id] = why
          next.append(request)
        case .refused(let why, false)?:
          throw RunFailure(
            code: "issuer.refused", what: "the issuer refuses the certificate \(request.id)", why: why,
            fix: "correct what the issuer objects to, then run the same command again")
        case .pending(_, let awaiting)?:
          throw RunFailure(
            code: "issuer.pending", what: "the certificate \(request.id) is not issued yet",
            why: "awaiting \(awaiting)",
            fix: "run the same command again when it is")
        case nil:
          throw RunFailure(
            code: "issuer.silent", what: "the issuer did not answer the request \(request.id)",
            why: "it answered \(replies.count) of \(open.count) requests", fix: "report this to the plugin's author")
        }
      }
      open = next
    }
    if let request = open.first {
      throw RunFailure(
        code: "issuer.refused", what: "the issuer refuses the certificate \(request.id)", why: last[request.id] ?? "",
        fix: "run the same command again later")
    }
    return chains
  }

  /// The CA that exists, with its key where it is needed and not the issuer's own.
  private func existingAuthority() async throws -> AuthorityMaterial? {
    guard case .existing(let certificate, let source) = plan.authority else { return nil }
    switch source {
    case .issuer: return AuthorityMaterial(certificate: certificate)
    case .operatorFile(""):
      let first = plan.spec.hosts.first
      throw RunFailure(
        host: first?.name, code: "ca.key-missing", what: "the CA's key is not on \(first?.name ?? "the first host")",
        why: "certificates must be issued, and only the CA's key can sign them",
        fix: "put it at \(first?.layout.authorityKey ?? ""), or name its file by ca.key")
    case .operatorFile(let path):
      return AuthorityMaterial(certificate: certificate, key: try OperatorFiles().readSecret(path))
    case .host(let name, let path):
      guard let session = sessions[name] else {
        throw RunFailure(
          host: name, code: "transport.unreachable", what: "cannot read the CA's key", why: "\(name) is not connected")
      }
      var answer = try await session.perform(
        [.files(limit: CoreProbes.fileLimit, paths: [path])], timeoutSeconds: 30)
      defer { answer.wipe() }
      guard case .files(let found)? = answer.replies.first, let content = found[path]?.content
      else {
        throw RunFailure(
          host: name, code: "ca.key-missing", what: "cannot read the CA's key on \(name)",
          why: "\(path) is not readable",
          fix: "check the file, and that the login may become root")
      }
      return AuthorityMaterial(certificate: certificate, key: answer.secret(content))
    }
  }

  /// Puts a new CA's files on this machine where the configuration keeps them here.
  private func keep(_ authority: AuthorityMaterial) throws {
    let spec = plan.spec.authority
    guard spec.keyAt == .operator, let keyFile = spec.keyFile, let key = authority.key else { return }
    let files = OperatorFiles()
    try files.write(key, to: keyFile, mode: 0o600)
    if let certificateFile = spec.certificateFile {
      try files.write(SecretBytes(authority.certificate), to: certificateFile, mode: 0o644)
    }
  }
}

extension RunFailure {
  /// A failure from what happened while certificates were issued.
  init(issuing error: any Error, stage: Stage.ID) {
    switch error {
    case let failure as RunFailure:
      self = failure
      self.stage = stage
    case let error as PluginError:
      self.init(
        stage: stage, code: "issuer.failed", what: "the certificates cannot be issued (\(error.plugin))",
        why: error.why,
        fix: error.fix)
    case let error as TransportError:
      self.init(
        host: error.host, stage: stage, code: "transport.\(error.code.rawValue)",
        what: "cannot read the CA's key on \(error.host)",
        why: error.why, fix: error.fix)
    default: self.init(stage: stage, code: "run.internal", what: "the certificates cannot be issued", why: "\(error)")
    }
  }
}
