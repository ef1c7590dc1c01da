internal import FoundationEssentials
public import QuorateCore
public import QuoratePluginMessages

/// A plugin in a process of its own, which is this program again (`quorate plugin-host`). What the plugin does wrong ends
/// that process, and is told as a ``PluginFault``. This isolates faults, not malice: the process is the same user's.
public final class ChildCarrier: PluginCarrier {
  /// What the process may do.
  public struct Limits: Sendable {
    /// The most memory that it may map, in bytes; 0: no limit.
    public var memoryBytes: UInt64
    /// The most descriptors that it may have open; 0: no limit.
    public var openFiles: UInt64
    /// Whether it may start programs.
    public var mayStartPrograms: Bool
    /// Within which time the library must be loaded.
    public var loading: Duration

    /// Makes limits.
    public init(
      memoryBytes: UInt64 = 4 << 30, openFiles: UInt64 = 256, mayStartPrograms: Bool = false,
      loading: Duration = .seconds(10)
    ) {
      self.memoryBytes = memoryBytes
      self.openFiles = openFiles
      self.mayStartPrograms = mayStartPrograms
      self.loading = loading
    }
  }

  /// Who the plugin says it is.
  public let identity: PluginIdentity
  private let desk: CallDesk
  private let process: PluginProcess

  /// Starts a process, loads a library in it and makes an instance.
  ///
  /// - Parameters:
  ///   - path: The library's file.
  ///   - kind: What it is to be.
  ///   - hostVersion: The version of Quorate.
  ///   - limits: What the process may do.
  ///   - program: What is started as `quorate plugin-host`; this program.
  ///   - log: Takes what the plugin writes for people, on any thread.
  public static func start(
    library path: String, kind: PluginKind, hostVersion: String, limits: Limits = Limits(),
    program: String = "/proc/self/exe", log: @escaping @Sendable (PluginLogLine) -> Void
  ) async throws(PluginFault) -> ChildCarrier {
    let name = String(path.split(separator: "/").last ?? Substring(path))
    let noThread = PluginFault(plugin: name, .notStarted(why: "the system allows no more threads"))
    let environment = PluginProcess.environment
    let started = await DetachedThread.value { () -> Result<PluginProcess, PluginFault> in
      do throws(PluginFault) {
        return .success(try PluginProcess(program: program, environment: environment, plugin: name))
      } catch { return .failure(error) }
    }
    guard let started else { throw noThread }
    let process = try started.get()
    let desk = CallDesk(plugin: name, canEnd: true)
    guard DetachedThread.start({ listen(to: process, desk, log) }) else {
      process.kill()
      _ = process.reap(within: .zero)
      throw noThread
    }
    let order = LoadOrder(
      library: path, kind: kind, hostVersion: hostVersion, memoryBytes: limits.memoryBytes,
      openFiles: limits.openFiles, mayStartPrograms: limits.mayStartPrograms)
    do throws(PluginFault) {
      let body = (try? JSONEncoder().encode(order)).map { Array($0) } ?? []
      let reply = try await desk.perform(
        nil, deadline: limits.loading, way(to: process, Frame(form: .load, message: PluginMessage(body: body))))
      guard let identity = try? JSONDecoder().decode(PluginIdentity.self, from: Data(reply.message.body)) else {
        throw PluginFault(plugin: name, .garbage(why: "it wrote to the connection of its process"))
      }
      desk.name = identity.id
      return ChildCarrier(identity: identity, desk: desk, process: process)
    } catch {
      // Nothing is left of a plugin that did not load.
      process.kill()
      throw error
    }
  }

  private init(identity: PluginIdentity, desk: CallDesk, process: PluginProcess) {
    self.identity = identity
    self.desk = desk
    self.process = process
  }

  // The thread that listens sees the end of the socket, and waits for the process.
  deinit { process.socket.shutDown() }

  /// Puts a question to the plugin.
  public func call(
    _ function: String, _ message: PluginMessage, deadline: Duration
  ) async throws(PluginFault) -> CarriedReply {
    guard message.body.count <= PluginLimits.message, message.secrets.count <= PluginLimits.secrets,
      message.secrets.allSatisfy({ $0.count <= PluginLimits.secret }),
      message.descriptors.count <= PluginLimits.descriptors
    else {
      throw PluginFault(
        plugin: identity.id, call: function,
        .tooLarge(what: "a question of \(message.body.count) bytes", limit: PluginLimits.message))
    }
    let frame = Frame(
      form: .call, code: UInt32(clamping: deadline.milliseconds), name: function, message: message)
    return try await desk.perform(function, deadline: deadline, Self.way(to: process, frame))
  }

  /// Ends the plugin's process; after two seconds it is made to.
  public func close() async {
    desk.end(PluginFault(plugin: identity.id, .closed))
    let (socket, process) = (process.socket, process)
    socket.queue(Frame(form: .close))
    _ = await DetachedThread.value {
      process.awaitReaped(within: PluginLimits.grace)
    }
  }

  private static func way(to process: PluginProcess, _ frame: Frame) -> CallDesk.Way {
    let socket = process.socket
    // What the child does not take is noticed by the thread that listens.
    return CallDesk.Way(
      ask: { call in
        var frame = frame
        frame.call = call
        if !socket.queue(frame) { socket.shutDown() }
      },
      cancel: { call in socket.queue(Frame(form: .cancel, call: call)) },
      end: { process.kill() })
  }

  /// Takes what the child tells, until it ends, and says why it did.
  private static func listen(
    to process: PluginProcess, _ desk: CallDesk, _ log: @Sendable (PluginLogLine) -> Void
  ) {
    var unreadable: String?
    do throws(FrameSocket.Ending) {
      while true { try take(process.socket.receive(), process, desk, log) }
    } catch {
      if case .garbage(let why) = error { unreadable = why }
    }
    if unreadable != nil { process.kill() }
    let ending = process.reap(within: PluginLimits.grace)
    let kind: PluginFault.Kind =
      switch (unreadable, ending) {
      case (let why?, _): .garbage(why: why)
      case (nil, .exited(let status)): .exited(status: status)
      case (nil, .signalled(let signal)): .crashed(signal: signal)
      case (nil, .killed): .garbage(why: "it closed the connection of its process")
      }
    desk.end(PluginFault(plugin: desk.name, kind))
  }

  private static func take(
    _ frame: Frame, _ process: PluginProcess, _ desk: CallDesk, _ log: @Sendable (PluginLogLine) -> Void
  ) throws(FrameSocket.Ending) {
    switch frame.form {
    case .reply:
      guard let status = CarriedReply.Status(rawValue: frame.code) else {
        throw .garbage("an answer with the status \(frame.code)")
      }
      desk.answer(frame.call, CarriedReply(status: status, message: frame.message))
    case .fault:
      guard let fault = try? JSONDecoder().decode(PluginFault.self, from: Data(frame.message.body)) else {
        throw .garbage("a fault that cannot be read")
      }
      desk.end(fault, call: frame.call)
      process.kill()
    case .line, .progress:
      log(PluginLogLine(level: frame.code, isProgress: frame.form == .progress, bytes: frame.message.body))
    case .load, .call, .cancel, .close: throw .garbage("it wrote to the connection of its process")
    }
  }
}
