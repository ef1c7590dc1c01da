public import QuorateCore

extension EtcdClient {
  /// The hash of the member's key-value store up to a revision (`HashKV`), by gRPC on a connection of its own: the one
  /// way that every etcd from 3.4 on has.
  ///
  /// - Parameter revision: Up to where; 0: the newest. Hashes are comparable at one revision only, so ask all members
  ///   for the lowest of theirs.
  public func hashKV(revision: Int64 = 0) async throws(EtcdError) -> EtcdHash {
    let exchange = Exchange(
      call: "endpoint hashkv", form: .grpc, path: GRPCMessage.hashKVPath,
      body: GRPCMessage.hashKVRequest(revision: revision), timeoutMilliseconds: milliseconds(max(timeoutSeconds, 30)),
      limit: 64 << 10, isRepeatable: true)
    let answer = try await carryOut(exchange)
    guard answer.status == 200, answer.fields["content-type"]?.hasPrefix("application/grpc") == true,
      let code = answer.fields["grpc-status"].flatMap({ Int($0) })
    else {
      throw EtcdError(
        .notEtcd, member: name, call: exchange.call,
        why: "what answers there does not speak gRPC (HTTP status \(answer.status))")
    }
    guard code == 0 else {
      let message = answer.fields["grpc-message"] ?? "no reason given"
      throw EtcdError(
        .refused, member: name, call: exchange.call, why: message, refusal: EtcdRefusal(code: code, message: message))
    }
    do { return try GRPCMessage.hashKV(answer.body, asked: revision) } catch {
      throw notUnderstood(error, exchange.call)
    }
  }
}
