internal import CLibSSH2
import Glibc
internal import QuorateCore

/// What was learned while connecting.
struct SSHGreeting: Sendable {
  /// The key that the host proved to have.
  var hostKey: PublicKey
  /// The server's version line.
  var version: String
}

extension SSHConnection {
  /// Connects, checks the host key and logs in.
  ///
  /// - Parameter seconds: How long it may take; time that a human takes to type does not count.
  func open(seconds: Double) async throws(TransportError) -> SSHGreeting {
    connectSeconds = seconds
    var deadline = Deadline(
      seconds: seconds,
      error: TransportError(
        .unreachable, host: name, why: "\(address) did not answer within \(Self.text(seconds)) seconds",
        fix: "see whether the host is up, and whether a firewall drops the connection; `connectTimeout` sets the time"))
    let policy = HostKeyPolicy(
      name: name, endpoint: endpoint, through: jump?.command ?? "", knownHosts: knownHosts.read(),
      firstFile: knownHosts.paths.first ?? "",
      pinned: settings.hostKeys)
    var algorithms = policy.algorithms(supported: SSHLibrary.hostKeyAlgorithms)
    guard !algorithms.isEmpty else { throw policy.unusableTypes(offered: nil) }
    while true {
      let (greeting, offered) = try await shakeHands(policy, algorithms, &deadline)
      guard let rejection = policy.rejection(of: greeting.hostKey) else {
        session?.wire.keysAreExchanged()
        try await logIn(greeting, &deadline)
        isFar = (session?.wire.roundTrip ?? 0) >= SSHConnection.farRoundTrip
        keepAlive()
        prepareSpare()
        return greeting
      }
      // A pinned fingerprint does not say of which type its key is: the host may have it among its other keys.
      drop()
      algorithms.removeAll { PublicKey.shortType($0) == greeting.hostKey.shortType }
      guard !policy.pinned.isEmpty, algorithms.contains(where: offered.contains) else { throw rejection }
    }
  }

  nonisolated var address: String { endpoint.port == 22 ? endpoint.host : "\(endpoint.host) port \(endpoint.port)" }

  private static func text(_ seconds: Double) -> String {
    seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
  }

  // MARK: TCP

  private func connect(_ deadline: Deadline) async throws(TransportError) -> Int32 {
    var rest = try await addresses(deadline)[...]
    var pending: [(descriptor: Int32, watch: EventLoop.Token)] = []
    var problems: [String] = []
    var nextStart: UInt64 = 0
    defer {
      for attempt in pending {
        loop.unwatch(attempt.watch, attempt.descriptor)
        Glibc.close(attempt.descriptor)
      }
    }
    while true {
      for index in pending.indices.reversed() {
        guard let result = Self.result(of: pending[index].descriptor) else { continue }
        let attempt = pending.remove(at: index)
        loop.unwatch(attempt.watch, attempt.descriptor)
        if result == 0 { return attempt.descriptor }
        Glibc.close(attempt.descriptor)
        problems.append(SystemError.text(result))
      }
      // A second address is tried when the first fails, or when it is silent for a quarter of a second (RFC 8305).
      if let address = rest.first, pending.isEmpty || EventLoop.now >= nextStart {
        rest = rest.dropFirst()
        switch begin(address) {
        case .success(let attempt): pending.append(attempt)
        case .failure(let problem): problems.append(problem.text)
        }
        nextStart = EventLoop.now + 250_000_000
        continue
      }
      guard !pending.isEmpty else {
        let why = problems.isEmpty ? "it has no address" : Set(problems).sorted().joined(separator: ", ")
        throw TransportError(
          .unreachable, host: name, why: "cannot connect to \(address): \(why)",
          fix: "see whether the host is up and sshd runs there, and whether its address and port are right")
      }
      let alarm = rest.isEmpty ? nil : wake(after: 0.25)
      defer { if let alarm { loop.cancel(alarm) } }
      try await pause(until: deadline)
    }
  }

  private func addresses(_ deadline: Deadline) async throws(TransportError) -> [NameResolver.Address] {
    lookup = nil
    NameResolver.resolve(endpoint.host, port: endpoint.port) { answer in Task { await self.found(answer) } }
    while true {
      switch lookup {
      case nil: try await pause(until: deadline)
      case .success(let addresses): return addresses
      case .failure(let error):
        throw TransportError(
          .unreachable, host: name, why: "the name \(endpoint.host) was not found: \(error.text)",
          fix: "correct the host's address, or write its IP")
      }
    }
  }

  private func found(_ answer: NameResolver.Answer) {
    lookup = answer
    wake()
  }

  private func begin(
    _ address: NameResolver.Address
  ) -> Result<(descriptor: Int32, watch: EventLoop.Token), NameResolver.LookupError> {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = Glibc.socket(address.family, type, 0)
    guard descriptor >= 0 else { return .failure(.init(text: SystemError.text(errno))) }
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, 4)
    let status = address.bytes.withUnsafeBytes { bytes in
      bytes.baseAddress.map {
        Glibc.connect(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
      } ?? -1
    }
    if status == 0 || errno == EINPROGRESS, let watch = wake(when: descriptor, EPOLLOUT.rawValue) {
      return .success((descriptor, watch))
    }
    let problem = SystemError.text(errno)
    Glibc.close(descriptor)
    return .failure(.init(text: problem))
  }

  /// How connecting went: 0, an `errno`, or nil while it goes on.
  private static func result(of descriptor: Int32) -> Int32? {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&entry, 1, 0) > 0 else { return nil }
    var error: Int32 = 0
    var size = socklen_t(4)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
    return error
  }

  // MARK: Jump hosts

  /// A stream from the last jump host. The time that the jump hosts take is theirs: each has its own limit.
  private func connect(by jump: JumpRoute, _ deadline: inout Deadline) async throws(TransportError) -> Int32 {
    let begin = EventLoop.now
    defer { deadline.extend(by: EventLoop.now - begin) }
    let arrival = JumpArrival()
    Task {
      arrival.take(await jump.stream(to: endpoint, name: name, seconds: connectSeconds))
      wake()
    }
    let patient = Deadline(seconds: nil, error: cancelled)
    do throws(TransportError) {
      while arrival.result == nil { try await pause(until: patient) }
    } catch {
      arrival.abandon()
      throw error
    }
    return try arrival.result?.get() ?? -1
  }

  // MARK: Versions and keys

  private func shakeHands(
    _ policy: HostKeyPolicy, _ algorithms: [String], _ deadline: inout Deadline
  ) async throws(TransportError) -> (SSHGreeting, offered: [String]) {
    let socket: Int32
    if let jump { socket = try await connect(by: jump, &deadline) } else { socket = try await connect(deadline) }
    let wire = Wire(socket: socket)
    guard let session = SSHSession(wire: wire) else {
      throw TransportError(.internal, host: name, why: "\(SSHLibrary.name) cannot be started")
    }
    session.offer(hostKeyTypes: algorithms)
    use(session)
    do throws(TransportError) {
      while true {
        switch session.handshake() {
        case .done:
          guard let blob = session.hostKey, let key = PublicKey(blob) else {
            throw TransportError(.hostKeyRejected, host: name, why: "\(address) showed a host key that is no key")
          }
          let offer = KeyExchangeOffer(wire.beginning)
          return (SSHGreeting(hostKey: key, version: offer?.version ?? ""), offer?.hostKeys ?? [])
        case .again:
          wire.flush()
          if wire.isLost { throw handshakeError(nil, policy, algorithms, wire) }
          try await pause(until: deadline)
        case .failed(let failure):
          throw handshakeError(failure, policy, algorithms, wire)
        }
      }
    } catch {
      // A connection that is lost here was never one: the reason is more than its loss.
      let reason = error.code == .connectionLost ? handshakeError(nil, policy, algorithms, wire) : error
      drop()
      throw reason
    }
  }

  /// What went wrong, told from what the server had said until then.
  private func handshakeError(
    _ failure: SSHFailure?, _ policy: HostKeyPolicy, _ algorithms: [String], _ wire: Wire
  ) -> TransportError {
    guard !wire.beginning.isEmpty else {
      return TransportError(
        .unreachable, host: name, why: "\(address) closed the connection before it said anything",
        fix: "sshd does that when too many log in at once (MaxStartups), or when it does not want this address "
          + "(hosts.deny, PerSourcePenalties): see its log")
    }
    guard KeyExchangeOffer.versionLine(wire.beginning) != nil else {
      let said = HostWords.printable(String(decoding: wire.beginning.prefix(80), as: UTF8.self))
      return TransportError(
        .unreachable, host: name, why: "what answers at \(address) is no SSH server; it said: \(said)",
        fix: "correct the host's ssh port")
    }
    if let offer = KeyExchangeOffer(wire.beginning) {
      if !algorithms.contains(where: offer.hostKeys.contains) {
        let needsRSA = !policy.known.isEmpty && policy.known.allSatisfy { $0.key.type == "ssh-rsa" }
        let hasOther = offer.hostKeys.contains { PublicKey.shortType($0) != "RSA" }
        return needsRSA && hasOther && policy.pinned.isEmpty
          ? policy.unusableTypes(offered: offer.hostKeys)
          : policy.noCommonAlgorithm(offered: offer.hostKeys, asked: algorithms)
      }
      for (kind, what, offered) in [
        (LIBSSH2_METHOD_KEX, "key exchange methods", offer.keyExchange),
        (LIBSSH2_METHOD_CRYPT_CS, "ciphers", offer.ciphers), (LIBSSH2_METHOD_MAC_CS, "MACs", offer.macs),
      ] where !SSHLibrary.names(of: kind).contains(where: offered.contains) {
        return TransportError(
          .unsupported, host: name,
          why:
            "\(SSHLibrary.name) knows none of the \(what) that \(address) offers: \(offered.joined(separator: ", "))",
          fix: "let the host's sshd_config allow one of: \(SSHLibrary.names(of: kind).joined(separator: ", "))")
      }
    }
    if let failure, !failure.isDisconnect {
      let isSignature = failure.code == LIBSSH2_ERROR_HOSTKEY_SIGN
      return TransportError(
        isSignature ? .hostKeyRejected : .unreachable, host: name,
        why: isSignature
          ? "\(address) could not prove that it has the host key it showed"
          : "the key exchange with \(address) failed: \(failure.message)")
    }
    let said = wire.farewell.map { ": \(HostWords.printable($0))" } ?? ""
    return TransportError(
      .unreachable, host: name, why: "\(address) closed the connection during the key exchange\(said)",
      fix: "see the log of sshd on the host")
  }
}
