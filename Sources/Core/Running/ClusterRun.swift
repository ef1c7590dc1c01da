/// One run against a cluster: connections, survey, plan, execution. It is made for a run and closed at its end.
///
/// The order of calls is ``connect()``, ``survey()``, ``plan(_:survey:)``, ``execute(_:)``, ``close()``; a run that only looks
/// stops before ``execute(_:)``.
public actor ClusterRun {
  /// What a run is given.
  public struct Settings: Sendable {
    /// What the user wants.
    public var spec: ClusterSpec
    /// Who does it.
    public var plugins: PluginSet
    /// Makes etcd clients on this side, for hosts that have no program that speaks TLS.
    public var etcdClients: EtcdClientFactory
    /// Keys and certificates.
    public var toolkit: any CertificateToolkit
    /// Seconds since 1970, as this machine's clock has it.
    public var wallClock: @Sendable () -> Double
    /// Who runs this, for the lock: user, machine, process, since when.
    public var holder: String
    /// Whether a cluster of one or two members may be interrupted.
    public var acceptsDowntime: Bool
    /// How long one attempt to connect may take, in seconds; nil: what the transport's own setting says.
    public var connectSeconds: Double?
    /// Takes what happens.
    public var report: @Sendable (RunEvent) -> Void

    /// Makes settings.
    public init(
      spec: ClusterSpec, plugins: PluginSet, toolkit: any CertificateToolkit, etcdClients: @escaping EtcdClientFactory,
      wallClock: @escaping @Sendable () -> Double,
      holder: String, acceptsDowntime: Bool = false, connectSeconds: Double? = nil,
      report: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) {
      self.spec = spec
      self.plugins = plugins
      self.toolkit = toolkit
      self.etcdClients = etcdClients
      self.wallClock = wallClock
      self.holder = holder
      self.acceptsDowntime = acceptsDowntime
      self.connectSeconds = connectSeconds
      self.report = report
    }
  }

  /// What the run was given; the specification's version is filled in once the hosts were asked for it.
  private(set) var settings: Settings
  private(set) var sessions: [String: HostSession] = [:]
  private var locks: [HostLock] = []

  /// Makes a run; nothing is connected yet.
  public init(_ settings: Settings) { self.settings = settings }

  // MARK: connections

  /// Connects to hosts, all at once.
  ///
  /// - Parameter hosts: Which ones, also such that are not the cluster's; nil: all of the cluster's.
  /// - Returns: A failure for each host that could not be reached.
  public func connect(to hosts: [HostSpec]? = nil) async -> [RunFailure] {
    let opened = await open(settings.plugins.transport, to: hosts ?? settings.spec.hosts)
    for case .success(let session) in opened { sessions[session.host.name] = session }
    return opened.failures()
  }

  private func open(_ transport: any Transport, to hosts: [HostSpec]) async -> [Result<HostSession, RunFailure>] {
    let timeout = settings.connectSeconds
    return await forEachHost(hosts) { host -> Result<HostSession, RunFailure> in
      do {
        let request = OpenRequest(name: host.name, endpoint: host.endpoint, timeoutSeconds: timeout)
        return .success(HostSession(host: host, transport: transport, opened: try await transport.open(request)))
      } catch { return .failure(RunFailure(error, doing: "connect to", host: host)) }
    }
  }

  /// Takes the lock on every host: on the first by name alone, so that of two operators one wins, then on the others.
  ///
  /// - Throws: ``RunFailure`` with the code `run.locked` that names the holder.
  public func lock() async throws(RunFailure) {
    let start = settings.wallClock()
    let ordered = sessions.values.sorted { $0.host.name < $1.host.name }
    let holder = settings.holder
    var taken: [HostLock] = []
    var failures: [RunFailure] = []
    for group in [ordered.prefix(1), ordered.dropFirst()] where failures.isEmpty {
      let results = await forEachHost(group.map(\.host)) { [sessions] host -> Result<HostLock, RunFailure> in
        guard let session = sessions[host.name] else { return .failure(RunFailure.notConnected(host)) }
        do { return .success(try await HostLock.take(session, holder: holder)) } catch let held as HostLock.Held {
          return .failure(
            RunFailure(
              host: host.name, code: "run.locked", what: "another run holds the lock on \(host.name)",
              why: held.holder.isEmpty ? "it does not say who it is" : held.holder,
              fix: "wait until it has ended; the lock goes with its connection"))
        } catch { return .failure(RunFailure(error, doing: "take the lock on", host: host)) }
      }
      for case .success(let lock) in results { taken.append(lock) }
      failures += results.failures()
    }
    locks += taken
    if let first = failures.first {
      await unlock()
      throw first
    }
    settings.report(.locked(seconds: settings.wallClock() - start))
  }

  private func unlock() async {
    let held = locks
    locks = []
    await withTaskGroup(of: Void.self) { group in
      for lock in held { group.addTask { await lock.release() } }
    }
  }

  /// Gives the locks back and closes every connection.
  public func close() async {
    await unlock()
    for session in sessions.values { await session.transport.close(session.opened.connection) }
    sessions = [:]
    await settings.plugins.transport.shutdown()
  }

  /// Takes the version that the hosts' kubeadm say.
  func resolve(_ version: Version) { settings.spec.kubernetesVersion = version }

  /// The open connection to a host.
  func session(of host: String) -> HostSession? { sessions[host] }

  // MARK: execution

  /// Checks, on all hosts at once and before anything is changed, that what a plan replaces is as it was seen.
  ///
  /// - Returns: A failure for each host that has changed.
  public func check(_ plan: Plan) async -> [RunFailure] {
    await forEachHost(plan.spec.hosts) { [sessions] host -> Result<Void, RunFailure> in
      guard let session = sessions[host.name] else { return .failure(RunFailure.notConnected(host)) }
      let expected = plan.steps(for: host.name).flatMap { $0.steps.expectations }
      guard !expected.isEmpty else { return .success(()) }
      do {
        _ = try await session.perform([.expect(expected)], timeoutSeconds: 60)
        return .success(())
      } catch {
        var failure = RunFailure(error, doing: "carry out the plan on", host: host)
        if failure.code == "host.expect" {
          failure.code = "host.changed"
          failure.fix = "make a new plan: quorate plan"
        }
        return .failure(failure)
      }
    }.failures()
  }

  /// Carries out a plan, under the locks of all hosts.
  ///
  /// - Parameters:
  ///   - plan: The plan; without an error among its findings.
  ///   - stop: Asked between steps whether the user wants to stop.
  ///   - overrides: What single stages use instead of the run's own plugins. Their connections are made before anything is
  ///     changed, and closed at the end.
  ///   - earlier: What the first part ended with: the commands that follow the look at the members' health are carried
  ///     out then.
  public func execute(
    _ plan: Plan, stop: StopSignal, overrides: [Stage.ID: StageOverride] = [:], after earlier: RunReport? = nil
  ) async -> RunReport {
    var overrides = overrides
    var failures: [RunFailure] = []
    for stage in plan.stages where stage.followsHealth == (earlier != nil) {
      guard let transport = overrides[stage.id]?.transport else { continue }
      let opened = await open(
        transport, to: plan.spec.hosts.filter { host in stage.hosts.contains { $0.host == host.name } })
      for case .success(let session) in opened { overrides[stage.id]?.sessions[session.host.name] = session }
      failures += opened.failures()
    }
    let report =
      failures.isEmpty
      ? await PlanExecution(plan: plan, settings: settings, sessions: sessions, stop: stop, overrides: overrides).run(
        after: earlier)
      : RunReport(outcome: .failed, failures: failures, untouchedHosts: plan.spec.hosts.map(\.name))
    for own in overrides.values {
      for session in own.sessions.values { await session.transport.close(session.opened.connection) }
      await own.transport?.shutdown()
    }
    return report
  }
}

/// Carries out a call for every host at once; the results are in the hosts' order.
func forEachHost<Value: Sendable>(
  _ hosts: [HostSpec], _ call: @escaping @Sendable (HostSpec) async -> Result<Value, RunFailure>
) async -> [Result<Value, RunFailure>] {
  await withTaskGroup(of: (Int, Result<Value, RunFailure>).self) { group in
    for (index, host) in hosts.enumerated() { group.addTask { (index, await call(host)) } }
    var results: [(Int, Result<Value, RunFailure>)] = []
    for await result in group { results.append(result) }
    return results.sorted { $0.0 < $1.0 }.map(\.1)
  }
}

extension Sequence {
  /// The failures among results.
  func failures<Value>() -> [RunFailure] where Element == Result<Value, RunFailure> {
    compactMap { if case .failure(let failure) = $0 { failure } else { nil } }
  }
}

extension RunFailure {
  /// A failure from what a connection or the program on a host threw.
  init(_ error: any Error, doing action: String, host: HostSpec, stage: Stage.ID? = nil) {
    switch error {
    case let error as TransportError:
      let place = "\(host.name) (\(host.endpoint.host):\(host.endpoint.port))"
      self.init(
        host: host.name, stage: stage, code: "transport.\(error.code.rawValue)", what: "cannot \(action) \(place)",
        why: error.why, fix: error.fix)
    case let error as HostProgramError:
      self.init(
        host: host.name, stage: stage, code: "host.\(error.operation)", what: "cannot \(action) \(host.name)",
        why: error.operation == "expect" ? ChangedFiles.described(error.why) : error.why)
    case let error as RunFailure: self = error
    default:
      self.init(
        host: host.name, stage: stage, code: "run.internal", what: "cannot \(action) \(host.name)", why: "\(error)")
    }
  }

  static func notConnected(_ host: HostSpec) -> RunFailure {
    RunFailure(
      host: host.name, code: "transport.unreachable", what: "\(host.name) is not connected",
      why: "an earlier attempt failed")
  }
}
