internal import CPluginProcess
internal import FoundationEssentials
internal import Glibc
internal import QuorateCore
internal import QuoratePluginMessages

/// `quorate plugin-host`: the process of one plugin, started by ``ChildCarrier`` and by nobody else.
public enum PluginHostProgram {
  /// The only argument.
  public static let argument = "plugin-host"

  private static let socketNumber: Int32 = 3

  /// Carries it out; never returns. The socket is read on a thread of its own, so that the main one stays free for what a
  /// plugin wants to have done there.
  ///
  /// - Returns: Where the process was not started with a socket: nobody speaks to it.
  public static func run() async {
    var status = stat()
    guard fstat(socketNumber, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
    signal(SIGPIPE, SIG_IGN)
    _ = fcntl(socketNumber, F_SETFD, FD_CLOEXEC)
    let socket = FrameSocket(OwnedDescriptor(owning: socketNumber))
    guard DetachedThread.start({ serve(socket) }) else { return }
    // For good: the process ends by `serve`.
    await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
  }

  private static func serve(_ socket: FrameSocket) -> Never {
    var instance: PluginInstance?
    while true {
      guard let frame = try? socket.receive() else {
        // Quorate ended, or wants nothing more of this process: all that it started goes too.
        if getpgrp() == getpid() { kill(0, SIGKILL) }
        _exit(0)
      }
      switch frame.form {
      case .load where instance == nil:
        do throws(PluginFault) {
          let (made, identity) = try load(frame, socket)
          instance = made
          let body = (try? JSONEncoder().encode(identity)).map { Array($0) } ?? []
          socket.send(Frame(form: .reply, call: frame.call, message: PluginMessage(body: body)))
        } catch { send(error, call: frame.call, to: socket) }
      case .call:
        instance?.start(frame.call, frame.name, frame.message, deadlineMilliseconds: UInt64(frame.code))
      case .cancel: instance?.cancel(frame.call)
      case .close:
        instance?.destroy()
        _exit(0)
      default: break
      }
    }
  }

  private static func load(
    _ frame: Frame, _ socket: FrameSocket
  ) throws(PluginFault) -> (PluginInstance, PluginIdentity) {
    guard let order = try? JSONDecoder().decode(LoadOrder.self, from: Data(frame.message.body)) else {
      throw PluginFault(plugin: "", .notStarted(why: "its process was not told what to load"))
    }
    let failure = quorate_confine(order.memoryBytes, order.openFiles)
    guard failure == 0 else {
      throw PluginFault(
        plugin: order.library, .notStarted(why: "its process cannot be limited: \(String(cString: strerror(failure)))"))
    }
    if !order.mayStartPrograms {
      let failure = quorate_forbid_processes()
      // A kernel without seccomp, or a machine whose system calls are not known: the other limits still hold.
      guard failure == 0 || failure == ENOSYS || failure == EINVAL else {
        throw PluginFault(
          plugin: order.library,
          .notStarted(why: "its process cannot be kept from starting others: \(String(cString: strerror(failure)))"))
      }
    }
    let library = try PluginLibrary(path: order.library, hostVersion: order.hostVersion)
    // Secrets come with calls only: up to here there is nothing to hide, and /proc/self is still this user's.
    _ = quorate_hide_memory()
    let instance = try PluginInstance(of: library, kind: order.kind, hostVersion: order.hostVersion) { event in
      switch event {
      case .reply(let call, let reply):
        socket.send(Frame(form: .reply, call: call, code: reply.status.rawValue, message: reply.message))
      case .fault(let call, let fault): send(fault, call: call, to: socket)
      case .line(let level, let isProgress, let text):
        socket.send(Frame(form: isProgress ? .progress : .line, code: level, message: PluginMessage(body: text)))
      }
    }
    return (instance, library.identity)
  }

  private static func send(_ fault: PluginFault, call: UInt64, to socket: FrameSocket) {
    let body = (try? JSONEncoder().encode(fault)).map { Array($0) } ?? []
    socket.send(Frame(form: .fault, call: call, message: PluginMessage(body: body)))
  }
}
