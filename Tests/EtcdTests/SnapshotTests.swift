import Foundation
import Glibc
import QuorateCore
import QuorateEtcd
import Testing

@Suite(.enabled(if: EtcdCluster.isInstalled, EtcdCluster.missing), .cluster(1), .timeLimit(.minutes(3)))
struct SnapshotTests {
  /// Some megabytes of keys.
  private func fill(_ client: EtcdClient) async throws {
    for index in UInt8(0)..<8 { try await client.put(Array(repeating: index, count: 1 << 20), at: [index]) }
  }

  @Test func `A snapshot of some megabytes is what etcdctl calls a snapshot`() async throws {
    let cluster = try EtcdCluster.current
    let client = try cluster.client()
    try await fill(client)
    let path = "\(cluster.authority.folder)/snapshot.db"
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    let last = AsyncStream.makeStream(of: [Int64].self, bufferingPolicy: .bufferingNewest(1))
    let snapshot = try await client.snapshot(to: file) { written, remaining in
      last.continuation.yield([written, remaining])
    }
    last.continuation.finish()
    close(file)
    #expect(snapshot.bytes > 8 << 20)
    for await progress in last.stream { #expect(progress == [snapshot.bytes, 0]) }
    let bytes = try TestAuthority.bytes(path)
    #expect(bytes.count == Int(snapshot.bytes))
    #expect(bytes.suffix(32).map { String(format: "%02x", $0) }.joined() == snapshot.sha256)
    let etcdctl = ChildProcess(["env", "ETCDCTL_API=3", "etcdctl", "snapshot", "status", path])
    #expect(await etcdctl.waitForExit() == 0, "\(etcdctl.output)")
    await client.close()
  }

  @Test func `A snapshot goes into a pipe too, and ends where its reader goes`() async throws {
    let cluster = try EtcdCluster.current
    let client = try cluster.client()
    try await fill(client)
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    let (reader, writer) = (ends[0], ends[1])
    let task = Task { try await client.snapshot(to: writer) }
    let start = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(reader, &buffer, buffer.count)
        close(reader)
        continuation.resume(returning: count)
      }
    }
    #expect(start > 0)
    let error = await #expect(throws: EtcdError.self) { try await task.value }
    #expect(error?.code == .snapshotFailed && error?.why == "the snapshot could not be written: Broken pipe")
    close(writer)
    #expect(try await client.status().isLeader)
    await client.close()
  }

  @Test func `A snapshot that is cancelled ends at once, even where nobody reads the pipe`() async throws {
    let cluster = try EtcdCluster.current
    let client = try cluster.client()
    try await fill(client)
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    let writer = ends[1]
    let begun = AsyncStream.makeStream(of: Void.self)
    let task = Task { try await client.snapshot(to: writer) { _, _ in begun.continuation.yield() } }
    for await _ in begun.stream { break }
    task.cancel()
    let error = await #expect(throws: EtcdError.self) { try await task.value }
    #expect(error?.code == .cancelled)
    close(ends[0])
    close(writer)
    await client.close()
  }

  @Test func `A full disk is named`() async throws {
    let cluster = try EtcdCluster.current
    let client = try cluster.client()
    let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
    let error = await #expect(throws: EtcdError.self) { try await client.snapshot(to: full) }
    #expect(error?.why == "the snapshot could not be written: No space left on device")
    close(full)
    await client.close()
  }
}
