import Foundation

/// The program `openssl`, as a second opinion on what the library made.
enum OpenSSLProgram {
  /// How it ended, when not with 0.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs it and gives what it printed on its standard output.
  ///
  /// Its input is empty and its output goes to a file: parallel tests then share no pipe by accident.
  @discardableResult
  static func run(_ arguments: String...) throws -> String {
    let folder = try TemporaryFolder()
    let output = try folder.write("output", [])
    let errors = try folder.write("errors", [])
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    process.waitUntilExit()
    let printed = try String(contentsOfFile: output, encoding: .utf8)
    guard process.terminationStatus == 0 else {
      let complaint = try String(contentsOfFile: errors, encoding: .utf8)
      throw Failure(description: "openssl \(arguments.joined(separator: " ")): \(printed)\(complaint)")
    }
    return printed
  }
}

/// A folder that goes when its last reference goes.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "quorate-pki-" + UUID().uuidString
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and gives its path.
  func write(_ name: String, _ content: [UInt8]) throws -> String {
    let file = path + "/" + name
    try Data(content).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// The path of a file.
  func file(_ name: String) -> String { path + "/" + name }

  /// What a file holds.
  func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: file(name)))) }
}
