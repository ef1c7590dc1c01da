import Foundation

/// A text that must be in few places, or none: a piece of a private key, a password.
struct Canary: Sendable {
  let text: String

  init(_ text: String) { self.text = text }

  /// A line from the middle of a key in PEM, which nothing else contains.
  init?(privateKey: String) {
    let lines = privateKey.split(separator: "\n").filter { !$0.hasPrefix("-----") }
    guard let line = lines.dropFirst(lines.count / 2).first, line.count > 20 else { return nil }
    text = String(line)
  }

  func isIn(_ other: String) -> Bool { other.contains(text) }

  /// The files on the hosts' disks that contain it, as `HOST:PATH`: whatever was written there since the hosts were
  /// blank, journals and temporary folders among it.
  func places() async throws -> [String] {
    var places: [String] = []
    for host in Lab.hosts {
      let found = try await Program(
        ["grep", "-rlaF", "-D", "skip", "-e", text, host.disk], in: Repository.folder,
        environment: ["PATH": "/usr/bin:/bin"]
      ).ended()
      guard found.status < 2 || !found.output.isEmpty else { throw Lab.Failure(description: found.errorOutput) }
      places += found.output.split(separator: "\n").map { "\(host.name):\($0.dropFirst(host.disk.count))" }
    }
    return places.sorted()
  }
}
