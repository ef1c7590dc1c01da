internal import CPluginABI
public import QuorateCore
internal import QuoratePluginMessages
internal import Synchronization

/// Makes a library of Swift a plugin that Quorate can load. One line does it, at the top level of any file:
///
/// ```swift
/// @_cdecl("quorate_plugin") public func entry() -> UnsafeRawPointer { exportedPlugin(MyIssuer.registration) }
/// ```
///
/// - Parameters:
///   - registration: The plugin, as a bundled one has it.
///   - lowestHost: The lowest version of Quorate that it works with; nil: any.
/// - Returns: What `quorate_plugin` in quorate_plugin.h returns; the same each time.
public func exportedPlugin(_ registration: PluginRegistration, lowestHost: String? = nil) -> UnsafeRawPointer {
  exported.withLock { exported in
    let id = registration.descriptor.id
    let plugin = exported[id] ?? ExportedPlugin(registration, lowestHost: lowestHost)
    exported[id] = plugin
    return plugin.descriptor
  }
}

/// The plugins of this image, for good.
private let exported = Mutex<[String: ExportedPlugin]>([:])

/// A registration as the tables of C.
///
/// `@unchecked Sendable` is proved by this: the tables are written in `init`, before the reference escapes, and never
/// freed.
private final class ExportedPlugin: @unchecked Sendable {
  let registration: PluginRegistration
  private let table = UnsafeMutablePointer<quorate_descriptor>.allocate(capacity: 1)
  private let functions = UnsafeMutablePointer<quorate_functions>.allocate(capacity: 1)

  var descriptor: UnsafeRawPointer { UnsafeRawPointer(table) }

  init(_ registration: PluginRegistration, lowestHost: String?) {
    self.registration = registration
    functions.initialize(to: quorate_functions())
    table.initialize(to: quorate_descriptor())
    functions.pointee.struct_size = UInt32(MemoryLayout<quorate_functions>.size)
    functions.pointee.userdata = Unmanaged.passRetained(self).toOpaque()
    functions.pointee.create = { userdata, _, host in
      guard let userdata, let host, let functions = HostFunctions(host) else { return nil }
      let plugin = Unmanaged<ExportedPlugin>.fromOpaque(userdata).takeUnretainedValue()
      return Unmanaged.passRetained(PluginInstance(plugin.registration, host: functions)).toOpaque()
    }
    functions.pointee.destroy = { instance in
      if let instance { Unmanaged<PluginInstance>.fromOpaque(instance).release() }
    }
    functions.pointee.call = { instance, call in
      guard let instance, let call else { return }
      Unmanaged<PluginInstance>.fromOpaque(instance).takeUnretainedValue().start(IncomingCall(call))
    }
    functions.pointee.cancel = { instance, call in
      if let instance { Unmanaged<PluginInstance>.fromOpaque(instance).takeUnretainedValue().cancel(call) }
    }
    table.pointee.magic = QUORATE_PLUGIN_MAGIC
    table.pointee.struct_size = UInt32(MemoryLayout<quorate_descriptor>.size)
    table.pointee.abi_major = UInt16(QUORATE_ABI_MAJOR)
    table.pointee.abi_minor = UInt16(QUORATE_ABI_MINOR)
    table.pointee.id = Self.copy(registration.descriptor.id)
    table.pointee.version = Self.copy(registration.descriptor.version)
    table.pointee.summary = Self.copy(registration.descriptor.summary)
    table.pointee.lowest_host = lowestHost.map { Self.copy($0) }
    table.pointee.kinds = registration.descriptor.kind.abiBit
    table.pointee.functions = UnsafePointer(functions)
  }

  private static func copy(_ text: String) -> UnsafePointer<CChar> {
    let bytes = text.utf8CString
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { (memory + index).initialize(to: byte) }
    return UnsafePointer(memory)
  }
}

extension PluginKind {
  /// `QUORATE_KIND_…`.
  fileprivate var abiBit: UInt32 {
    switch self {
    case .certIssuer: QUORATE_KIND_ISSUER
    case .transport: QUORATE_KIND_TRANSPORT
    case .serviceManager: QUORATE_KIND_SERVICE_MANAGER
    case .manifestWriter: QUORATE_KIND_MANIFEST_WRITER
    }
  }
}
