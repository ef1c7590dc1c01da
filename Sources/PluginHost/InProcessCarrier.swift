public import QuorateCore
public import QuoratePluginMessages

/// A plugin in this process, by `dlopen`. Its crash is this process's; a hang costs a thread, not more.
public final class InProcessCarrier: PluginCarrier {
  /// Who the plugin says it is.
  public let identity: PluginIdentity
  private let instance: PluginInstance
  private let desk: CallDesk

  /// Loads a library and makes an instance.
  ///
  /// - Parameters:
  ///   - path: The library's file.
  ///   - kind: What it is to be.
  ///   - hostVersion: The version of Quorate.
  ///   - log: Takes what the plugin writes for people, on any thread.
  public static func start(
    library path: String, kind: PluginKind, hostVersion: String, log: @escaping @Sendable (PluginLogLine) -> Void
  ) async throws(PluginFault) -> InProcessCarrier {
    let started = await DetachedThread.value { () -> Result<InProcessCarrier, PluginFault> in
      do throws(PluginFault) {
        return .success(try InProcessCarrier(path: path, kind: kind, hostVersion: hostVersion, log: log))
      } catch { return .failure(error) }
    }
    guard let started else {
      throw PluginFault(plugin: path, .notStarted(why: "the system allows no more threads"))
    }
    return try started.get()
  }

  private init(
    path: String, kind: PluginKind, hostVersion: String, log: @escaping @Sendable (PluginLogLine) -> Void
  ) throws(PluginFault) {
    let library = try PluginLibrary(path: path, hostVersion: hostVersion)
    identity = library.identity
    let desk = CallDesk(plugin: library.identity.id, canEnd: false)
    self.desk = desk
    instance = try PluginInstance(of: library, kind: kind, hostVersion: hostVersion) { event in
      switch event {
      case .reply(let call, let reply): desk.answer(call, reply)
      case .fault(let call, let fault): desk.end(fault, call: call)
      case .line(let level, let isProgress, let text):
        log(PluginLogLine(level: level, isProgress: isProgress, bytes: text))
      }
    }
  }

  /// Puts a question to the plugin.
  public func call(
    _ function: String, _ message: PluginMessage, deadline: Duration
  ) async throws(PluginFault) -> CarriedReply {
    try await desk.perform(
      function, deadline: deadline,
      CallDesk.Way(
        ask: { [instance] in instance.start($0, function, message, deadlineMilliseconds: deadline.milliseconds) },
        cancel: { [instance] call in DetachedThread.start { instance.cancel(call) } },
        end: {}))
  }

  /// Ends the instance; one with a call under way stays, as nothing can stop it.
  public func close() async {
    guard desk.fault?.kind != .closed else { return }
    desk.end(PluginFault(plugin: identity.id, .closed))
    _ = await DetachedThread.value { [instance] in instance.destroy() }
  }
}
