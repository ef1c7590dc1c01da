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

  /// The files on the hosts' disks that contain it, as `HOST:PATH`, sorted.
  func places() async throws -> [String] { try await Self.places(of: [self])[text] ?? [] }

  /// The files on the hosts' disks that contain each of some canaries: whatever was written there since the hosts were
  /// blank, journals and temporary folders among it.
  static func places(of canaries: [Canary]) async throws -> [String: [String]] {
    var places: [String: [String]] = [:]
    for host in Lab.hosts {
      let grep = ["grep", "-raoF", "-D", "skip"] + canaries.flatMap { ["-e", $0.text] } + ["."]
      let found = try await Program(grep, in: URL(filePath: host.disk), environment: ["PATH": "/usr/bin:/bin"]).ended()
      for line in Set(found.output.split(separator: "\n")) {
        guard let colon = line.lastIndex(of: ":") else { continue }
        let place = "\(host.name):\(line[..<colon].dropFirst())"
        places[String(line[line.index(after: colon)...]), default: []].append(place)
      }
    }
    return places.mapValues { $0.sorted() }
  }
}
