public import QuorateCore

/// A snapshot that was written and checked.
public struct EtcdSnapshot: Sendable, Codable, Hashable {
  /// Bytes that were written: the database file and its checksum.
  public var bytes: Int64
  /// The SHA-256 of the database file, lower-case hexadecimal, which is also its last 32 bytes.
  public var sha256: String
}

extension EtcdClient {
  /// Writes a snapshot of the member's database to a descriptor, in the form of `etcdctl snapshot save`
  /// (`/v3/maintenance/snapshot`), and checks it against the checksum that etcd sends at its end.
  ///
  /// The whole has no time limit; a member that is silent for 30 seconds is given up. The client does nothing else
  /// meanwhile, so use one for it alone. What was written before an error is not a snapshot: write to a temporary name.
  ///
  /// - Parameters:
  ///   - descriptor: Where it goes, file or pipe; it stays the caller's and must stay open until this returns.
  ///   - progress: Told after each piece of 32 KB, on the client's thread: bytes written, bytes still to come.
  public func snapshot(
    to descriptor: Int32, progress: (@Sendable (Int64, Int64) -> Void)? = nil
  ) async throws(EtcdError) -> EtcdSnapshot {
    let sink = SnapshotSink(descriptor: descriptor, progress: progress)
    let exchange = Exchange(
      call: "snapshot save", form: .streamed(sink), path: "/v3/maintenance/snapshot", body: Array("{}".utf8),
      timeoutMilliseconds: 0, limit: 1 << 20, isRepeatable: false)
    let answer: Answer
    do { answer = try await carryOut(exchange) } catch {
      var error = error
      error.mayHaveHappened = false
      if let refusal = sink.refusal { (error.code, error.refusal) = (.refused, refusal) }
      throw error
    }
    guard answer.status == 200 else { throw refusal(answer, of: exchange) }
    switch sink.finish() {
    case .success(let snapshot): return snapshot
    case .failure(let unusable):
      throw EtcdError(.snapshotFailed, member: name, call: exchange.call, why: unusable.why)
    }
  }
}
