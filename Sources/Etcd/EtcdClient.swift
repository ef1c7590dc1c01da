internal import Glibc
public import QuorateCore

/// Speaks to one member's client endpoint: its JSON gateway over HTTPS with a client certificate, by libcurl.
///
/// The connection is a stream that the caller's closure opens, when one is needed: a Transport's
/// ``Transport/stream(to:on:)``, so that the operator's machine needs no route to the member. It is kept between calls.
/// Calls are carried out one after the other on a thread of the client's own. A long call (a snapshot) therefore wants a
/// client of its own.
///
/// The member's certificate must be issued by the given CA, and by no other, and name the endpoint's address. Neither
/// a proxy nor the system's CAs have a part in it.
public final class EtcdClient: Sendable {
  /// Makes clients for Core, which knows this module by its contract only.
  public static let factory: EtcdClientFactory = { host, credentials, stream in
    EtcdClient(endpoint: host.clientEndpoint, host: host.name, credentials: credentials, stream: stream)
  }

  /// The member's client endpoint, which its certificate must name.
  public let endpoint: NetworkEndpoint
  /// The time limit of a call that has no longer one by its nature, in seconds.
  public let timeoutSeconds: Double

  let name: String
  private let credentials: EtcdCredentials
  private let stream: EtcdStream
  private let thread: CurlThread

  /// Makes a client. Nothing is connected before the first call.
  ///
  /// - Parameters:
  ///   - endpoint: The member's client endpoint.
  ///   - host: The host's name, for messages; nil: the endpoint stands alone.
  ///   - credentials: What to show, and whom to trust.
  ///   - timeoutSeconds: The time limit of a call.
  ///   - stream: Opens a stream to the endpoint, when one is needed.
  public init(
    endpoint: NetworkEndpoint, host: String? = nil, credentials: EtcdCredentials, timeoutSeconds: Double = 5,
    stream: @escaping EtcdStream
  ) {
    self.endpoint = endpoint
    self.timeoutSeconds = timeoutSeconds
    self.credentials = credentials
    self.stream = stream
    name = host.map { "\($0) (\(endpoint))" } ?? endpoint.description
    thread = CurlThread(endpoint: endpoint, credentials: credentials)
  }

  deinit { thread.abandon() }

  /// Ends the connection and every call under way, which throw ``EtcdError/Code/cancelled``. A later call throws it too.
  public func close() async { await thread.close() }

  /// Asks for a JSON answer.
  func ask(
    _ call: String, _ path: String, _ body: [UInt8] = Array("{}".utf8), repeatable: Bool = true,
    timeoutSeconds: Double? = nil, limit: Int = 16 << 20
  ) async throws(EtcdError) -> [UInt8] {
    let exchange = Exchange(
      call: call, form: .json, path: path, body: body, timeoutMilliseconds: milliseconds(timeoutSeconds), limit: limit,
      isRepeatable: repeatable)
    let answer = try await carryOut(exchange)
    guard answer.status == 200 else { throw refusal(answer, of: exchange) }
    return answer.body
  }

  func milliseconds(_ seconds: Double?) -> Int { max(1, Int(min(seconds ?? timeoutSeconds, 86_400) * 1000)) }

  /// Carries out an exchange, opening a stream where one is needed.
  func carryOut(_ exchange: Exchange) async throws(EtcdError) -> Answer {
    var descriptor: Int32?
    // At most: the kept connection, which turns out to be gone; then a new one.
    for _ in 0..<2 {
      switch await thread.run(exchange, descriptor: descriptor) {
      case .answered(let answer): return answer
      case .failed(let failure):
        let error = EtcdError(failure, of: exchange, with: name, credentials: credentials)
        guard error.code == .connectionLost, failure.wasSilent else { throw error }
        throw await refusalOfCertificate(for: exchange) ?? error
      case .needsStream(let hasBeenSent):
        guard !hasBeenSent || exchange.isRepeatable else {
          throw EtcdError(
            .connectionLost, member: name, call: exchange.call, why: "the connection ended before the answer",
            mayHaveHappened: true)
        }
        descriptor = try await connect(for: exchange)
      }
    }
    throw EtcdError(
      .connectionLost, member: name, call: exchange.call, why: "the connection ended before the answer",
      mayHaveHappened: !exchange.isRepeatable)
  }

  /// Whether a connection that ended without a word did so because the member refuses the client certificate. Its alert
  /// can be lost when the request is already on its way; so it is asked for again, without a request.
  private func refusalOfCertificate(for exchange: Exchange) async -> EtcdError? {
    guard let descriptor = try? await connect(for: exchange) else { return nil }
    let diagnosis = Exchange(
      call: exchange.call, form: .diagnosis, path: "/", body: [], timeoutMilliseconds: milliseconds(nil), limit: 0,
      isRepeatable: true)
    guard case .failed(let failure) = await thread.run(diagnosis, descriptor: descriptor) else { return nil }
    let error = EtcdError(failure, of: diagnosis, with: name, credentials: credentials)
    return error.code == .clientCertificateRefused || error.code == .clientCertificateExpired ? error : nil
  }

  private func connect(for exchange: Exchange) async throws(EtcdError) -> Int32 {
    do {
      return try await stream()
    } catch {
      let code: EtcdError.Code =
        switch error.code {
        case .cancelled: .cancelled
        case .timedOut: .timedOut
        case .connectionLost: .connectionLost
        default: .unreachable
        }
      throw EtcdError(code, member: name, call: exchange.call, why: error.why, fix: error.fix)
    }
  }

  /// What an answer with another status than 200 means.
  func refusal(_ answer: Answer, of exchange: Exchange) -> EtcdError {
    if let refusal = EtcdGateway.refusal(answer.body) {
      // A timeout or a lost leader is told when it is not known what became of the request.
      let isOpen = !exchange.isRepeatable && (refusal.code == 4 || refusal.code == 14)
      return EtcdError(
        .refused, member: name, call: exchange.call, why: refusal.message, refusal: refusal, mayHaveHappened: isOpen)
    }
    let isAbsent = answer.status == 404
    return EtcdError(
      .notEtcd, member: name, call: exchange.call,
      why: isAbsent
        ? "what answers there does not know \(exchange.path) (HTTP status 404)"
        : "what answers there is not etcd (HTTP status \(answer.status))",
      fix: isAbsent ? "etcd's JSON gateway may be switched off (--enable-grpc-gateway=false)" : "")
  }

  /// What bytes that are no answer mean.
  func notUnderstood(_ error: EtcdFormatError, _ call: String, mayHaveHappened: Bool = false) -> EtcdError {
    EtcdError(.notEtcd, member: name, call: call, why: error.description, mayHaveHappened: mayHaveHappened)
  }
}
