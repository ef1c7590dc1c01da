internal import CLibSSH2
internal import QuorateCore

/// One session of libssh2, in its non-blocking form. Every call that answers ``SSHOutcome/again`` is to be repeated.
///
/// Used by one ``SSHConnection`` on its loop; freed with its last reference, or by ``free()``.
final class SSHSession {
  /// The bytes below.
  let wire: Wire
  private var session: OpaquePointer?

  /// Makes a session over a connected socket; nil when there is no memory for it.
  init?(wire: Wire) {
    guard SSHLibrary.isReady, let session = wire.makeSession() else { return nil }
    self.wire = wire
    self.session = session
  }

  deinit { free() }

  /// Frees the session and every channel; all calls fail from then on.
  func free() {
    guard let session else { return }
    wire.lose(0)
    self.session = nil
    libssh2_session_free(session)
  }

  // MARK: Handshake

  /// Offers only these host key types, in this order. They must be supported ones.
  func offer(hostKeyTypes: [String]) {
    guard let session, !hostKeyTypes.isEmpty else { return }
    libssh2_session_method_pref(session, LIBSSH2_METHOD_HOSTKEY, hostKeyTypes.joined(separator: ","))
  }

  /// Exchanges versions and keys.
  func handshake() -> SSHOutcome<Void> {
    guard let session else { return .failed(.gone) }
    return outcome(libssh2_session_handshake(session, wire.socket))
  }

  /// The key that the host proved to have, as it goes over the wire (RFC 4253 section 6.6).
  var hostKey: [UInt8]? {
    guard let session else { return nil }
    var count = 0
    var type: Int32 = 0
    guard let key = libssh2_session_hostkey(session, &count, &type), count > 0 else { return nil }
    return Array(UnsafeRawBufferPointer(start: key, count: count))
  }

  // MARK: Authentication

  /// Logs in with a private key in memory.
  ///
  /// - Parameters:
  ///   - key: The file's content with a zero byte behind it: the library measures it with `strlen`.
  ///   - passphrase: The passphrase with a zero byte behind it; nil: the key is not encrypted.
  func authenticate(user: String, key: SecretBytes, passphrase: SecretBytes?) -> SSHOutcome<Void> {
    guard let session else { return .failed(.gone) }
    return key.withBytes { key in
      func attempt(_ passphrase: UnsafePointer<CChar>?) -> SSHOutcome<Void> {
        outcome(
          libssh2_userauth_publickey_frommemory(
            session, user, user.utf8.count, nil, 0, key.bindMemory(to: CChar.self).baseAddress, key.count - 1,
            passphrase))
      }
      guard let passphrase else { return attempt(nil) }
      return passphrase.withBytes { attempt($0.bindMemory(to: CChar.self).baseAddress) }
    }
  }

  /// Logs in with a key whose signatures come from elsewhere.
  ///
  /// - Parameters:
  ///   - publicKey: The key as it goes over the wire.
  ///   - signing: Where the question and the answer are kept. While its answer is missing this answers `again`.
  func authenticate(user: String, publicKey: [UInt8], signing: SignatureExchange) -> SSHOutcome<Void> {
    guard let session else { return .failed(.gone) }
    var abstract: UnsafeMutableRawPointer? = Unmanaged.passUnretained(signing).toOpaque()
    return outcome(
      libssh2_userauth_publickey(
        session, user, publicKey, publicKey.count,
        { _, signature, signatureCount, data, count, abstract in
          guard let pointer = abstract?.pointee, let signature, let signatureCount, let data else { return -1 }
          let exchange = Unmanaged<SignatureExchange>.fromOpaque(pointer).takeUnretainedValue()
          return exchange.answer(
            UnsafeRawBufferPointer(start: data, count: count), signature: signature, count: signatureCount)
        }, &abstract))
  }

  /// The methods that the host would take (`publickey,password`). Costs a round trip: for messages only.
  func acceptedMethods(user: String) -> SSHOutcome<String> {
    guard let session else { return .failed(.gone) }
    if let list = libssh2_userauth_list(session, user, UInt32(user.utf8.count)) {
      return .done(String(cString: list))
    }
    let failure = lastFailure
    return failure.code == LIBSSH2_ERROR_EAGAIN ? .again : .failed(failure)
  }

  // MARK: Channels

  /// Opens a session channel. One channel can be opened at a time.
  func openSession(window: UInt32) -> SSHOutcome<SSHChannel> {
    guard let session else { return .failed(.gone) }
    return channel(
      libssh2_channel_open_ex(session, "session", 7, window, UInt32(LIBSSH2_CHANNEL_PACKET_DEFAULT), nil, 0),
      isSession: true)
  }

  /// Opens a stream from the host to an address. One channel can be opened at a time.
  func openStream(host: String, port: UInt16) -> SSHOutcome<SSHChannel> {
    guard let session else { return .failed(.gone) }
    return channel(libssh2_channel_direct_tcpip_ex(session, host, Int32(port), "127.0.0.1", 0), isSession: false)
  }

  // MARK: The session as a whole

  /// Asks the host for a sign of life, if none was asked for within the interval.
  func keepAlive() {
    guard let session else { return }
    var next: Int32 = 0
    libssh2_keepalive_send(session, &next)
  }

  /// Sets how often ``keepAlive()`` may ask, in seconds.
  func setKeepAlive(interval: UInt32) {
    guard let session else { return }
    libssh2_keepalive_config(session, 1, interval)
  }

  /// Says farewell.
  func disconnect() {
    guard let session else { return }
    libssh2_session_disconnect_ex(session, SSH_DISCONNECT_BY_APPLICATION, "done", "")
  }

  // MARK: Outcomes

  private var lastFailure: SSHFailure {
    guard let session else { return .gone }
    var message: UnsafeMutablePointer<CChar>?
    let code = libssh2_session_last_error(session, &message, nil, 0)
    return SSHFailure(code: code, message: message.map { String(cString: $0) } ?? "")
  }

  private func channel(_ pointer: OpaquePointer?, isSession: Bool) -> SSHOutcome<SSHChannel> {
    if let pointer { return .done(SSHChannel(pointer, of: self, isSession: isSession)) }
    let failure = lastFailure
    return failure.code == LIBSSH2_ERROR_EAGAIN ? .again : .failed(failure)
  }

  fileprivate func outcome(_ code: Int32) -> SSHOutcome<Void> {
    if code == 0 { return .done(()) }
    if code == LIBSSH2_ERROR_EAGAIN { return .again }
    return .failed(failure(code))
  }

  fileprivate func failure(_ code: Int32) -> SSHFailure {
    let last = lastFailure
    return SSHFailure(code: code, message: last.code == code ? last.message : "error \(code) of \(SSHLibrary.name)")
  }

  fileprivate var isFreed: Bool { session == nil }
}

extension SSHFailure {
  fileprivate static let gone = SSHFailure(code: LIBSSH2_ERROR_SOCKET_DISCONNECT, message: "the connection is closed")
}

/// A channel of a session. Calls fail once the session was freed.
final class SSHChannel {
  /// Whether it is one of those that sshd counts (`MaxSessions`).
  let isSession: Bool
  private let session: SSHSession
  private var pointer: OpaquePointer?

  fileprivate init(_ pointer: OpaquePointer, of session: SSHSession, isSession: Bool) {
    self.pointer = pointer
    self.session = session
    self.isSession = isSession
  }

  /// The bytes below.
  var wire: Wire { session.wire }

  private func call(_ body: (OpaquePointer) -> Int32) -> SSHOutcome<Void> {
    guard let pointer, !session.isFreed else { return .failed(.gone) }
    return session.outcome(body(pointer))
  }

  private func transfer(_ body: (OpaquePointer) -> Int) -> SSHOutcome<Int> {
    guard let pointer, !session.isFreed else { return .failed(.gone) }
    let count = body(pointer)
    if count >= 0 { return .done(count) }
    let code = Int32(truncatingIfNeeded: count)
    return code == LIBSSH2_ERROR_EAGAIN ? .again : .failed(session.failure(code))
  }

  /// Asks for a command. The request is out after the first call; `again` means that the answer has not come.
  ///
  /// While libssh2 waits for this answer it takes the answer to another channel's request for an error (`packet.c`,
  /// `_libssh2_packet_requirev`). So all that has come is sorted first, and nothing is received during the call: it
  /// then only looks whether its own answer is there.
  func start(_ command: String) -> SSHOutcome<Void> {
    if case .failed(let failure) = transfer({ libssh2_channel_read_ex($0, 0, nil, 0) }) { return .failed(failure) }
    session.wire.holdsInput = true
    defer { session.wire.holdsInput = false }
    return call { libssh2_channel_process_startup($0, "exec", 4, command, UInt32(command.utf8.count)) }
  }

  /// Writes to the command's input.
  func write(_ bytes: UnsafeRawBufferPointer) -> SSHOutcome<Int> {
    transfer { libssh2_channel_write_ex($0, 0, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count) }
  }

  /// Ends the command's input.
  func sendEnd() -> SSHOutcome<Void> { call { libssh2_channel_send_eof($0) } }

  /// Reads standard output (0) or standard error (1). `done(0)` is no end: see ``isAtEnd``.
  func read(_ stream: Int32, into buffer: UnsafeMutableRawBufferPointer) -> SSHOutcome<Int> {
    transfer { libssh2_channel_read_ex($0, stream, buffer.bindMemory(to: CChar.self).baseAddress, buffer.count) }
  }

  /// Whether the host said that it sends no more, and all it sent was read.
  var isAtEnd: Bool {
    guard let pointer, !session.isFreed else { return true }
    return libssh2_channel_eof(pointer) != 0
  }

  /// Whether the host closed the channel: the command has ended, and its status is there.
  var isClosed: Bool {
    guard isAtEnd else { return false }
    if case .again = call({ libssh2_channel_wait_closed($0) }) { return false }
    return true
  }

  /// How the command ended; to be asked once ``isClosed``.
  var status: ExitStatus {
    guard let pointer, !session.isFreed else { return .exited(255) }
    var name: UnsafeMutablePointer<CChar>?
    libssh2_channel_get_exit_signal(pointer, &name, nil, nil, nil, nil, nil)
    if let name {
      defer { session.release(name) }
      return .signalled(String(cString: name))
    }
    return .exited(libssh2_channel_get_exit_status(pointer))
  }

  /// Closes and frees the channel; nothing else may be called while this answers `again`, or after it.
  func free() -> SSHOutcome<Void> {
    guard let channel = pointer, !session.isFreed else { return .done(()) }
    let result = session.outcome(libssh2_channel_free(channel))
    if case .again = result { return .again }
    pointer = nil
    return .done(())
  }
}

extension SSHSession {
  fileprivate func release(_ memory: UnsafeMutableRawPointer) {
    guard let session else { return }
    libssh2_free(session, memory)
  }
}
