/// The read-only look at one host: all probes joined into one command.
struct Survey: Sendable {
  /// The probes, without duplicates; of two for one path the larger limit holds.
  let probes: [Probe]

  private let operations: [HostOperation]
  private let keys: [OperationKeys]

  /// Which answers an operation's reply holds.
  private enum OperationKeys {
    case files(secret: Bool, paths: [String])
    case one(String)
    case etcd([String])
  }

  init(_ asked: [Probe]) {
    var order: [String] = []
    var byKey: [String: Probe] = [:]
    for probe in asked {
      guard let known = byKey[probe.key] else {
        order.append(probe.key)
        byKey[probe.key] = probe
        continue
      }
      if probe.limit > known.limit || probe.isSecret {
        byKey[probe.key] = probe.raising(to: max(probe.limit, known.limit))
      }
    }
    let probes = order.compactMap { byKey[$0] }
    self.probes = probes

    var operations: [HostOperation] = []
    var keys: [OperationKeys] = []
    var files: [Int: [String]] = [:]
    var secrets: [Int: [String]] = [:]
    var etcd: [(id: String, probe: EtcdProbe)] = []
    for probe in probes {
      switch probe {
      case .file(let path, let limit): files[limit, default: []].append(path)
      case .secretFile(let path, let limit): secrets[limit, default: []].append(path)
      case .folder(let path):
        operations.append(.folder(path))
        keys.append(.one(probe.key))
      case .command(let id, let command):
        operations.append(.command(command))
        keys.append(.one(id))
      case .http(let id, let host, let port, let path):
        operations.append(.http(host: host, port: port, path: path))
        keys.append(.one(id))
      case .etcd(let id, let probe): etcd.append((id, probe))
      }
    }
    for (group, isSecret) in [(files, false), (secrets, true)] {
      for (limit, paths) in group.sorted(by: { $0.key < $1.key }) {
        operations.append(.files(limit: limit, paths: paths))
        keys.append(.files(secret: isSecret, paths: paths))
      }
    }
    while let first = etcd.first?.probe {
      let same = etcd.filter { $0.probe.sharesConnection(with: first) }
      etcd.removeAll { $0.probe.sharesConnection(with: first) }
      operations.append(.etcd(same.map(\.probe)))
      keys.append(.etcd(same.map(\.id)))
    }
    self.operations = operations
    self.keys = keys
  }

  /// Carries out the survey on one host.
  ///
  /// - Parameters:
  ///   - session: The host's connection.
  ///   - toolkit: Reads private keys, of which only the public key's fingerprint is kept.
  ///   - wallClock: Seconds since 1970 on this side, to compare the host's clock with.
  func observe(
    _ session: HostSession, toolkit: any CertificateToolkit, wallClock: @Sendable () -> Double
  ) async throws -> ObservedHost {
    let before = wallClock()
    var answer = try await session.perform(operations, timeoutSeconds: 120)
    let after = wallClock()
    defer { answer.wipe() }
    var observed = ObservedHost(name: session.host.name, hostKeyFingerprint: session.opened.hostKeyFingerprint)
    var byKey: [String: ProbeAnswer] = [:]
    for (keys, reply) in zip(keys, answer.replies) {
      switch (keys, reply) {
      case (.files(let isSecret, let paths), .files(let found)):
        for path in paths {
          guard let (file, content) = found[path] else {
            byKey[path] = .file(.absent)
            continue
          }
          var seen = file
          if isSecret, let content {
            observed.keyFingerprints[path] = .some(try? toolkit.publicKeyFingerprint(ofKey: answer.secret(content)))
          } else if let content {
            seen.content = answer.content(content)
          }
          byKey[path] = .file(seen)
        }
      case (.one(let key), .folder(let names)): byKey[key] = .folder(names)
      case (.one(let key), .command(let status, let output)): byKey[key] = .command(status: status, output: output)
      case (.one(let key), .http(let raw)): byKey[key] = HTTPAnswer.parse(raw)
      case (.etcd(let ids), .etcd(let answers)):
        for (id, (status, body)) in zip(ids, answers) { byKey[id] = .http(status: status, body: body) }
      case (.etcd(let ids), .unavailable(let why)): for id in ids { byKey[id] = .unavailable(why) }
      case (.one(let key), .unavailable(let why)): byKey[key] = .unavailable(why)
      default: break
      }
    }
    observed.answers = ProbeAnswers(byKey)
    if let text = observed.answers.output(CoreProbes.clock)?.trimmed, let there = Double(text) {
      // The host read its clock early in its program; where in the round trip is unknown, so nothing within it counts.
      observed.clockOffsetSeconds = there < before ? there - before : there > after ? there - after : 0
    }
    return observed
  }
}

extension Probe {
  /// The size up to which content is read; 0 for other probes.
  fileprivate var limit: Int {
    switch self {
    case .file(_, let limit), .secretFile(_, let limit): limit
    default: 0
    }
  }

  fileprivate var isSecret: Bool { if case .secretFile = self { true } else { false } }

  fileprivate func raising(to limit: Int) -> Probe {
    switch self {
    case .file(let path, _): .file(path: path, limit: limit)
    case .secretFile(let path, _): .secretFile(path: path, limit: limit)
    default: self
    }
  }
}

extension EtcdProbe {
  fileprivate func sharesConnection(with other: EtcdProbe) -> Bool {
    endpoint == other.endpoint && certificate == other.certificate && key == other.key && authority == other.authority
  }
}
