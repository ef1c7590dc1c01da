import Glibc

/// A folder that goes with its last reference.
package final class TemporaryFolder: Sendable {
  package let root: String

  package init() async throws {
    var template = Array("/tmp/quorate-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestHost.Failure(description: "no temporary folder") }
    root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // Few files, one level deep.
    guard let folder = opendir(root) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { unlink("\(root)/\(name)") }
    }
    closedir(folder)
    rmdir(root)
  }

  package func path(_ name: String) -> String { "\(root)/\(name)" }
  package func write(_ name: String, _ text: String) throws { try TestHost.write(text, to: path(name)) }
  package func read(_ name: String) throws -> String { try TestHost.read(path(name)) }
}
