import Glibc
import QuorateCore
import QuoratePluginHost
import QuoratePluginMessages
import Synchronization
import Testing

/// Each faulty plugin, in a child, ends in its own error; this process goes on.
@Suite struct FaultyPluginTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var plugin: String
    var error: String
    var deadline = Duration.seconds(30)
    var limits = ChildCarrier.Limits()
    var testDescription: String { plugin }
  }

  static let cases = [
    Case(plugin: "segfault", error: "the plugin faulty crashed (SIGSEGV) in issuer.issue"),
    Case(plugin: "abort", error: "the plugin faulty crashed (SIGABRT) in issuer.issue"),
    Case(
      plugin: "hang", error: "the plugin faulty did not answer in issuer.issue within 200 ms, and was ended",
      deadline: .milliseconds(200)),
    Case(
      plugin: "garbage", error: "the plugin faulty answered in issuer.issue what cannot be read: it is no JSON object"),
    Case(
      plugin: "wrong-status",
      error: "the plugin faulty answered in issuer.issue what cannot be read: status 77 is none"),
    Case(
      plugin: "wrong-version",
      error: "the plugin faulty answered in issuer.issue what cannot be read: its version is 2, expected 1"),
    Case(
      plugin: "wrong-magic",
      error: "the plugin plugin.so does not fit this quorate (magic: expected 0x00455441524f5551, found "
        + "0x1122334455667788)"),
    Case(
      plugin: "wrong-major", error: "the plugin plugin.so does not fit this quorate (abi_major: expected 1, found 7)"),
    Case(
      plugin: "short-struct",
      error: "the plugin plugin.so does not fit this quorate (struct_size: expected at least 64, found 24)"),
    Case(
      plugin: "newer-host",
      error: "the plugin plugin.so does not fit this quorate (lowest_host: expected a version up to 0.1.0, which this "
        + "is, found `99.0.0`)"),
    Case(
      plugin: "no-entry",
      error: "plugin.so is no plugin: it has no function quorate_plugin that returns a descriptor"),
    Case(plugin: "double-reply", error: "the plugin faulty answered one call twice in issuer.issue"),
    Case(
      plugin: "unasked-reply",
      error: "the plugin faulty is not running any more in issuer.issue: "
        + "the plugin faulty answered a call that there never was"),
    Case(plugin: "exit", error: "the plugin faulty ended its process in issuer.issue, with status 3"),
    Case(
      plugin: "too-large",
      error: "the plugin faulty answered in issuer.issue more than is taken: a message of 1073741824 bytes, at most "
        + "16777216"),
    Case(
      plugin: "many-secrets",
      error: "the plugin faulty answered in issuer.issue more than is taken: 1000000 secrets, at most 64"),
    Case(plugin: "load-crash", error: "the plugin plugin.so crashed (SIGABRT)"),
    Case(
      plugin: "load-hang", error: "the plugin plugin.so did not answer within 2 s, and was ended",
      limits: ChildCarrier.Limits(loading: .seconds(2))),
    Case(
      plugin: "socket-garbage",
      error: "the plugin faulty answered in issuer.issue what cannot be read: it wrote to the connection of its process"
    ),
    Case(
      plugin: "runaway-memory", error: "the plugin faulty crashed (SIGABRT) in issuer.issue",
      limits: ChildCarrier.Limits(memoryBytes: 2 << 30)),
  ]

  @Test(arguments: cases) func `A plugin's fault ends in its own error`(_ one: Case) async throws {
    let plugin = try await CompiledPlugin(test: one.plugin)
    let issuer = CompiledPlugin.issuer("faulty", deadline: one.deadline) { () throws(PluginFault) in
      try await plugin.inChild(limits: one.limits)
    }
    let batch = IssueBatch(authority: AuthorityMaterial(certificate: []), requests: [])
    let error = await #expect(throws: PluginError.self) { try await issuer.issue(batch) }
    #expect(error?.why == one.error)
    #expect(error?.fix.isEmpty == false)
    // It stays at fault, and says the same or that it is not running.
    let again = await #expect(throws: PluginError.self) { try await issuer.issue(batch) }
    #expect(again?.why.contains(one.error) == true)
  }

  @Test func `Calls that a crash ends beside the one at fault are told so too`() async throws {
    let plugin = try await CompiledPlugin(test: "hang")
    let carrier = try await plugin.inChild()
    async let short = fault { try await carrier.call("one", PluginMessage(), deadline: .milliseconds(200)) }
    async let long = fault { try await carrier.call("two", PluginMessage(), deadline: .seconds(60)) }
    let faults = await [short, long]
    #expect(faults[0]?.kind == .deadline(milliseconds: 200))
    #expect(faults[1]?.call == "two")
    #expect(
      faults[1].map { "\($0)" }
        == "the plugin faulty is not running any more in two: the plugin faulty did not answer in one within 200 ms, "
        + "and was ended")
  }

  @Test func `A plugin that answers once more after it was cancelled is at fault`() async throws {
    let plugin = try await CompiledPlugin(test: "reply-after-cancel")
    let (asked, signal) = AsyncStream.makeStream(of: Void.self)
    let carrier = try await plugin.inChild { if $0.isProgress { signal.yield() } }
    let task = Task { await fault { try await carrier.call("wait", PluginMessage(), deadline: .seconds(30)) } }
    for await _ in asked { break }
    task.cancel()
    #expect(await task.value?.kind == .repliedTwice)
  }

  @Test func `A cancelled call to a plugin that does not stop ends, and so does the plugin`() async throws {
    let plugin = try await CompiledPlugin(test: "hang")
    let carrier = try await plugin.inChild()
    let task = Task { await fault { try await carrier.call("wait", PluginMessage(), deadline: .seconds(60)) } }
    task.cancel()
    #expect(await task.value?.kind == .cancelled(stopped: true))
  }

  @Test func `Of an endless log the first ten thousand lines are taken, without control characters`() async throws {
    let plugin = try await CompiledPlugin(test: "endless-log")
    let lines = Mutex<[PluginLogLine]>([])
    let carrier = try await plugin.inChild { line in lines.withLock { $0.append(line) } }
    _ = try await carrier.call("log", PluginMessage(), deadline: .seconds(60))
    let taken = lines.withLock { $0 }
    #expect(taken.count == 10_001)
    #expect(taken.first?.text == " [31mline ")
    #expect(taken.last?.level == .warning)
    await carrier.close()
  }

  @Test func `A plugin in a child finds nothing of this process, and can start nothing`() async throws {
    let plugin = try await CompiledPlugin(test: "surroundings")
    // What nobody closes in children, as some library may leave it.
    var open: [Int32] = [-1, -1]
    #expect(pipe(&open) == 0)
    defer { for descriptor in open { Glibc.close(descriptor) } }
    let carrier = try await plugin.inChild()
    let reply = try await carrier.call("look", PluginMessage(), deadline: .seconds(30))
    let found: Failure = try reply.message.value()
    #expect(found.why.contains("sockets=1 files=0 fork=refused core=0 privileges=1 dumpable=0 leads=1"), "\(found.why)")
    let variables = found.why.split(separator: " ")[0].dropFirst("variables=".count).split(separator: ",")
    #expect(Set(variables).isSubset(of: ["HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "SWIFT_BACKTRACE", "TZ"]))
    await carrier.close()
    let closed = await fault { try await carrier.call("look", PluginMessage(), deadline: .seconds(30)) }
    #expect(closed?.kind == .closed)
  }

  private func fault(_ body: () async throws -> CarriedReply) async -> PluginFault? {
    do {
      _ = try await body()
      return nil
    } catch { return error as? PluginFault }
  }
}
