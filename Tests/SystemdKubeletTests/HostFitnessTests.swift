import QuorateCore
import QuorateTesting
import SystemdKubelet
import Testing

/// Which hosts are refused, and what they are told.
@Suite struct HostFitnessTests {
  private func codes(
    _ settings: [String: SettingsValue] = [:], member: MemberContext? = MemberFixture.member(),
    _ change: (inout KubeletHostAnswers) -> Void
  ) async throws -> [String] {
    var host = KubeletHostAnswers()
    change(&host)
    let reply = try await SystemdKubelet(settings: .object(settings))
      .service(for: #require(member), answers: host.answers)
    return reply.findings.map { "\($0.severity.rawValue) \($0.code)" }
  }

  @Test func `A node of a Kubernetes cluster is refused`() async throws {
    for path in ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/bootstrap-kubelet.conf"] {
      #expect(try await codes { $0.files[path] = "" } == ["error host.kubernetes-node"])
    }
    #expect(
      try await codes { $0.process = "/usr/bin/kubelet\n\nkubeconfig=/var/lib/kubelet/kubeconfig\n" }
        == ["error host.kubernetes-node"])
  }

  @Test func `A host with other static pods, or with copies of etcd's, is refused`() async throws {
    #expect(
      try await codes { $0.manifests = ["etcd.yaml", "kube-apiserver.yaml"] } == ["error host.other-static-pods"])
    #expect(try await codes { $0.manifests = ["etcd.yaml.bak"] } == ["error host.other-static-pods"])
    #expect(try await codes { $0.manifests = ["etcd.yaml", ".etcd.yaml.swp"] } == [])
    #expect(try await codes { $0.manifests = nil } == [])
  }

  @Test func `A host without systemd, unit, kubelet or runtime is refused`() async throws {
    #expect(try await codes { $0.unit = "" } == ["error host.no-systemd"])
    #expect(try await codes { $0.unit = "LoadState=not-found\n" } == ["error host.no-kubelet"])
    #expect(try await codes { $0.unit = "LoadState=masked\n" } == ["error host.kubelet-masked"])
    #expect(try await codes { $0.version = "?" } == ["error host.no-kubelet"])
    #expect(try await codes { $0.sockets = [] } == ["error host.no-runtime"])
    #expect(
      try await codes(["runtimeEndpoint": .string("unix:///run/other.sock")]) { _ in } == ["error host.no-runtime"])
  }

  @Test func `Swap, cgroup v1 and a later drop-in are refused where they stop the kubelet`() async throws {
    let swap = "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n"
    #expect(try await codes { $0.swaps = swap } == ["error host.swap"])
    #expect(try await codes(["failSwapOn": .boolean(false)]) { $0.swaps = swap } == [])
    #expect(try await codes { $0.hasCgroupV2 = false } == [])
    #expect(
      try await codes {
        $0.hasCgroupV2 = false
        $0.version = "1.35.0"
      } == ["error host.cgroup-v1", "warning kubelet.version"])
    #expect(
      try await codes {
        $0.unitText += "\n# /etc/systemd/system/kubelet.service.d/99-site.conf\n[Service]\nExecStart=\nExecStart=/x\n"
      } == ["error host.drop-in-wins"])
    #expect(
      try await codes {
        $0.unitText += "\n# /etc/systemd/system/kubelet.service.d/99-site.conf\n[Service]\nRestart=no\n"
      } == [])
  }

  @Test func `A missing image is a warning, and silence about it is none`() async throws {
    #expect(try await codes { $0.image = "" } == ["warning host.no-image"])
    #expect(try await codes { $0.image = nil } == [])
  }

  @Test func `A folder as root is refused`() async throws {
    let member = MemberFixture.member { host, _ in host.root = "/srv/x" }
    #expect(try await codes(member: member) { _ in } == ["error host.root"])
  }

  @Test func `Broken answers never crash, and never let a host pass as fit that has no kubelet`() async throws {
    let member = try #require(MemberFixture.member())
    let good = KubeletHostAnswers().answers
    let plugin = try SystemdKubelet()
    var state: UInt64 = 7
    func random(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<3_000 {
      var answers = good
      for (key, answer) in good.byKey {
        guard case .command(let status, var output) = answer, !output.isEmpty else { continue }
        for _ in 0..<random(below: 4) { output[random(below: output.count)] = UInt8(random(below: 256)) }
        if random(below: 8) == 0 { output.removeLast(random(below: output.count)) }
        answers.byKey[key] = .command(status: status, output: output)
      }
      let reply = try await plugin.service(for: member, answers: answers)
      #expect(!reply.files.isEmpty || reply.findings.contains { $0.severity == .error })
    }
  }

  private func driver(
    _ settings: [String: SettingsValue] = [:], _ change: (inout KubeletHostAnswers) -> Void
  ) async throws -> String {
    var host = KubeletHostAnswers()
    change(&host)
    let reply = try await SystemdKubelet(settings: .object(settings))
      .service(for: #require(MemberFixture.member()), answers: host.answers)
    let text = reply.files.compactMap { file -> String? in
      guard case .bytes(let bytes) = file.content else { return nil }
      return String(decoding: bytes, as: UTF8.self)
    }.joined()
    let lines = text.split(separator: "\n").filter {
      $0.hasPrefix("cgroupDriver:") || $0.hasPrefix("ExecStart=/")
    }
    let endpoint = lines.last?.split(separator: " ").last?.split(separator: "=").last ?? ""
    return "\(lines.first?.split(separator: " ").last ?? "") \(endpoint)"
  }

  @Test func `The runtime and its cgroup driver are found`() async throws {
    let containerd = "unix:///run/containerd/containerd.sock"
    #expect(try await driver { _ in } == "systemd \(containerd)")
    #expect(try await driver { $0.containerd = "  # SystemdCgroup = true\n" } == "cgroupfs \(containerd)")
    #expect(try await driver { $0.containerd = "SystemdCgroup = false" } == "cgroupfs \(containerd)")
    #expect(
      try await driver {
        $0.containerd = nil
        $0.files["/etc/containerd/config.toml"] = "\tSystemdCgroup=true # yes\n"
      } == "systemd \(containerd)")
    #expect(try await driver { $0.sockets = ["/run/crio/crio.sock"] } == "systemd unix:///run/crio/crio.sock")
    let docker = ["/run/containerd/containerd.sock", "/run/cri-dockerd.sock"]
    #expect(
      try await driver {
        $0.sockets = docker
        $0.containerd = "# disabled_plugins = []\ndisabled_plugins = [\"cri\"]\n"
        $0.hasCgroupV2 = false
      } == "cgroupfs unix:///run/cri-dockerd.sock")
    #expect(try await driver(["cgroupDriver": .string("cgroupfs")]) { _ in } == "cgroupfs \(containerd)")
  }
}
