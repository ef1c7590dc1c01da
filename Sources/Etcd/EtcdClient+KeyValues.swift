internal import FoundationEssentials
public import QuorateCore

extension EtcdClient {
  /// Writes a value (`/v3/kv/put`).
  ///
  /// - Returns: The revision that the write made.
  @discardableResult
  public func put(_ value: [UInt8], at key: [UInt8]) async throws(EtcdError) -> Int64 {
    let call = "put"
    let request = PutRequest(key: Data(key), value: Data(value))
    let body = try await ask(call, "/v3/kv/put", request.json, repeatable: false)
    do { return try EtcdGateway.header(body)?.revision ?? 0 } catch {
      throw notUnderstood(error, call, mayHaveHappened: true)
    }
  }

  /// Reads a value.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - serializable: Whether this member answers from what it holds, without asking the others.
  /// - Returns: The value; nil where the key does not exist.
  public func get(_ key: [UInt8], serializable: Bool = false) async throws(EtcdError) -> [UInt8]? {
    try await range(key: key, serializable: serializable).pairs.first?.value
  }

  /// Reads keys and values (`/v3/kv/range`).
  ///
  /// - Parameters:
  ///   - key: The first key.
  ///   - end: The first key that is no longer read; nil: only `key`.
  ///   - limit: The most pairs; 0: all.
  ///   - serializable: Whether this member answers from what it holds, without asking the others.
  ///   - call: What messages call it.
  public func range(
    key: [UInt8], end: [UInt8]? = nil, limit: Int64 = 0, serializable: Bool = false, call: String = "get"
  ) async throws(EtcdError) -> EtcdRange {
    let request = RangeRequest(
      key: Data(key), rangeEnd: end.map { Data($0) }, limit: limit > 0 ? String(limit) : nil,
      serializable: serializable ? true : nil)
    let body = try await ask(call, "/v3/kv/range", request.json)
    do { return try EtcdGateway.range(body) } catch { throw notUnderstood(error, call) }
  }

  /// Deletes keys (`/v3/kv/deleterange`).
  ///
  /// - Parameters:
  ///   - key: The first key.
  ///   - end: The first key that stays; nil: only `key` goes.
  public func delete(_ key: [UInt8], end: [UInt8]? = nil) async throws(EtcdError) {
    let request = DeleteRequest(key: Data(key), rangeEnd: end.map { Data($0) })
    _ = try await ask("del", "/v3/kv/deleterange", request.json, repeatable: false)
  }
}
