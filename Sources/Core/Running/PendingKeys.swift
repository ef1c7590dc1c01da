/// The keys that wait on their hosts for their certificates.
struct PendingKeys {
  let sessions: [String: HostSession]
  let toolkit: any CertificateToolkit

  /// Reads the keys of orders that were asked for earlier, by the orders' ids, each host in one command.
  ///
  /// - Returns: Each with the request that was made with it, which is checked to be Quorate's own: whoever could write
  ///   on the host must not be able to have another one signed.
  /// - Throws: ``RunFailure`` when one cannot be read, or does not fit.
  func read(_ orders: [CertificateOrder]) async throws(RunFailure) -> [String: KeyAndRequest] {
    let pending = orders.filter { $0.pending != nil }
    guard !pending.isEmpty else { return [:] }
    let names = Set(pending.map(\.host))
    let hosts = sessions.values.map(\.host).filter { names.contains($0.name) }
    if let missing = names.subtracting(hosts.map(\.name)).min() {
      throw RunFailure(
        host: missing, code: "transport.unreachable", what: "cannot read the keys that wait on \(missing)",
        why: "\(missing) is not connected")
    }
    let results = await forEachHost(hosts) { [self] host -> Result<[String: KeyAndRequest], RunFailure> in
      guard let session = sessions[host.name] else { return .failure(RunFailure.notConnected(host)) }
      do { return .success(try await read(pending.filter { $0.host == host.name }, session)) } catch {
        return .failure(RunFailure(error, doing: "read the keys that wait on", host: host))
      }
    }
    if let failure = results.failures().first { throw failure }
    var pairs: [String: KeyAndRequest] = [:]
    for case .success(let own) in results { pairs.merge(own) { $1 } }
    return pairs
  }

  private func read(_ orders: [CertificateOrder], _ session: HostSession) async throws -> [String: KeyAndRequest] {
    let layout = session.host.layout
    var answer = try await session.perform(
      [.files(limit: CoreProbes.fileLimit, paths: orders.map { layout.pendingKey($0.role) })], timeoutSeconds: 60)
    defer { answer.wipe() }
    guard case .files(let found)? = answer.replies.first else { return [:] }
    var pairs: [String: KeyAndRequest] = [:]
    for order in orders {
      let path = layout.pendingKey(order.role)
      guard let request = order.pending, let range = found[path]?.content else {
        throw RunFailure(
          host: session.host.name, code: "host.changed", what: "\(path) is not there any more",
          why: "the plan was made when it was", fix: "run the same command again")
      }
      let key = answer.secret(range)
      guard toolkit.isRequest(request.csr, for: order.profile, madeWith: key) else {
        throw RunFailure(
          host: session.host.name, code: "pending.damaged",
          what: "the request for \(order.role.rawValue) that waits on \(session.host.name) is not Quorate's",
          why: "\(layout.pendingRequest(order.role)) asks for something else than Quorate does, or with another key",
          fix: "find out who changed it; remove it and \(path), then run the same command again: it asks anew")
      }
      pairs[order.id] = KeyAndRequest(key: key, csr: request.csr)
    }
    return pairs
  }
}
