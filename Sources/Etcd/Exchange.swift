/// One request to a member and what may come back.
struct Exchange: Sendable {
  /// How a request is carried and what becomes of the answer.
  enum Form: Sendable {
    /// A JSON text by HTTP/1.1 on the kept connection; the answer is collected.
    case json
    /// A JSON text by HTTP/1.1; the answer's body goes to a sink as it arrives.
    case streamed(any BodySink)
    /// A gRPC message by HTTP/2 on a connection of its own.
    case grpc
    /// No request: a TLS handshake on a connection of its own, for the certificates that the member shows.
    case handshake(verifying: Bool)
    /// No request: a TLS handshake, and up to a second in which the member may refuse the client's certificate.
    case diagnosis
  }

  /// What is asked, as etcdctl names it.
  var call: String
  var form: Form
  var path: String
  var body: [UInt8]
  /// The whole exchange's limit; 0: none, but then no part of it may be silent for longer than ``silenceLimit``.
  var timeoutMilliseconds: Int
  /// The most bytes that are collected.
  var limit: Int
  /// Whether it may be carried out twice.
  var isRepeatable: Bool

  /// Seconds without a byte after which a streamed answer is given up.
  static let silenceLimit = 30
}

/// Takes a streamed body, on the client's own thread.
protocol BodySink: Sendable {
  /// Takes the next bytes.
  ///
  /// - Parameter isCancelled: Asked while writing blocks.
  /// - Returns: Nil to go on; why not, otherwise.
  func take(_ bytes: UnsafeRawBufferPointer, isCancelled: @Sendable () -> Bool) -> String?
}

/// What came of an exchange.
enum Outcome: Sendable {
  case answered(Answer)
  /// A connection is needed and no stream was given. `hasBeenSent`: the request went out on the connection before,
  /// which was lost.
  case needsStream(hasBeenSent: Bool)
  case failed(Failure)
}

/// An HTTP answer, or the certificates of a handshake.
struct Answer: Sendable {
  var status: Int
  var body: [UInt8]
  /// Headers and trailers that are looked at, by their lower-case names.
  var fields: [String: String]
  /// The certificates that the member showed, each as libcurl's list of `name:value`.
  var certificates: [[String]]
}

/// Why an exchange failed.
struct Failure: Sendable {
  /// libcurl's code.
  var code: UInt32
  /// libcurl's own text, and what OpenSSL said.
  var text: String
  /// X509_V_…: what is wrong with the member's certificate; 0: nothing.
  var verification: Int
  /// Whether a connection was ready and the request was being sent or had been.
  var hasBeenSent: Bool
  /// Whether a new connection ended without a byte of an answer.
  var wasSilent = false
  /// Why this program stopped it; nil: it did not.
  var stop: Stop?

  enum Stop: Sendable, Equatable {
    case cancelled
    case tooLarge
    case sink(String)
    case unavailable(String)
  }
}
