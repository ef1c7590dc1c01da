import Foundation
import Testing

/// The lab of three hosts (Tests/Lab), when `scripts/test` has brought it up.
enum Lab {
  /// Whether the lab of this run's name is up; only root can use it.
  static let isUp = geteuid() == 0 && FileManager.default.fileExists(atPath: folder + "/up")

  private static let variables = ProcessInfo.processInfo.environment
  /// What is built once; the keys are here.
  static let cache = variables["QUORATE_LAB_CACHE"] ?? "/var/tmp/quorate-lab"
  private static let name = variables["QUORATE_LAB_NAME"] ?? "quorate"
  private static let network = variables["QUORATE_LAB_NET"] ?? "10.77.0"
  /// The running lab's folder.
  static let folder = cache + "/" + (name == "quorate" ? "run" : "run-" + name)

  static let hosts = (0..<3).map { LabHost(name: "host\($0)", member: "infra\($0)", address: "\(network).\(11 + $0)") }

  /// The path of one of the lab's verbs.
  static func verb(_ name: String) -> String { Repository.folder.appending(path: "Tests/Lab/\(name)").path }

  /// Carries out a verb; a failure is the test's failure.
  @discardableResult
  static func call(_ verb: String, _ arguments: String...) async throws -> String {
    try await run([Self.verb(verb)] + arguments)
  }

  static func run(_ arguments: [String]) async throws -> String {
    let ending = try await Program(
      arguments, in: Repository.folder, environment: variables
    ).ended()
    guard ending.status == 0 else {
      throw Failure(description: "\(arguments.joined(separator: " ")): status \(ending.status)\n\(ending.everything)")
    }
    return ending.output
  }

  struct Failure: Error, CustomStringConvertible { let description: String }

  /// Blank hosts, and an operator with a configuration for them.
  static func blank(_ file: ClusterFile = .lab()) async throws -> Operator {
    await Founded.shared.forget()
    try await keepLogs()
    try await call("reset")
    let someone = try Operator(at: .lab)
    try someone.write(file.text, to: "cluster.yaml")
    return someone
  }

  /// Keeps what kubelet, containerd and etcd said on the hosts until now, in a new folder below the one that the variable
  /// QUORATE_LAB_LOGS names, if there is one: `down` and `reset` leave nothing to look at.
  static func keepLogs() async throws {
    guard let folder = variables["QUORATE_LAB_LOGS"] else { return }
    for host in hosts {
      let file = "\(folder)/\(Int(Date().timeIntervalSince1970))-\(host.name).log"
      let logs = "journalctl -o short-precise --no-pager; tail -n +1 /var/log/pods/*/etcd/* || true"
      guard let text = try? await host.shell(logs) else { continue }
      try Data(text.utf8).write(to: URL(filePath: file))
    }
  }

  /// Hosts with the cluster that a plain `apply` makes, for a scenario that leaves them as they are: the next one that
  /// asks for them takes the same cluster. `altering`: for one that does not.
  static func founded(altering: Bool = false) async throws -> Operator {
    try await Founded.shared.cluster(altering: altering)
  }
}

/// One of the lab's hosts.
struct LabHost: Sendable {
  /// As the lab names it.
  let name: String
  /// As the cluster names its member.
  let member: String
  let address: String

  /// Runs a script as root, without ssh; a status other than 0 is the test's failure.
  @discardableResult
  func shell(_ script: String) async throws -> String { try await Lab.call("enter", name, "sh", "-euc", script) }

  /// A file's text.
  func read(_ path: String) async throws -> String { try await shell("cat '\(path)'") }

  /// `MODE OWNER:GROUP` of each file and folder below a folder, by path.
  func modes(below folder: String) async throws -> [String: String] {
    let lines = try await shell("find \(folder) -printf '%m %u:%g %p\\n'").split(separator: "\n")
    return Dictionary(
      lines.map { line in
        let parts = line.split(separator: " ", maxSplits: 2).map(String.init)
        return (parts[2], parts[0] + " " + parts[1])
      }, uniquingKeysWith: { $1 })
  }

  /// What would differ if anything on the host were touched: times of files, and the processes that matter.
  func fingerprint() async throws -> String {
    try await shell(
      "find /etc -newermt 2000-01-01 -printf '%p %T@ %i %m %u\\n' | sort; systemctl show kubelet -p MainPID; pidof etcd || true"
    )
  }

  /// The folder on this machine that holds what was written to the host's disk.
  var disk: String { "\(Lab.folder)/\(name)/disk/upper" }
}

/// The cluster that scenarios share as long as they leave it alone.
private actor Founded {
  static let shared = Founded()
  private var owner: Operator?

  func forget() { owner = nil }

  func cluster(altering: Bool) async throws -> Operator {
    if let owner {
      if altering { self.owner = nil }
      return owner
    }
    let someone = try await Lab.blank()
    let ending = try await someone.quorate("apply", "--yes")
    guard ending.status == 0 else { throw Lab.Failure(description: ending.everything) }
    if !altering { owner = someone }
    return someone
  }
}

/// All scenarios on the lab, one after the other: there is one lab.
@Suite(
  .serialized, .enabled(if: Lab.isUp, "the lab is not up: `scripts/test`, as root, brings it up"),
  .timeLimit(.minutes(5)))
enum OnTheLab {}
