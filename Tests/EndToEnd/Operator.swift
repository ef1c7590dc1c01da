import Foundation

/// Somebody who runs `quorate`: a folder with a configuration and a home of their own, at a place in the network.
final class Operator: Sendable {
  /// Where the commands are run.
  enum Place: Sendable {
    /// On this machine, as it is.
    case here
    /// On the lab's network, the only place that reaches its hosts.
    case lab
  }

  let place: Place
  let folder: URL

  /// Someone new, with an empty folder, which goes when the value goes.
  init(at place: Place) throws {
    self.place = place
    folder = FileManager.default.temporaryDirectory.appending(path: "quorate-operator-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(
      at: folder.appending(path: "home"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Writes a file of the operator's folder.
  func write(_ text: String, to name: String, mode: Int = 0o644) throws {
    let file = folder.appending(path: name)
    try Data(text.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
  }

  /// The text of a file in the operator's folder.
  func read(_ name: String) throws -> String { try String(contentsOf: folder.appending(path: name), encoding: .utf8) }

  /// What the journals of all runs say.
  var journals: String {
    let runs = folder.appending(path: "home/.local/state/quorate/runs")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: runs.path)) ?? []
    return names.sorted().compactMap { try? String(contentsOf: runs.appending(path: $0), encoding: .utf8) }.joined()
  }

  /// Starts `quorate`.
  ///
  /// - Parameters:
  ///   - arguments: What stands behind `quorate`.
  ///   - secrets: What it can read from the descriptors 3, 4, and so on.
  func start(_ arguments: [String], secrets: [String] = []) throws -> Program {
    let command = (place == .lab ? [Lab.verb("run")] : []) + [Repository.quorate] + arguments
    return try Program(command, in: folder, environment: environment, secrets: secrets)
  }

  /// Runs `quorate` and waits for its end.
  @discardableResult
  func quorate(_ arguments: String..., secrets: [String] = []) async throws -> Program.Ending {
    try await start(arguments, secrets: secrets).ended()
  }

  /// Runs another program where the operator is.
  func run(_ arguments: String...) async throws -> Program.Ending {
    try await Program((place == .lab ? [Lab.verb("run")] : []) + arguments, in: folder, environment: environment)
      .ended()
  }

  private var environment: [String: String] {
    var environment = ProcessInfo.processInfo.environment.filter {
      $0.key == "PATH" || $0.key.hasPrefix("QUORATE_LAB_")
    }
    environment["HOME"] = folder.appending(path: "home").path
    environment["USER"] = "operator"
    environment["LC_ALL"] = "C.UTF-8"
    return environment
  }
}
