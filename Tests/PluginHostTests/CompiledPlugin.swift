import Foundation
import QuorateCore
import QuoratePluginHost
import QuoratePluginMessages
import QuorateTesting

/// A plugin made of one C file, in a folder of its own that goes with it.
final class CompiledPlugin: Sendable {
  /// The repository.
  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  /// The program that runs plugins in a child.
  static let quorate = URL(filePath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
    .appending(path: "quorate").path

  let library: String
  private let folder: URL

  /// Compiles a file.
  ///
  /// - Parameters:
  ///   - source: Its path, below the repository.
  ///   - libraries: What it is linked with.
  init(_ source: String, libraries: [String] = []) async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "quorate-plugin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    library = folder.appending(path: "plugin.so").path
    let include = Self.repository.appending(path: "Sources/CPluginABI/include").path
    let result = await LocalProgram.run(
      [
        "cc", "-std=c11", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror", "-I\(include)",
        "-o", library, Self.repository.appending(path: source).path,
      ] + libraries)
    guard result.status == 0 else { throw NotCompiled(description: result.errorText) }
  }

  /// One of the folder `Plugins`.
  convenience init(test name: String) async throws {
    try await self.init("Tests/PluginHostTests/Plugins/\(name).c")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Starts it in a child.
  func inChild(
    limits: ChildCarrier.Limits = .init(), log: @escaping @Sendable (PluginLogLine) -> Void = { _ in }
  ) async throws(PluginFault) -> ChildCarrier {
    try await ChildCarrier.start(
      library: library, kind: .certIssuer, hostVersion: "0.1.0", limits: limits, program: Self.quorate, log: log)
  }

  /// Starts it in this process.
  func inProcess(
    log: @escaping @Sendable (PluginLogLine) -> Void = { _ in }
  ) async throws(PluginFault) -> InProcessCarrier {
    try await InProcessCarrier.start(library: library, kind: .certIssuer, hostVersion: "0.1.0", log: log)
  }

  /// An issuer that reaches it by a carrier.
  static func issuer(
    _ name: String, deadline: Duration = .seconds(60), start: @escaping RemotePlugin.Start
  ) -> RemoteCertIssuer {
    RemoteCertIssuer(
      RemotePlugin(
        name: name, setup: PluginSetup(kind: .certIssuer, settings: .object([:]), baseFolder: "/"), deadline: deadline,
        start: start))
  }

  struct NotCompiled: Error, CustomStringConvertible { let description: String }
}
