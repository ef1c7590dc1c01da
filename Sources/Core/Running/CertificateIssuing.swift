/// The operator's side of a stage: keys are made here, or taken from where they wait; requests go to the issuer; its
/// answers are checked.
struct CertificateIssuing {
  let plan: Plan
  let settings: ClusterRun.Settings
  let sessions: [String: HostSession]
  let issuer: any CertIssuer
  /// The issuer's name in the configuration.
  let issuerName: String

  /// How a stage's issuing ended.
  struct Outcome: Sendable {
    /// Why the stage cannot go on; empty: every certificate is there.
    var failures: [RunFailure] = []
    /// What is awaited, by order.
    var pending: [(order: CertificateOrder, request: PendingRequest)] = []
  }

  /// A certificate's key and request, on their way through a run.
  private struct Order {
    var order: CertificateOrder
    var pair: KeyAndRequest
    var request: IssueRequest
    var answer: Answer?
  }

  /// What became of a request.
  private enum Answer {
    case issued(chain: [[UInt8]], certificate: [UInt8])
    case pending(token: String, awaiting: String)
    case failed(RunFailure)
  }

  /// Fills the slots of a stage's certificates, and of the CA where it is made or brought.
  ///
  /// Where the issuer does not issue all of them at once, the slots of what must be kept on hosts are filled instead.
  func fill(_ slots: inout SlotValues, stage: Stage) async throws -> Outcome {
    let now = Instant(secondsSinceEpoch: Int64(settings.wallClock()))
    guard let release = plan.spec.kubernetesVersion.flatMap(KubernetesRelease.init) else { return Outcome() }
    // Keys need nothing of the CA: where they are slow to make (RSA), they are made while its own is.
    let fresh = stage.certificates.filter { $0.pending == nil }
    async let made = settings.toolkit.makeKeys(for: fresh.map(\.profile))
    async let kept = PendingKeys(sessions: sessions, toolkit: settings.toolkit).read(stage.certificates)
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
    guard !stage.certificates.isEmpty else { return Outcome() }
    let parsed = try settings.toolkit.parse(certificate: authority.certificate)
    let validity = LeafValidity(
      release: release, now: now, validitySeconds: plan.spec.certificates.validitySeconds,
      authorityNotBefore: parsed.notBefore, authorityNotAfter: parsed.notAfter)
    var pairs = Dictionary(zip(fresh.map(\.id), try await made)) { $1 }
    pairs.merge(try await kept) { $1 }
    var orders = stage.certificates.compactMap { order in
      pairs[order.id].map { pair in
        Order(
          order: order, pair: pair,
          request: IssueRequest(
            id: order.id, csr: pair.csr, profile: order.profile, notBefore: validity.notBefore,
            notAfter: validity.notAfter, token: order.pending.flatMap { $0.issuer == issuerName ? $0.token : nil }))
      }
    }
    // What was issued to an earlier run, and waited for the others of its stage.
    for index in orders.indices {
      guard let chain = orders[index].order.pending?.chain, !chain.isEmpty,
        let certificate = try? settings.toolkit.verify(
          chain: chain, against: orders[index].request, authority: authority.certificate)
      else { continue }
      orders[index].answer = .issued(chain: chain, certificate: certificate)
    }
    try await ask(&orders, signing)
    return conclude(orders, &slots, now)
  }

  /// How long the issuer is left alone before it is asked a second and a third time for what it refused for now.
  private static let pauses: [Duration] = [.zero, .seconds(1), .seconds(5)]

  /// The most bytes of a token.
  private static let longestToken = 8_192

  /// Asks the issuer for what has no answer yet; what it refused for now is asked for again, three times in all.
  private func ask(_ orders: inout [Order], _ authority: AuthorityMaterial) async throws {
    var last: [String: String] = [:]
    for pause in Self.pauses {
      let open = orders.filter { $0.answer == nil }.map(\.request)
      guard !open.isEmpty else { return }
      if pause > .zero { try await Task.sleep(for: pause) }
      let replies = try await issuer.issue(IssueBatch(authority: authority, requests: open))
      for index in orders.indices where orders[index].answer == nil {
        let request = orders[index].request
        switch replies.first(where: { $0.id == request.id })?.answer {
        case .issued(let chain)?: orders[index].answer = checked(chain, request, authority)
        case .refused(let why, true)?: last[request.id] = why
        case .refused(let why, false)?:
          orders[index].answer = .failed(
            refusal(request, why, "correct what the issuer objects to, then run the same command again"))
        case .pending(let token, _)? where token.utf8.count > Self.longestToken:
          orders[index].answer = .failed(
            RunFailure(
              code: "issuer.failed", what: "the issuer's token for \(request.id) is too long to be kept",
              why: "it has \(token.utf8.count) bytes; \(Self.longestToken) is the most",
              fix: "report this to the plugin's author"))
        case .pending(let token, let awaiting)?:
          orders[index].answer = .pending(token: token, awaiting: awaiting)
        case nil:
          orders[index].answer = .failed(
            RunFailure(
              code: "issuer.silent", what: "the issuer did not answer the request \(request.id)",
              why: "it answered \(replies.count) of \(open.count) requests", fix: "report this to the plugin's author"))
        }
      }
    }
    for index in orders.indices where orders[index].answer == nil {
      let request = orders[index].request
      orders[index].answer = .failed(refusal(request, last[request.id] ?? "", "run the same command again later"))
    }
  }

  private func refusal(_ request: IssueRequest, _ why: String, _ fix: String) -> RunFailure {
    RunFailure(
      code: "issuer.refused", what: "the issuer refuses the certificate \(request.id)", why: why, fix: fix)
  }

  private func checked(_ chain: [[UInt8]], _ request: IssueRequest, _ authority: AuthorityMaterial) -> Answer {
    do throws(PluginError) {
      return .issued(
        chain: chain,
        certificate: try settings.toolkit.verify(chain: chain, against: request, authority: authority.certificate))
    } catch {
      return .failed(
        RunFailure(
          code: "issuer.failed", what: "the certificates cannot be issued (\(error.plugin))", why: error.why,
          fix: error.fix))
    }
  }

  /// Fills slots: of every certificate; or, where one is pending, of what is kept until it is issued.
  private func conclude(_ orders: [Order], _ slots: inout SlotValues, _ now: Instant) -> Outcome {
    var outcome = Outcome()
    for order in orders { if case .failed(let failure) = order.answer { outcome.failures.append(failure) } }
    let waits = orders.contains { if case .pending = $0.answer { true } else { false } }
    for each in orders {
      let order = each.order
      var (token, awaiting, chain) = (each.request.token, "", [[UInt8]]())
      switch each.answer {
      case .issued(let issued, let certificate):
        slots.set(order.keySlot, each.pair.key)
        slots.set(order.certificateSlot, certificate)
        chain = issued
      case .pending(let own, let reason): (token, awaiting) = (own, reason)
      case .failed, nil: continue
      }
      guard waits, let fingerprint = try? settings.toolkit.publicKeyFingerprint(ofKey: each.pair.key) else { continue }
      let request = PendingRequest(
        csr: each.pair.csr, publicKeyFingerprint: fingerprint, profile: order.profile, issuer: issuerName, token: token,
        awaiting: awaiting, since: order.pending?.since ?? now, chain: chain)
      if chain.isEmpty { outcome.pending.append((order, request)) }
      guard request != order.pending else { continue }
      if order.pending == nil { slots.set(order.pendingKeySlot, each.pair.key) }
      slots.set(order.pendingSlot, request.json)
    }
    if waits { outcome.failures.append(Self.waiting(outcome.pending)) }
    return outcome
  }

  /// What is awaited, those that await the same in one line.
  private static func waiting(_ pending: [(order: CertificateOrder, request: PendingRequest)]) -> RunFailure {
    var groups: [(awaiting: String, orders: [String])] = []
    for (order, request) in pending {
      if let index = groups.firstIndex(where: { $0.awaiting == request.awaiting }) {
        groups[index].orders.append(order.id)
      } else {
        groups.append((request.awaiting, [order.id]))
      }
    }
    return RunFailure(
      code: "issuer.pending",
      what: pending.count == 1 ? "1 certificate is not issued yet" : "\(pending.count) certificates are not issued yet",
      why: groups.map { "\($0.orders.joined(separator: ", ")): awaiting \($0.awaiting)" }.joined(separator: "\n"),
      fix: "run the same command again when they are; it goes on with the keys that wait on their hosts")
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
