import QuorateCore
import QuorateTesting
import SystemdKubelet
import Testing

@Suite struct SystemdKubeletTests {
  private static let dropIn = "/etc/systemd/system/kubelet.service.d/20-etcd-service-manager.conf"

  private func reply(
    _ host: KubeletHostAnswers = KubeletHostAnswers(), settings: [String: SettingsValue] = [:],
    member: MemberContext? = MemberFixture.member()
  ) async throws -> ServiceReply {
    try await SystemdKubelet(settings: .object(settings)).service(for: #require(member), answers: host.answers)
  }

  private func text(_ reply: ServiceReply, _ path: String) throws -> String {
    let file = try #require(reply.files.first { $0.path == path })
    guard case .bytes(let bytes) = file.content else { throw CancellationError() }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: [
    ("  sandbox_image = \"k8s.gcr.io/pause:3.2\"\n", "k8s.gcr.io/pause:3.2"),
    (
      "[plugins.'io.containerd.cri.v1.images'.pinned_images]\n  sandbox = 'registry.k8s.io/pause:3.10'\n",
      "registry.k8s.io/pause:3.10"
    ),
    ("# sandbox_image = \"mine\"\nsandboxer = 'podsandbox'\n", "k8s.gcr.io/pause:3.2"),
    ("sandbox_image = \"a\u{1B}[2Jb\"\n", "k8s.gcr.io/pause:3.2"), ("", "k8s.gcr.io/pause:3.2"),
  ])
  func `The sandbox's image is the one of containerd's configuration, else kubeadm's`(
    _ containerd: String, _ image: String
  ) async throws {
    var host = KubeletHostAnswers()
    host.containerd = containerd
    #expect(try await reply(host).images == [image])
  }

  @Test func `It keeps the contract of service managers`() async throws {
    let suite = ServiceManagerConformance(try SystemdKubelet()) { _ in KubeletHostAnswers().answers }
    #expect(try await suite.violations() == [])
  }

  @Test func `A kubelet of 1.20 is configured by a file, and told its runtime by flags`() async throws {
    let reply = try await reply()
    #expect(reply.findings == [])
    let dropIn = try text(reply, Self.dropIn)
    #expect(
      dropIn.hasSuffix(
        """
        ExecStart=
        ExecStart=/usr/bin/kubelet --config=/etc/kubernetes/quorate/kubelet.yaml --container-runtime=remote \
        --container-runtime-endpoint=unix:///run/containerd/containerd.sock
        Restart=always

        """))
    #expect(
      try text(reply, "/etc/kubernetes/quorate/kubelet.yaml").hasSuffix(
        """
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        address: 127.0.0.1
        authentication:
          anonymous:
            enabled: false
          webhook:
            enabled: false
        authorization:
          mode: AlwaysAllow
        cgroupDriver: systemd
        readOnlyPort: 0
        staticPodPath: /etc/kubernetes/manifests

        """))
    #expect(reply.files.allSatisfy { $0.mode == 0o644 })
  }

  @Test func `Since 1.27 the runtime stands in the file`() async throws {
    var host = KubeletHostAnswers()
    host.version = "1.27.4"
    let reply = try await reply(host)
    #expect(
      try text(reply, Self.dropIn).contains(
        "ExecStart=/usr/bin/kubelet --config=/etc/kubernetes/quorate/kubelet.yaml\n"))
    let file = try text(reply, "/etc/kubernetes/quorate/kubelet.yaml")
    #expect(file.contains("containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n"))
    #expect(reply.findings.map(\.code) == ["kubelet.version"])
  }

  @Test(arguments: [
    (
      "1.14.0",
      "/usr/bin/kubelet --address=127.0.0.1 --pod-manifest-path=/etc/kubernetes/manifests --allow-privileged=true"
    ),
    (
      "1.20.2",
      "/usr/bin/kubelet --address=127.0.0.1 --pod-manifest-path=/etc/kubernetes/manifests --cgroup-driver=systemd "
        + "--container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock"
    ),
    ("1.28.0", "/usr/bin/kubelet --config=/etc/systemd/system/kubelet.service.d/kubelet.conf"),
  ])
  func `The guide's form is the guide's for each version`(_ version: String, _ command: String) async throws {
    var host = KubeletHostAnswers()
    host.version = version
    let reply = try await reply(host, settings: ["form": .string("guide")])
    let dropIn = try text(reply, Self.dropIn)
    #expect(dropIn.hasSuffix("[Service]\nExecStart=\nExecStart=\(command)\nRestart=always\n"))
    let configuration = "/etc/systemd/system/kubelet.service.d/kubelet.conf"
    #expect(reply.files.contains { $0.path == configuration } == (version == "1.28.0"))
    if version == "1.28.0" {
      let text = try text(reply, configuration)
      #expect(text.contains("address: 127.0.0.1\ncontainerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n"))
    }
  }

  @Test func `A kubelet that runs as it should is left alone`() async throws {
    var host = KubeletHostAnswers()
    let first = try await reply(host)
    #expect(first.needsActivation)
    let dropIn = try text(first, Self.dropIn)
    let command = try #require(dropIn.split(separator: "\n").last { $0.hasPrefix("ExecStart=/") }).dropFirst(10)
    let mark = try #require(dropIn.split(separator: "\"").first { $0.hasPrefix("QUORATE_KUBELET_CONFIG=") })
    host.unit = host.unit.replacing("activating", with: "active")
    host.process = command.split(separator: " ").joined(separator: "\n") + "\n\n" + mark + "\n"
    #expect(try await !reply(host).needsActivation)
    // Another configuration: the process still has the old one.
    #expect(try await reply(host, settings: ["failSwapOn": .boolean(false)]).needsActivation)
    host.process = command.split(separator: " ").joined(separator: "\n") + "\n\n"
    #expect(try await reply(host).needsActivation)
    host.process = "/usr/bin/kubelet\n--v=2\n\n" + mark + "\n"
    #expect(try await reply(host).needsActivation)
  }

  @Test func `Activation reloads, reads back what will be started, and does not wait for the kubelet`() async throws {
    let commands = try await reply().activation
    #expect(
      commands.map(\.summary) == [
        "reload systemd's units", "check what kubelet.service starts", "restart kubelet",
      ])
    #expect(commands.last?.arguments == ["systemctl", "restart", "--no-block", "kubelet.service"])
    var host = KubeletHostAnswers()
    host.unit = host.unit.replacing("UnitFileState=enabled", with: "UnitFileState=disabled")
      .replacing("activating", with: "failed")
    #expect(
      try await reply(host).activation.map(\.summary) == [
        "reload systemd's units", "check what kubelet.service starts", "enable kubelet", "forget kubelet's failures",
        "restart kubelet",
      ])
  }

  @Test func `Environment is quoted for systemd`() async throws {
    let settings: [String: SettingsValue] = [
      "environment": .object([
        "AWS_EC2_METADATA_DISABLED": .string("true"), "NO_PROXY": .string("a b\"%h\\"),
      ])
    ]
    let dropIn = try text(try await reply(settings: settings), Self.dropIn)
    #expect(
      dropIn.contains("Environment=\"AWS_EC2_METADATA_DISABLED=true\"\nEnvironment=\"NO_PROXY=a b\\\"%%h\\\\\"\n"))
  }

  @Test(arguments: [
    ["form": SettingsValue.string("mine")], ["cgroupDriver": .string("x")], ["kubelet": .string("kubelet")],
    ["kubelet": .string("/usr/bin/kubelet --x")], ["runtimeEndpoint": .string("/run/x.sock")],
    ["runtimeEndpoint": .string("unix:///run/x.sock\nExecStart=/bin/sh")],
    ["environment": .object(["A B": .string("")])],
    ["environment": .object(["A": .string("x\nExecStart=/bin/sh")])],
  ])
  func `A setting that could not stand in a unit file is refused`(_ settings: [String: SettingsValue]) {
    let error = #expect(throws: PluginError.self) { try SystemdKubelet(settings: .object(settings)) }
    #expect(error?.setting == settings.keys.first)
  }
}
