internal import CPluginABI
internal import Glibc
internal import QuorateCore

/// Reads `quorate_descriptor` of a plugin of any version, and says of each field that is wrong what it is and should be.
struct DescriptorReader {
  /// The name of the library's file, for errors.
  let library: String
  let hostVersion: String

  /// The sizes of the structs in ABI 1.0, which no plugin's is below.
  private static let descriptorSize = MemoryLayout<quorate_descriptor>.offset(of: \.functions).map { $0 + 8 } ?? 64
  private static let functionsSize = MemoryLayout<quorate_functions>.offset(of: \.cancel).map { $0 + 8 } ?? 48

  /// Reads a descriptor.
  ///
  /// - Parameter start: At least the first four fields, which stand at the same place in every version.
  func read(_ start: UnsafeRawPointer) throws(PluginFault) -> (PluginIdentity, PluginFunctions) {
    let head = start.loadUnaligned(as: Head.self)
    var wrong: [FieldMismatch] = []
    if head.magic != QUORATE_PLUGIN_MAGIC {
      wrong.append(
        FieldMismatch("magic", expected: Self.hexadecimal(QUORATE_PLUGIN_MAGIC), found: Self.hexadecimal(head.magic)))
    }
    if head.size < UInt32(Self.descriptorSize) {
      wrong.append(FieldMismatch("struct_size", expected: "at least \(Self.descriptorSize)", found: "\(head.size)"))
    }
    if head.major != UInt16(QUORATE_ABI_MAJOR) {
      wrong.append(FieldMismatch("abi_major", expected: "\(QUORATE_ABI_MAJOR)", found: "\(head.major)"))
    }
    guard wrong.isEmpty else { throw PluginFault(plugin: library, .incompatible(wrong)) }

    var descriptor = quorate_descriptor()
    Self.copy(start, size: head.size, into: &descriptor)
    let id = Self.text(descriptor.id)
    if !Self.isName(id) {
      wrong.append(
        FieldMismatch(
          "id", expected: "1 to 63 characters of a-z, 0-9 and '-', the first one a letter", found: Self.shown(id)))
    }
    let version = Self.text(descriptor.version)
    if version.flatMap(Version.init) == nil {
      wrong.append(FieldMismatch("version", expected: "a semantic version", found: Self.shown(version)))
    }
    let lowest = Self.text(descriptor.lowest_host)
    if let lowest, !fits(lowest) {
      wrong.append(
        FieldMismatch(
          "lowest_host", expected: "a version up to \(hostVersion), which this is", found: Self.shown(lowest)))
    }
    let kinds = PluginKind.allCases.filter { descriptor.kinds & $0.abiBit != 0 }
    if kinds.isEmpty {
      wrong.append(
        FieldMismatch(
          "kinds", expected: "a bit of \(PluginKind.allCases.map(\.abiBit).reduce(0, |))", found: "\(descriptor.kinds)")
      )
    }
    let functions = readFunctions(descriptor.functions, &wrong)
    guard wrong.isEmpty, let id, let version, let functions else {
      throw PluginFault(plugin: library, .incompatible(wrong))
    }
    let identity = PluginIdentity(
      id: id, version: version, summary: Self.text(descriptor.summary) ?? "", lowestHost: lowest, kinds: kinds,
      abiMajor: Int(descriptor.abi_major), abiMinor: Int(descriptor.abi_minor))
    return (identity, functions)
  }

  private func fits(_ lowestHost: String) -> Bool {
    guard let needed = Version(lowestHost) else { return false }
    return Version(hostVersion).map { needed <= $0 } ?? true
  }

  private func readFunctions(
    _ start: UnsafePointer<quorate_functions>?, _ wrong: inout [FieldMismatch]
  ) -> PluginFunctions? {
    guard let start else {
      wrong.append(FieldMismatch("functions", expected: "a table", found: "NULL"))
      return nil
    }
    let size = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
    guard size >= UInt32(Self.functionsSize) else {
      wrong.append(
        FieldMismatch("functions.struct_size", expected: "at least \(Self.functionsSize)", found: "\(size)"))
      return nil
    }
    var table = quorate_functions()
    Self.copy(start, size: size, into: &table)
    if table.create == nil { wrong.append(FieldMismatch("functions.create", expected: "a function", found: "NULL")) }
    if table.destroy == nil { wrong.append(FieldMismatch("functions.destroy", expected: "a function", found: "NULL")) }
    if table.call == nil { wrong.append(FieldMismatch("functions.call", expected: "a function", found: "NULL")) }
    if table.cancel == nil { wrong.append(FieldMismatch("functions.cancel", expected: "a function", found: "NULL")) }
    guard let create = table.create, let destroy = table.destroy, let call = table.call, let cancel = table.cancel
    else { return nil }
    return PluginFunctions(userdata: table.userdata, create: create, destroy: destroy, call: call, cancel: cancel)
  }

  /// The first fields of every descriptor.
  private struct Head {
    var magic: UInt64
    var size: UInt32
    var major: UInt16
    var minor: UInt16
  }

  /// What the other side has of a struct; what it lacks stays zero.
  static func copy<Struct: BitwiseCopyable>(_ start: UnsafeRawPointer, size: UInt32, into target: inout Struct) {
    withUnsafeMutableBytes(of: &target) { bytes in
      bytes.copyMemory(from: UnsafeRawBufferPointer(start: start, count: min(Int(size), bytes.count)))
    }
  }

  /// A text of a descriptor, up to 1 KiB.
  private static func text(_ start: UnsafePointer<CChar>?) -> String? {
    guard let start else { return nil }
    return String(
      decoding: UnsafeRawBufferPointer(start: start, count: strnlen(start, 1024)).map { $0 < 32 ? 32 : $0 },
      as: UTF8.self)
  }

  private static func shown(_ text: String?) -> String { text.map { "`\($0)`" } ?? "NULL" }

  private static func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func isName(_ text: String?) -> Bool {
    guard let text, (1...63).contains(text.utf8.count), let first = text.utf8.first, (97...122).contains(first) else {
      return false
    }
    return text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
  }
}

extension PluginKind {
  /// `QUORATE_KIND_…`.
  var abiBit: UInt32 {
    switch self {
    case .certIssuer: QUORATE_KIND_ISSUER
    case .transport: QUORATE_KIND_TRANSPORT
    case .serviceManager: QUORATE_KIND_SERVICE_MANAGER
    case .manifestWriter: QUORATE_KIND_MANIFEST_WRITER
    }
  }
}
