import Testing

@testable import QuorateCore

@Suite struct PlannerTests {
  @Test func `Fresh hosts are founded together and hardened one at a time`() {
    let plan = Planner(input()).bootstrap()
    #expect(plan.stages.map(\.id) == [.service, .files, .founding, .hardening])
    #expect(plan.stages.map(\.after) == [[], [], [.service, .files], [.founding]])
    for stage in plan.stages.dropLast() { #expect(stage.rollout == .together) }
    #expect(plan.stages.last?.rollout == .oneAtATime(gate: GateRule()))
    #expect(plan.stages.allSatisfy { $0.hosts.map(\.host) == ["a", "b", "c"] })
  }

  @Test func `No manifest is written before every host has its certificates and the token`() throws {
    let plan = Planner(input()).bootstrap()
    let writers = plan.stages.filter { stage in
      stage.hosts.contains { $0.steps.contains { $0.writes("/etc/kubernetes/manifests/etcd.yaml") } }
    }
    #expect(writers.map(\.id) == [.founding, .hardening])
    let founding = try #require(writers.first)
    #expect(founding.after.contains(.files))
    let files = try #require(plan.stages.first { $0.id == .files })
    for host in files.hosts { #expect(host.steps.contains { $0.writes("/etc/kubernetes/quorate/member.json") }) }
  }

  @Test func `The CA's key is written to the first host and to no other`() {
    let plan = Planner(input()).bootstrap()
    let holders = plan.stages.flatMap(\.hosts).filter {
      $0.steps.contains { $0.writes("/etc/kubernetes/pki/etcd/ca.key") }
    }
    #expect(holders.map(\.host) == ["a"])
  }

  @Test func `A key and its certificate are written one right after the other`() throws {
    let plan = Planner(input()).bootstrap()
    for host in try #require(plan.stages.first { $0.id == .files }).hosts {
      let paths = host.steps.compactMap { if case .write(let change) = $0 { change.file.path } else { nil } }
      for role in CertificateRole.allCases {
        let layout = HostLayout()
        let index = try #require(paths.firstIndex(of: layout.key(role)))
        #expect(paths[index + 1] == layout.certificate(role))
      }
    }
  }

  @Test func `What is right already is not written again`() {
    let plan = Planner(input(isFounded: true)).bootstrap()
    #expect(plan.isEmpty)
    #expect(plan.alreadyRight["b"]?.contains("/etc/kubernetes/manifests/etcd.yaml") == true)
  }

  @Test func `A change to members that run goes one at a time behind the gate`() {
    var changed = input(isFounded: true)
    changed.hosts[1].observed.answers.byKey["/etc/kubernetes/manifests/etcd.yaml"] = .file(seen("other"))
    let plan = Planner(changed).bootstrap()
    #expect(plan.stages.map(\.id) == [.update])
    #expect(plan.stages.first?.rollout == .oneAtATime(gate: GateRule()))
    #expect(plan.stages.first?.hosts.map(\.host) == ["b"])
    #expect(
      plan.stages.first?.hosts.first?.steps.last
        == .awaitHealth(endpoint: host("b").metricsEndpoint, seconds: 180, restarted: true))
  }

  @Test(arguments: ["# mine\nexisting manifest", "existing manifest  \n\n", "existing manifest"], [true, false])
  func `A manifest that means what it should is put right, and nobody waits for a restart`(
    _ text: String, hardeningRestarts: Bool
  ) {
    var changed = input(isFounded: true)
    changed.hosts[1].service.hardeningRestarts = hardeningRestarts
    changed.hosts[1].service.restart = [HostCommand(["restart"])]
    let path = host("b").layout.staticPodManifest
    changed.hosts[1].observed.answers.byKey[path] = .file(seen(text, mode: text == "existing manifest" ? 0o644 : 0o600))
    let steps = Planner(changed).bootstrap().steps(for: "b").flatMap(\.steps)
    #expect(steps.contains { $0.writes(path) || $0.setsAttributes(of: path) })
    #expect(!steps.contains(.execute(HostCommand(["restart"]))))
    #expect(
      steps.last == .awaitHealth(endpoint: host("b").metricsEndpoint, seconds: 180, restarted: false))
  }

  @Test(arguments: [true, false])
  func `A manifest that is left in the founding's state restarts a member only where writing it does so`(
    _ hardeningRestarts: Bool
  ) {
    var changed = input(isFounded: true)
    changed.hosts[1].service.hardeningRestarts = hardeningRestarts
    changed.hosts[1].observed.answers.byKey[host("b").layout.staticPodManifest] = .file(seen("new manifest"))
    let steps = Planner(changed).bootstrap().steps(for: "b").flatMap(\.steps)
    #expect(
      steps.last
        == .awaitHealth(endpoint: host("b").metricsEndpoint, seconds: 180, restarted: hardeningRestarts))
  }

  @Test func `A file whose mode alone is wrong is not written anew`() {
    var changed = input(isFounded: true)
    changed.hosts[2].observed.answers.byKey["/etc/kubernetes/kubeadmcfg.yaml"] = .file(
      seen("existing configuration", mode: 0o644))
    let steps = Planner(changed).bootstrap().steps(for: "c").flatMap(\.steps)
    guard case .setAttributes(let path, 0o600, .some(.root), _, let reasons)? = steps.first else {
      Issue.record("\(steps)")
      return
    }
    #expect(path == "/etc/kubernetes/kubeadmcfg.yaml")
    #expect(reasons == ["mode is 0644, not 0600"])
  }

  @Test func `Members that are all down are started together, since none could pass a gate`() {
    var down = input(isFounded: true)
    for index in down.hosts.indices {
      down.hosts[index].isHealthy = false
      down.hosts[index].service.needsStart = true
      down.hosts[index].service.start = [HostCommand(["start"])]
    }
    let plan = Planner(down).bootstrap()
    #expect(plan.stages.map(\.id) == [.starting])
    #expect(plan.stages.first?.rollout == .together)
  }

  @Test func `What an interrupted run left staged is finished before anything else is planned`() {
    var left = input()
    left.hosts[0].observed.answers.byKey["/etc/kubernetes/quorate/staged-files/"] = .folder(["0", "1", "list", "ready"])
    left.hosts[1].observed.answers.byKey["/etc/kubernetes/quorate/staged-files/"] = .folder(["0", "list"])
    let plan = Planner(left).bootstrap()
    #expect(plan.onlyResumes)
    #expect(plan.steps(for: "a").flatMap(\.steps) == [.resumeStaged(folder: "/etc/kubernetes/quorate/staged-files")])
    #expect(plan.steps(for: "b").flatMap(\.steps) == [.discardStaged(folder: "/etc/kubernetes/quorate/staged-files")])
  }

  @Test(arguments: [true, false])
  func `A record that an interrupted run left without ids gets those that the members tell`(_ answers: Bool) throws {
    var left = input(isFounded: true)
    let path = host("b").layout.memberRecord
    let record = MemberRecord(cluster: "prod", member: "b", token: "t0", serviceManager: "s")
    left.hosts[1].observed.answers.byKey[path] = .file(seen(String(decoding: record.json, as: UTF8.self)))
    left.identity.clusterID = "a1"
    if answers {
      let list = """
        {"header":{"cluster_id":"161","member_id":"1"},"members":[{"ID":"1","name":"a","peerURLs":["\(host("a").peerURL)"]},\
        {"ID":"2","name":"b","peerURLs":["\(host("b").peerURL)"]}]}
        """
      left.hosts[0].observed.answers.byKey["etcd:/v3/cluster/member/list"] = .http(status: 200, body: Array(list.utf8))
    }
    let writes = Planner(left).bootstrap().stages.flatMap(\.hosts).flatMap(\.steps).compactMap { step in
      if case .write(let change) = step { change.file } else { nil }
    }
    guard answers else {
      #expect(writes.isEmpty)
      return
    }
    let file = try #require(writes.first)
    #expect(writes.count == 1 && file.path == path)
    guard case .bytes(let bytes) = file.content else {
      Issue.record("nothing fills \(file.content) in a run that founds nothing")
      return
    }
    #expect(MemberRecord(json: bytes)?.clusterID == "a1")
    #expect(MemberRecord(json: bytes)?.memberID == "2")
  }

  @Test func `Files that belong to a user who does not exist yet wait for what makes that user`() throws {
    var fresh = input()
    for index in fresh.hosts.indices {
      fresh.hosts[index].service.memberOwner = FileOwner(user: "etcd", group: "etcd")
      fresh.hosts[index].service.makesMemberOwner = true
      fresh.hosts[index].service.needsActivation = true
    }
    let files = try #require(Planner(fresh).bootstrap().stages.first { $0.id == .files })
    #expect(files.after == [.service])
    for host in fresh.hosts.indices { fresh.hosts[host].service.makesMemberOwner = false }
    #expect(Planner(fresh).bootstrap().stages.first { $0.id == .files }?.after == [])
  }

  @Test func `The member's user owns what etcd reads and its data, and nothing else`() {
    var fresh = input()
    let etcd = FileOwner(user: "etcd", group: "etcd")
    for index in fresh.hosts.indices { fresh.hosts[index].service.memberOwner = etcd }
    let layout = HostLayout()
    let steps = Planner(fresh).bootstrap().stages.flatMap(\.hosts).flatMap(\.steps)
    for step in steps {
      switch step {
      case .write(let change):
        let isMembers = [CertificateRole.server, .peer].contains {
          [layout.key($0), layout.certificate($0)].contains(change.file.path)
        }
        #expect(change.file.owner == (isMembers ? etcd : .root), "\(change.file.path)")
      case .makeFolder(let path, _, let owner): #expect(owner == (path == layout.dataFolder ? etcd : .root), "\(path)")
      default: break
      }
    }
  }

  @Test func `A record that does not name its service manager gets the name`() throws {
    var old = input(isFounded: true)
    let path = host("b").layout.memberRecord
    let record = MemberRecord(cluster: "prod", member: "b", token: "t0", clusterID: "1", memberID: "2")
    old.hosts[1].observed.answers.byKey[path] = .file(seen(String(decoding: record.json, as: UTF8.self)))
    let steps = Planner(old).bootstrap().stages.flatMap(\.hosts).flatMap(\.steps)
    let written = steps.compactMap { step in if case .write(let change) = step { change.file } else { nil } }
    #expect(written.map(\.path) == [path])
    guard case .bytes(let bytes)? = written.first?.content else { return }
    #expect(MemberRecord(json: bytes)?.serviceManager == "s")
  }

  @Test func `A plan for some of the hosts is no plan`() {
    var none = input()
    none.hosts = []
    #expect(Planner(none).bootstrap().isEmpty)
  }

  @Test func `A certificate that must be made anew is ordered with its reasons, key and certificate together`() {
    var wrong = input(isFounded: true)
    wrong.hosts[1].pairs[0].renewal = ["SAN lacks 10.0.0.2"]
    let plan = Planner(wrong).bootstrap()
    #expect(plan.stages.first?.certificates.map(\.id) == ["b/server"])
    let steps = plan.steps(for: "b").flatMap(\.steps)
    #expect(steps.contains { $0.writes("/etc/kubernetes/pki/etcd/server.key") })
    #expect(steps.contains { $0.writes("/etc/kubernetes/pki/etcd/server.crt") })
    #expect(!steps.contains { $0.writes("/etc/kubernetes/pki/etcd/peer.crt") })
    #expect(
      steps.last
        == .awaitServed(endpoint: host("b").clientEndpoint, certificate: "/etc/kubernetes/pki/etcd/server.crt"))
  }

  @Test func `Copies of a running member's pair are removed after it was seen to show what they hold`() {
    var left = input(isFounded: true)
    let folder = "/etc/kubernetes/quorate/staged-update"
    left.hosts[1].observed.answers.byKey[folder + "/"] = .folder(["0", "1", "list", "ready"])
    let steps = Planner(left).bootstrap().steps(for: "b").flatMap(\.steps)
    #expect(
      steps == [
        .resumeStaged(folder: folder),
        .awaitServed(endpoint: host("b").clientEndpoint, certificate: "/etc/kubernetes/pki/etcd/server.crt"),
        .awaitServed(endpoint: host("b").peerEndpoint, certificate: "/etc/kubernetes/pki/etcd/peer.crt"),
        .discardStaged(folder: folder),
      ])
  }

  private func pending(_ input: inout PlanInput, _ host: Int, _ role: CertificateRole) -> PendingRequest {
    let index = input.hosts[host].pairs.firstIndex { $0.role == role } ?? 0
    let layout = input.hosts[host].host.layout
    let request = PendingRequest(
      csr: [1, 2, 3], publicKeyFingerprint: "f", profile: input.hosts[host].pairs[index].profile, issuer: "i",
      token: "t", awaiting: "the security team", since: Instant(secondsSinceEpoch: 1))
    input.hosts[host].pairs[index].pending = request
    input.hosts[host].observed.answers.byKey[layout.pendingKey(role)] = .file(seen("waiting key"))
    input.hosts[host].observed.answers.byKey[layout.pendingRequest(role)] = .file(
      seen(String(decoding: request.json, as: UTF8.self)))
    return request
  }

  @Test func `What waits for its certificate is ordered with its request, and removed when that is in place`() throws {
    var waiting = input()
    let request = pending(&waiting, 1, .peer)
    let stage = try #require(Planner(waiting).bootstrap().stages.first { $0.id == .files })
    #expect(stage.certificates.compactMap(\.pending) == [request])
    let steps = try #require(stage.hosts.first { $0.host == "b" }).steps
    let removed = steps.suffix(2).compactMap { step in
      if case .remove(let path, _, ["when the certificate is in place"]) = step { path } else { nil }
    }
    #expect(removed == ["/etc/kubernetes/quorate/pending/peer.key", "/etc/kubernetes/quorate/pending/peer.json"])
    let write = steps.first { $0.writes("/etc/kubernetes/pki/etcd/peer.crt") }
    guard case .write(let change)? = write else { throw Unexpected() }
    #expect(change.reasons == ["awaits the security team"])
  }

  @Test func `What is kept where an issuer does not issue at once is part of the plan, with a CA that is new`() throws {
    let stage = try #require(Planner(input()).bootstrap().stages.first { $0.id == .files })
    #expect(stage.keeping.map(\.host) == ["a", "b", "c"])
    for host in stage.keeping {
      let changes = host.steps.compactMap { if case .write(let change) = $0 { change } else { nil } }
      #expect(changes.allSatisfy { change in if case .slot = change.file.content { true } else { false } })
      let keys = changes.filter { $0.file.path.hasSuffix("pending/server.key") }
      #expect(keys.count == 1 && keys.allSatisfy { $0.file.mode == 0o600 && $0.isSecret })
      #expect(changes.contains { $0.file.path == "/etc/kubernetes/pki/etcd/ca.key" } == (host.host == "a"))
      #expect(
        host.steps.contains(.makeFolder(path: "/etc/kubernetes/quorate/pending", mode: 0o700, owner: .root)))
    }
  }

  @Test func `What waits for something that is not wanted any more is removed`() throws {
    var stale = input(isFounded: true)
    _ = pending(&stale, 2, .server)
    let plan = Planner(stale).bootstrap()
    #expect(plan.stages.map(\.id) == [.update] && plan.stages.allSatisfy { $0.certificates.isEmpty })
    let removed = plan.steps(for: "c").flatMap(\.steps).compactMap { step in
      if case .remove(let path, _, ["no longer what is wanted"]) = step { path } else { nil }
    }
    #expect(removed == ["/etc/kubernetes/quorate/pending/server.key", "/etc/kubernetes/quorate/pending/server.json"])
    #expect(plan.steps(for: "a").isEmpty)
  }

  private struct Unexpected: Error {}

  @Test func `A plan survives being saved, and holds no content of a key`() throws {
    let plan = Planner(input()).bootstrap()
    let data = try JSONCoding.encode(plan)
    #expect(try JSONCoding.decode(Plan.self, from: data) == plan)
  }

  // MARK: inputs

  private func host(_ name: String) -> HostSpec {
    let number = ["a": 1, "b": 2, "c": 3][name] ?? 9
    return HostSpec(name: name, address: IPAddress("10.0.0.\(number)") ?? .loopbackV4)
  }

  private func seen(_ text: String, mode: UInt16 = 0o600) -> ObservedFile {
    ObservedFile(kind: .regular, mode: mode, size: text.utf8.count, fingerprint: text, content: Array(text.utf8))
  }

  func input(isFounded: Bool = false) -> PlanInput {
    let hosts = ["a", "b", "c"].map(host)
    let spec = ClusterSpec(
      name: "prod", kubernetesVersion: Version(1, 20, 2), hosts: hosts, transport: PluginChoice("t"),
      issuer: PluginChoice("i"), serviceManager: PluginChoice("s"), manifestWriter: PluginChoice("m"))
    var records: [String: MemberRecord] = [:]
    if isFounded {
      for host in hosts {
        records[host.name] = MemberRecord(
          cluster: "prod", member: host.name, token: "t0", clusterID: "1", memberID: "2", serviceManager: "s")
      }
    }
    return PlanInput(
      spec: spec, identity: ClusterIdentity(spec: spec, records: records, newToken: "t0"),
      authority: isFounded ? .existing(certificate: Array("ca".utf8), key: .host("a", path: "/ca.key")) : .new,
      hosts: hosts.map { hostInput($0, isFounded: isFounded, record: records[$0.name]) }, findings: [],
      now: Instant(secondsSinceEpoch: 0), acceptsDowntime: false)
  }

  private func hostInput(_ host: HostSpec, isFounded: Bool, record: MemberRecord?) -> HostInput {
    let layout = host.layout
    func manifests(_ phase: String) -> ManifestReply {
      ManifestReply(
        configuration: [DesiredFile(path: layout.kubeadmConfiguration, mode: 0o600, text: "\(phase) configuration")],
        manifest: [DesiredFile(path: layout.staticPodManifest, mode: 0o600, text: "\(phase) manifest")])
    }
    var answers = ProbeAnswers()
    if isFounded {
      answers.byKey[layout.kubeadmConfiguration] = .file(seen("existing configuration"))
      answers.byKey[layout.staticPodManifest] = .file(seen("existing manifest"))
      answers.byKey["/unit"] = .file(seen("unit", mode: 0o644))
      answers.byKey[layout.authorityCertificate] = .file(seen("ca", mode: 0o644))
      answers.byKey[layout.authorityKey] = .file(seen("key"))
      if let record { answers.byKey[layout.memberRecord] = .file(seen(String(decoding: record.json, as: UTF8.self))) }
    }
    return HostInput(
      host: host, observed: ObservedHost(name: host.name, answers: answers),
      service: ServiceReply(
        files: [DesiredFile(path: "/unit", mode: 0o644, text: "unit")], activation: [HostCommand(["reload"])]),
      founding: manifests("new"), existing: manifests("existing"),
      pairs: CertificateRole.allCases.map { role in
        PairState(
          role: role,
          profile: CertificateProfile(commonName: host.name, isServer: true, isClient: true, keyAlgorithm: .ecdsaP256),
          renewal: isFounded ? [] : ["missing"], attributes: [:])
      },
      isHealthy: isFounded)
  }
}

extension Step {
  fileprivate func setsAttributes(of path: String) -> Bool {
    if case .setAttributes(path, _, _, _, _) = self { true } else { false }
  }

  fileprivate func writes(_ path: String) -> Bool {
    if case .write(let change) = self { change.file.path == path } else { false }
  }
}
