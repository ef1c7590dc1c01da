import Foundation

/// Where things are that the scenarios use.
enum Repository {
  /// The package's root folder.
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The command under test, built beside the tests.
  static let quorate = URL(filePath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
    .appending(path: "quorate").path
}
