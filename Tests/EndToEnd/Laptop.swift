import Foundation
import Testing

/// A cluster of three on this machine, by `local` and `process`; what it left running is ended with ``end()``.
struct Laptop: Sendable {
  let someone: Operator
  let ports: [Int]

  /// Nothing yet but a configuration, for ports that are free now.
  init() throws {
    someone = try Operator(at: .here)
    ports = try Self.freePorts(9)
    try someone.write(ClusterFile.laptop(ports: ports).text, to: "cluster.yaml")
  }

  /// Carries out a scenario and ends the members, however it goes.
  static func scenario(_ body: (Laptop) async throws -> Void) async throws {
    let laptop = try Laptop()
    do { try await body(laptop) } catch {
      await laptop.end()
      throw error
    }
    await laptop.end()
  }

  /// A member's folder.
  func root(_ member: Int) -> String { someone.folder.appending(path: "infra\(member)").path }

  /// Quorate's own folder of a member.
  func quorateFolder(_ member: Int) -> String { root(member) + "/etc/kubernetes/quorate" }

  /// The number of a member's process, as its pid file has it.
  func process(_ member: Int) throws -> pid_t? { process("member", of: member) }

  /// The number of a member's supervisor, likewise.
  func supervisor(_ member: Int) throws -> pid_t? { process("supervisor", of: member) }

  private func process(_ name: String, of member: Int) -> pid_t? {
    let text = try? String(contentsOfFile: quorateFolder(member) + "/\(name).pid", encoding: .utf8)
    return text?.split(separator: " ").first.flatMap { pid_t($0) }
  }

  /// Waits until a process is gone, or is waited for by nobody; the time limit bounds it.
  func awaitEnd(of process: pid_t) async throws {
    while let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8), !stat.contains(") Z ") {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  /// etcdctl against one member, with the pair that the health check uses.
  func etcdctl(_ member: Int, _ arguments: [String]) async throws -> Program.Ending {
    let pki = root(member) + "/etc/kubernetes/pki/etcd"
    let command =
      ["etcdctl", "--endpoints=https://127.0.0.1:\(ports[member * 3])", "--cacert=\(pki)/ca.crt"] + [
        "--cert=\(pki)/healthcheck-client.crt", "--key=\(pki)/healthcheck-client.key",
      ] + arguments
    return try await Program(
      command, in: someone.folder, environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "ETCDCTL_API": "3"]
    ).ended()
  }

  /// Ends a member by its supervisor.
  func stop(_ member: Int) async throws {
    let folder = quorateFolder(member)
    guard FileManager.default.fileExists(atPath: folder + "/supervise.sh") else { return }
    let ending = try await someone.run("sh", folder + "/supervise.sh", "stop", folder + "/member.unit")
    #expect(ending.status == 0, "\(ending.everything)")
  }

  /// Ends every member.
  func end() async { for member in 0..<3 { try? await stop(member) } }

  /// Ports that nobody listens on, found by listening on all of them at once.
  private static func freePorts(_ count: Int) throws -> [Int] {
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    return try (0..<count).map { _ in
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      sockets.append(listener)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let bound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(listener, $0, size) == 0 && getsockname(listener, $0, &size) == 0
        }
      }
      guard bound else { throw Program.StartFailure(description: "no free port") }
      return Int(UInt16(bigEndian: address.sin_port))
    }
  }
}
