import Dispatch
import QuorateCore
import Synchronization
import Testing

@testable import QuoratePKI

@Suite struct WorkThreadsTests {
  @Test(arguments: [1, 2, 7])
  func `Every element is transformed once, and results keep their order`(_ threads: Int) async throws {
    let calls = Mutex(0)
    let results = try await WorkThreads.map(Array(0..<500), threads: threads) { element in
      calls.withLock { $0 += 1 }
      return element * 2
    }
    #expect(results == (0..<500).map { $0 * 2 })
    #expect(calls.withLock { $0 } == 500)
    #expect(try await WorkThreads.map([Int](), threads: threads) { $0 }.isEmpty)
  }

  @Test func `Cancelling takes no further element and waits for those under way`() async throws {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let gate = DispatchSemaphore(value: 0)
    let task = Task {
      try await WorkThreads.map(Array(0..<100), threads: 2) { element in
        continuation.yield()
        // A thread of its own may wait; the gate opens after the cancellation.
        gate.wait()
        return element
      }
    }
    var arrivals = stream.makeAsyncIterator()
    await arrivals.next()
    await arrivals.next()
    task.cancel()
    gate.signal()
    gate.signal()
    let results = try await task.value
    #expect(results.count == 100)
    #expect(results.compactMap { $0 } == [0, 1])
  }

  @Test func `A cancelled making of keys says so`() async throws {
    let task = Task {
      try await TestAuthority.toolkit.makeKeys(
        for: Array(repeating: TestAuthority.clientProfile(.rsa2048), count: 64))
    }
    task.cancel()
    let error = await #expect(throws: PluginError.self) { try await task.value }
    #expect(error?.why == "the making of keys was cancelled")
  }

  @Test func `The error of a body comes out`() async throws {
    let error = await #expect(throws: PluginError.self) {
      try await WorkThreads.run { () throws(PluginError) -> Int in throw PluginError(plugin: "x", why: "why") }
    }
    #expect(error?.why == "why")
    #expect(try await WorkThreads.run { () throws(PluginError) in 7 } == 7)
  }
}
