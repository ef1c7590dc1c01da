internal import CCurl
internal import Glibc
internal import QuorateCore

/// A libcurl handle with its one connection cache, and the exchange that is under way. Used on one thread only.
///
/// Everything libcurl knows is set anew before each exchange, so that nothing is left over from the one before but
/// the connection. A handle of its own for each client keeps members apart whose addresses are equal as their own
/// hosts see them (127.0.0.1 through two SSH connections): libcurl would take one's connection for the other's.
final class CurlSession {
  let multi: UnsafeMutableRawPointer
  private let easy: UnsafeMutableRawPointer
  private let errorText: UnsafeMutablePointer<CChar>
  private let endpoint: NetworkEndpoint
  private let credentials: EtcdCredentials
  private var transfer = Transfer()

  /// What is known of the exchange under way.
  private struct Transfer {
    var stream = StreamHandover(nil)
    var isReady = false
    var body: [UInt8] = []
    var limit = 0
    var sink: (any BodySink)?
    var fieldBytes = 0
    var fields: [String: String] = [:]
    var stop: Failure.Stop?
    /// libcurl's line about a TLS alert. The error buffer may hold an earlier complaint instead, as the one that a
    /// connection which the member has closed has no peer.
    var alert: String?
    var isCancelled: @Sendable () -> Bool = { false }
  }

  private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  init?(endpoint: NetworkEndpoint, credentials: EtcdCredentials) {
    guard Self.isLibraryReady, let multi = curl_multi_init() else { return nil }
    guard let easy = curl_easy_init() else {
      curl_multi_cleanup(multi)
      return nil
    }
    self.multi = multi
    self.easy = easy
    self.endpoint = endpoint
    self.credentials = credentials
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  /// Closes the connection. The multi handle must not be woken any more.
  func close() {
    curl_easy_cleanup(easy)
    curl_multi_cleanup(multi)
    errorText.deallocate()
  }

  /// Returns when the multi handle is woken, or after a minute.
  func wait() { curl_multi_poll(multi, nil, 0, 60_000, nil) }

  /// Carries out an exchange.
  ///
  /// - Parameters:
  ///   - exchange: What to send.
  ///   - descriptor: A connected stream to use where a connection is needed; this call owns it.
  ///   - isCancelled: Asked whenever libcurl wakes.
  func run(_ exchange: Exchange, descriptor: Int32?, isCancelled: @escaping @Sendable () -> Bool) -> Outcome {
    transfer = Transfer()
    transfer.stream = StreamHandover(descriptor)
    transfer.limit = exchange.limit
    transfer.isCancelled = isCancelled
    if case .streamed(let sink) = exchange.form { transfer.sink = sink }
    errorText[0] = 0
    defer {
      curl_easy_reset(easy)
      transfer.stream.closeUnused()
      transfer = Transfer()
    }
    // The blobs are not copied: they stay in place while libcurl may read them, which is until the reset.
    return credentials.key.withBytes { key in
      credentials.certificate.withUnsafeBytes { certificate in
        credentials.authority.withUnsafeBytes { authority in
          let blobs = [
            (CURLOPT_SSLKEY_BLOB, key), (CURLOPT_SSLCERT_BLOB, certificate), (CURLOPT_CAINFO_BLOB, authority),
          ]
          return perform(exchange, blobs: blobs)
        }
      }
    }
  }

  private func perform(_ exchange: Exchange, blobs: [(CURLoption, UnsafeRawBufferPointer)]) -> Outcome {
    var lists: [UnsafeMutablePointer<curl_slist>?] = []
    defer { for list in lists { curl_slist_free_all(list) } }
    var codes = configure() + blobs.map { quorate_curl_set_blob(easy, $0.0, $0.1.baseAddress, $0.1.count) }
    codes += configure(exchange, lists: &lists)
    guard codes.allSatisfy({ $0 == CURLE_OK }) else {
      return .failed(
        failure(CURLE_FAILED_INIT, stop: .unavailable("this libcurl takes no certificates from memory over OpenSSL")))
    }
    guard curl_multi_add_handle(multi, easy) == CURLM_OK else { return .failed(failure(CURLE_FAILED_INIT)) }
    defer { curl_multi_remove_handle(multi, easy) }
    guard var code = drive() else { return .failed(failure(CURLE_ABORTED_BY_CALLBACK, stop: .cancelled)) }
    if code == CURLE_OK, case .diagnosis = exchange.form { code = awaitRefusal() }
    if transfer.stream.wasMissed { return .needsStream(hasBeenSent: transfer.isReady) }
    guard code == CURLE_OK else { return .failed(failure(code, stop: transfer.stop)) }
    return .answered(
      Answer(
        status: quorate_curl_long(easy, CURLINFO_RESPONSE_CODE), body: transfer.body, fields: transfer.fields,
        certificates: certificates()))
  }

  /// Lets libcurl work until the exchange has ended; nil: it was cancelled.
  private func drive() -> CURLcode? {
    while true {
      var running: Int32 = 0
      guard curl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_FAILED_INIT }
      if running == 0 { break }
      if transfer.isCancelled() { return nil }
      curl_multi_poll(multi, nil, 0, 1000, nil)
    }
    var left: Int32 = 0
    var code = CURLE_FAILED_INIT
    while let message = curl_multi_info_read(multi, &left) {
      if message.pointee.msg == CURLMSG_DONE { code = message.pointee.data.result }
    }
    return code
  }

  /// Waits a moment for what a member says after the handshake: in TLS 1.3 it refuses a client certificate only then.
  private func awaitRefusal() -> CURLcode {
    var byte: CChar = 0
    var count = 0
    for _ in 0..<10 where !transfer.isCancelled() {
      let code = curl_easy_recv(easy, &byte, 1, &count)
      guard code == CURLE_AGAIN else { return code }
      var wish = pollfd(fd: quorate_curl_active_socket(easy), events: Int16(POLLIN), revents: 0)
      poll(&wish, 1, 100)
    }
    return CURLE_OK
  }

  private func failure(_ code: CURLcode, stop: Failure.Stop? = nil) -> Failure {
    let own = String(cString: errorText)
    let text = transfer.alert ?? (own.isEmpty ? String(cString: curl_easy_strerror(code)) : own)
    return Failure(
      code: code.rawValue, text: text, verification: quorate_curl_long(easy, CURLINFO_SSL_VERIFYRESULT),
      hasBeenSent: transfer.isReady, wasSilent: transfer.stream.isInUse && transfer.fieldBytes == 0, stop: stop)
  }

  /// What is set for every exchange.
  private func configure() -> [CURLcode] {
    let context = Unmanaged.passUnretained(self).toOpaque()
    return [
      quorate_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText),
      quorate_curl_set_long(easy, CURLOPT_NOSIGNAL, 1),
      // Neither a proxy nor anything else of the operator's environment stands between a stream and its member.
      quorate_curl_set_text(easy, CURLOPT_PROXY, ""),
      quorate_curl_set_text(easy, CURLOPT_NOPROXY, "*"),
      quorate_curl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
      quorate_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1),
      quorate_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
      // A resumed session shows no certificate, and the newest one is wanted.
      quorate_curl_set_long(easy, CURLOPT_SSL_SESSIONID_CACHE, 0),
      // The member's CA and no other: the system's are libcurl's default.
      quorate_curl_set_text(easy, CURLOPT_CAINFO, nil),
      quorate_curl_set_text(easy, CURLOPT_CAPATH, nil),
      // A key with a passphrase is refused instead of asking for it on the terminal.
      quorate_curl_set_text(easy, CURLOPT_KEYPASSWD, ""),
      quorate_curl_on_body(
        easy, { data, size, count, context in CurlSession.at(context)?.take(data, size * count) ?? 0 }, context),
      quorate_curl_on_header(
        easy, { data, size, count, context in CurlSession.at(context)?.takeField(data, size * count) ?? 0 }, context),
      quorate_curl_on_open(
        easy, { context, _, address in CurlSession.at(context)?.transfer.stream.open(for: address) ?? -1 }, context),
      quorate_curl_on_socket(easy, { _, _, _ in StreamHandover.answerToConnect }, context),
      quorate_curl_on_tls(
        easy,
        { _, _, context in
          CurlSession.at(context)?.transfer.stream.begin() == true ? CURLE_OK : CURLE_ABORTED_BY_CALLBACK
        }, context),
      quorate_curl_on_account(
        easy,
        { _, kind, data, count, context in
          if kind == CURLINFO_TEXT { CurlSession.at(context)?.takeAccount(data, count) }
          return 0
        }, context),
      quorate_curl_on_ready(
        easy,
        { context, _, _, _, _ in
          CurlSession.at(context)?.transfer.isReady = true
          return CURL_PREREQFUNC_OK
        }, context),
    ]
  }

  /// What is set for one exchange.
  private func configure(_ exchange: Exchange, lists: inout [UnsafeMutablePointer<curl_slist>?]) -> [CURLcode] {
    var codes = [
      quorate_curl_set_text(easy, CURLOPT_URL, endpoint.url() + exchange.path),
      quorate_curl_set_long(easy, CURLOPT_TIMEOUT_MS, exchange.timeoutMilliseconds),
      quorate_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
    ]
    var fields = ["Content-Type: application/json"]
    switch exchange.form {
    case .json: break
    case .streamed:
      codes.append(quorate_curl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1))
      codes.append(quorate_curl_set_long(easy, CURLOPT_LOW_SPEED_TIME, Exchange.silenceLimit))
    case .grpc:
      fields = ["Content-Type: application/grpc", "TE: trailers"]
      codes.append(quorate_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)))
      codes += configureForOneConnection()
    case .diagnosis:
      // The connection must outlive the handshake here; it is closed when the handle leaves the multi handle.
      codes.append(quorate_curl_set_long(easy, CURLOPT_CONNECT_ONLY, 1))
      codes.append(quorate_curl_set_long(easy, CURLOPT_FRESH_CONNECT, 1))
      return codes
    case .handshake(let verifying):
      codes.append(quorate_curl_set_long(easy, CURLOPT_CONNECT_ONLY, 1))
      codes.append(quorate_curl_set_long(easy, CURLOPT_CERTINFO, 1))
      if !verifying {
        codes.append(quorate_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 0))
        codes.append(quorate_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 0))
      }
      return codes + configureForOneConnection()
    }
    var list: UnsafeMutablePointer<curl_slist>?
    for field in fields + ["Accept:", "Expect:"] { list = curl_slist_append(list, field) ?? list }
    lists.append(list)
    codes.append(quorate_curl_set_pointer(easy, CURLOPT_HTTPHEADER, list))
    codes.append(quorate_curl_set_long(easy, CURLOPT_POST, 1))
    codes.append(quorate_curl_set_long(easy, CURLOPT_POSTFIELDSIZE, exchange.body.count))
    codes.append(
      exchange.body.withUnsafeBytes { quorate_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) })
    return codes
  }

  private func configureForOneConnection() -> [CURLcode] {
    [
      quorate_curl_set_long(easy, CURLOPT_FRESH_CONNECT, 1), quorate_curl_set_long(easy, CURLOPT_FORBID_REUSE, 1),
    ]
  }

  private static func at(_ context: UnsafeMutableRawPointer?) -> CurlSession? {
    context.map { Unmanaged<CurlSession>.fromOpaque($0).takeUnretainedValue() }
  }

  private func take(_ data: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard let data, count > 0 else { return count }
    let bytes = UnsafeRawBufferPointer(start: data, count: count)
    if let sink = transfer.sink, quorate_curl_long(easy, CURLINFO_RESPONSE_CODE) == 200 {
      guard let why = sink.take(bytes, isCancelled: transfer.isCancelled) else { return count }
      transfer.stop = transfer.isCancelled() ? .cancelled : .sink(why)
      return 0
    }
    guard transfer.body.count + count <= transfer.limit else {
      transfer.stop = .tooLarge
      return 0
    }
    transfer.body.append(contentsOf: bytes)
    return count
  }

  private func takeAccount(_ data: UnsafeMutablePointer<CChar>?, _ count: Int) {
    guard let data else { return }
    let line = String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
    // `OpenSSL SSL_read: … sslv3 alert bad certificate …`; not `TLS alert, close notify`, which only reports one.
    if line.hasPrefix("OpenSSL SSL_"), line.contains(" alert ") {
      transfer.alert = String(line.prefix { !$0.isNewline })
    }
  }

  private func takeField(_ data: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard let data, count > 0 else { return count }
    transfer.fieldBytes += count
    guard transfer.fieldBytes <= 64 << 10 else {
      transfer.stop = .tooLarge
      return 0
    }
    let line = String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
    guard let colon = line.firstIndex(of: ":") else { return count }
    let name = line[..<colon].lowercased()
    guard ["content-type", "grpc-status", "grpc-message"].contains(name) else { return count }
    transfer.fields[name] = String(
      line[line.index(after: colon)...].drop { $0 == " " }.prefix { !$0.isNewline })
    return count
  }

  private func certificates() -> [[String]] {
    guard let chain = quorate_curl_certificates(easy)?.pointee, chain.num_of_certs > 0, let lists = chain.certinfo
    else {
      return []
    }
    return (0..<Int(chain.num_of_certs)).map { index in
      var fields: [String] = []
      var next = lists[index]
      while let entry = next {
        if let data = entry.pointee.data { fields.append(String(cString: data)) }
        next = entry.pointee.next
      }
      return fields
    }
  }
}
