import Glibc
import ProcessSupervisor
import QuorateCore
import QuorateTesting
import Testing

/// One member below a folder of its own, as `process` and a unit file with plain HTTP have it.
struct SupervisedMember {
  /// The real etcd; nil: there is none.
  static let etcd: String? = ["/usr/bin/etcd", "/usr/local/bin/etcd"].first { access($0, X_OK) == 0 }

  let member: MemberContext
  let reply: ServiceReply
  let unit: String
  let folder: String
  let dataFolder: String
  private let root: String

  /// Makes the folder and the files; starts nothing.
  init(extra: [String] = [], binary: String? = SupervisedMember.etcd) async throws {
    let made = await LocalProgram.run(["mktemp", "-d", "/tmp/quorate process-XXXXXX"])
    let root = String(made.text.prefix { $0 != "\n" })
    try #require(made.status == 0 && !root.isEmpty)
    self.root = root
    let ports = try Self.freePorts(3)
    let member = try #require(
      MemberFixture.member(addresses: ["127.0.0.1"]) { host, _ in
        host.root = root
        host.ports = MemberPorts(client: ports[0], peer: ports[1], metrics: ports[2])
      })
    self.member = member
    let plugin = ProcessSupervisor()
    let answers = await Self.answers(to: try await plugin.probes(for: member))
    reply = try await plugin.service(for: member, answers: answers)
    unit = member.host.layout.memberUnit
    folder = member.host.layout.quorateFolder
    dataFolder = member.host.layout.dataFolder
    for file in reply.files {
      guard case .bytes(let bytes) = file.content else { continue }
      try await Self.write(bytes, to: file.path)
    }
    let client = "http://127.0.0.1:\(ports[0])"
    let peer = "http://127.0.0.1:\(ports[1])"
    let arguments =
      [
        "--name=infra0", "--data-dir=\(dataFolder)", "--listen-client-urls=\(client)",
        "--advertise-client-urls=\(client)", "--listen-peer-urls=\(peer)", "--initial-advertise-peer-urls=\(peer)",
        "--initial-cluster=infra0=\(peer)", "--initial-cluster-state=new",
        "--listen-metrics-urls=http://127.0.0.1:\(ports[2])",
      ] + extra
    try await write(
      unit: MemberUnit(
        name: "infra0", binary: binary ?? "/nowhere/etcd", dataFolder: dataFolder,
        record: member.host.layout.memberRecord, arguments: arguments))
    _ = await LocalProgram.run(["mkdir", "-p", dataFolder])
    _ = await LocalProgram.run(["chmod", "700", dataFolder])
  }

  /// Ends what runs, by the reply's own script, and removes the folder.
  func remove() async {
    _ = await LocalProgram.run(["sh", folder + "/supervise.sh", "stop", unit])
    _ = await LocalProgram.run(["rm", "-rf", "--", root])
  }

  func write(unit: MemberUnit) async throws { try await Self.write(Array(unit.text.utf8), to: self.unit) }

  static func write(_ bytes: [UInt8], to path: String) async throws {
    let text = "mkdir -p -- \"${1%/*}\" && cat >\"$1\""
    let written = await LocalProgram.run(["sh", "-c", text, "write", path], input: bytes)
    try #require(written.status == 0, "\(written.errorText)")
  }

  /// What the plugin says of this machine now.
  func observe() async throws -> ServiceReply {
    let plugin = ProcessSupervisor()
    return try await plugin.service(
      for: member, answers: await Self.answers(to: try await plugin.probes(for: member)))
  }

  /// Waits until a shell condition holds; false after 20 seconds.
  func waits(until condition: String) async -> Bool {
    let text = "until \(condition); do sleep 0.1; done"
    let arguments = [folder, "\(member.host.ports.metrics)", dataFolder]
    return await LocalProgram.run(["timeout", "20", "bash", "-c", text, "wait"] + arguments).status == 0
  }

  /// The member answers that it is healthy.
  static let isHealthy =
    "exec 3<>/dev/tcp/127.0.0.1/$2 && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '\"true\"' <&3"

  func becomesHealthy() async -> Bool { await waits(until: "(\(Self.isHealthy)) 2>/dev/null") }

  /// A process number from one of the pid files.
  func process(_ name: String) async -> String {
    String(await LocalProgram.run(["cat", "\(folder)/\(name).pid"]).text.prefix { $0 != " " && $0 != "\n" })
  }

  func log() async -> String { await LocalProgram.run(["cat", folder + "/member.log"]).text }

  /// Answers probes from this machine, as a survey does.
  static func answers(to probes: [Probe]) async -> ProbeAnswers {
    var answers = ProbeAnswers()
    for probe in probes {
      switch probe {
      case .command(let id, let command):
        let result = await LocalProgram.run(command)
        answers.byKey[id] = .command(status: result.status, output: result.output)
      case .file(let path, _):
        let result = await LocalProgram.run(["cat", "--", path])
        answers.byKey[path] = .file(
          result.status == 0 ? ObservedFile(kind: .regular, content: result.output) : .absent)
      default: break
      }
    }
    return answers
  }

  private static func freePorts(_ count: Int) throws -> [UInt16] {
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    var ports: [UInt16] = []
    for _ in 0..<count {
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      sockets.append(listener)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(listener, $0, size) == 0 && getsockname(listener, $0, &size) == 0
        }
      }
      try #require(status)
      ports.append(UInt16(bigEndian: address.sin_port))
    }
    return ports
  }
}
