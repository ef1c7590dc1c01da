internal import CPluginABI
internal import Glibc
internal import QuorateCore

/// A library of a plugin in this process. It is never unloaded: a Swift library cannot be, and a late thread of any other
/// would run into nothing.
struct PluginLibrary: Sendable {
  let identity: PluginIdentity
  let functions: PluginFunctions

  /// Loads a library and reads its descriptor. Blocks, and runs code of the library.
  ///
  /// - Parameters:
  ///   - path: The library's file; a name without a slash would be searched for, so it needs one.
  ///   - hostVersion: The version of Quorate.
  init(path: String, hostVersion: String) throws(PluginFault) {
    let name = String(path.split(separator: "/").last ?? Substring(path))
    guard path.contains("/") else {
      throw PluginFault(plugin: name, .notLoadable(why: "a library is named by its path"))
    }
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw PluginFault(plugin: name, .notLoadable(why: dlerror().map { String(cString: $0) } ?? "no reason is given"))
    }
    typealias Entry = @convention(c) () -> UnsafeRawPointer?
    guard let symbol = dlsym(handle, QUORATE_PLUGIN_ENTRY),
      let descriptor = unsafeBitCast(symbol, to: Entry.self)()
    else { throw PluginFault(plugin: name, .noEntry) }
    (identity, functions) = try DescriptorReader(library: name, hostVersion: hostVersion).read(descriptor)
  }
}

/// The functions of a plugin (`quorate_functions`): all are there.
///
/// `@unchecked Sendable` is proved by this: functions of C and the plugin's own pointer, which the ABI allows on any
/// thread; never written after `init`.
struct PluginFunctions: @unchecked Sendable {
  let userdata: UnsafeMutableRawPointer?
  let create:
    @convention(c) (UnsafeMutableRawPointer?, UInt32, UnsafePointer<quorate_host>?) -> UnsafeMutableRawPointer?
  let destroy: @convention(c) (UnsafeMutableRawPointer?) -> Void
  let call: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<quorate_call>?) -> Void
  let cancel: @convention(c) (UnsafeMutableRawPointer?, UInt64) -> Void
}
