internal import CLibSSH2
import Glibc
internal import QuorateCore

/// A key to log in with.
enum SSHCredential {
  /// A key of an agent.
  case agent(AgentMessages.Identity, socket: String)
  /// A key file.
  case file(PrivateKeyFile)

  /// The key in words.
  var text: String {
    switch self {
    case .agent(let identity, _):
      "the agent's \(identity.key.shortType) key \(identity.key.fingerprint) (\(HostWords.printable(identity.comment)))"
    case .file(let file):
      file.path + (file.form.publicKey.map { " (\($0.shortType) \($0.fingerprint))" } ?? "")
    }
  }

  /// Its type, where it is known.
  var type: String? {
    switch self {
    case .agent(let identity, _): identity.key.type
    case .file(let file): file.form.type
    }
  }
}

extension SSHConnection {
  /// sshd ends a connection after this many failures (`MaxAuthTries` is 6 by default).
  private static let mostAttempts = 5

  /// Logs in with the first key that the host takes.
  func logIn(_ greeting: SSHGreeting, _ deadline: inout Deadline) async throws(TransportError) {
    var notes: [String] = []
    let credentials = try await credentials(&notes, &deadline)
    var refused: [String] = []
    var sha1: [String] = []
    for case .file(let file) in credentials where access(file.path + "-cert.pub", F_OK) == 0 {
      notes.append("the certificate \(file.path)-cert.pub was not shown: \(SSHLibrary.name) cannot use certificates")
      needsOpenSSH = true
    }
    for credential in credentials {
      if refused.count >= Self.mostAttempts {
        notes.append("more keys than sshd lets try were left out (`identityFile` names the right one)")
        break
      }
      if credential.type == "ssh-rsa", !SSHLibrary.hasRSAWithSHA2, Self.refusesSHA1(greeting.version) {
        sha1.append(credential.text)
        needsOpenSSH = true
        continue
      }
      if let type = credential.type, type.hasPrefix("sk-") {
        notes.append("\(credential.text) rests on a FIDO token, which \(SSHLibrary.name) cannot ask")
        needsOpenSSH = true
        continue
      }
      let isAccepted =
        switch credential {
        case .agent(let identity, let socket): try await attempt(identity, socket, &deadline)
        case .file(let file): try await attempt(file, &notes, &deadline)
        }
      switch isAccepted {
      case true?: return
      case false?: refused.append(credential.text)
      case nil: break
      }
    }
    throw await loginError(refused: refused, sha1: sha1, notes: notes, deadline)
  }

  /// Whether a server is an OpenSSH of 8.8 or later, which takes no RSA signatures with SHA-1.
  static func refusesSHA1(_ version: String) -> Bool {
    guard let range = version.firstRange(of: "OpenSSH_") else { return false }
    let numbers = version[range.upperBound...].prefix { $0.isNumber || $0 == "." }
    return (Version(String(numbers)) ?? Version(0, 0)) >= Version(8, 8)
  }

  // MARK: Which keys

  private func credentials(
    _ notes: inout [String], _ deadline: inout Deadline
  ) async throws(TransportError) -> [SSHCredential] {
    var files: [PrivateKeyFile] = []
    if let path = settings.identityFile {
      files = [try PrivateKeyFile(path: path, host: name)]
    } else {
      for path in SSHSettings.usualIdentityFiles where access(path, F_OK) == 0 {
        do { files.append(try PrivateKeyFile(path: path, host: name)) } catch { notes.append(error.why) }
      }
    }
    var identities: [AgentMessages.Identity] = []
    if let socket = settings.agentSocket {
      if let answer = await askAgent(AgentMessages.listRequest, socket, &deadline),
        let list = AgentMessages.identities(answer)
      {
        identities = list.filter { Self.agentTypes.contains($0.key.type) }
        let others = Set(list.map(\.key.type)).subtracting(Self.agentTypes).sorted()
        if !others.isEmpty {
          notes.append(
            "the agent's keys of type \(others.joined(separator: ", ")) are none that \(SSHLibrary.name) can use")
          needsOpenSSH = true
        }
      } else if settings.agent == true {
        throw TransportError(
          .credentialUnusable, host: name, why: "the agent at \(socket) does not answer",
          fix: "start it again (eval $(ssh-agent) && ssh-add), or set `agent: false`")
      } else {
        notes.append("the agent at \(socket) does not answer")
      }
    } else if settings.agent == true {
      throw TransportError(
        .credentialUnusable, host: name, why: "`agent: true` is set, but SSH_AUTH_SOCK names no agent",
        fix: "eval $(ssh-agent) && ssh-add, or set `agent: false`")
    }
    let socket = settings.agentSocket ?? ""
    // A key that the agent holds needs no passphrase; a named key comes before the agent's others.
    let held = identities.filter { identity in files.contains { $0.form.publicKey == identity.key } }
    let others = identities.filter { !held.contains($0) }
    let onlyInFiles = files.filter { file in !held.contains { $0.key == file.form.publicKey } }
    let first = held.map { SSHCredential.agent($0, socket: socket) }
    let second = onlyInFiles.map { SSHCredential.file($0) }
    let third = others.map { SSHCredential.agent($0, socket: socket) }
    return settings.identityFile == nil ? first + third + second : first + second + third
  }

  /// The types that libssh2 can put an agent's signature into a message for.
  private static let agentTypes = [
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
  ]

  // MARK: Trying one

  /// Tries a key file; nil: it could not be tried.
  private func attempt(
    _ file: PrivateKeyFile, _ notes: inout [String], _ deadline: inout Deadline
  ) async throws(TransportError) -> Bool? {
    var passphrase: SecretBytes?
    if file.form.isEncrypted {
      let begin = EventLoop.now
      let answer = await context.secrets.secret(SecretRequest(purpose: .keyPassphrase, subject: file.path))
      deadline.extend(by: EventLoop.now - begin)
      guard let answer else {
        let why = "the key \(file.path) needs a passphrase, and there is no way to ask for it"
        if settings.identityFile == nil {
          notes.append(why)
          return nil
        }
        throw TransportError(
          .credentialUnusable, host: name, why: why,
          fix:
            "run the command on a terminal, give it by --key-pass-fd N, or load the key into an agent: ssh-add \(file.path)"
        )
      }
      passphrase = SecretBytes(count: answer.count + 1) { memory in
        answer.withBytes { memory.copyMemory(from: $0) }
      }
    }
    while let session {
      switch session.authenticate(user: user, key: file.content, passphrase: passphrase) {
      case .done: return true
      case .again: try await pause(until: deadline)
      case .failed(let failure):
        if failure.code == LIBSSH2_ERROR_AUTHENTICATION_FAILED || failure.code == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED {
          return false
        }
        note(failure)
        if let lost { throw loginLost(lost) }
        throw unusable(file, failure)
      }
    }
    return nil
  }

  private func unusable(_ file: PrivateKeyFile, _ failure: SSHFailure) -> TransportError {
    file.form.isEncrypted
      ? TransportError(
        .credentialUnusable, host: name, why: "the passphrase does not open the key \(file.path)",
        fix: "run the command again with the right one; ssh-keygen -y -f \(file.path) tries it")
      : TransportError(
        .credentialUnusable, host: name,
        why: "\(SSHLibrary.name) cannot use the key \(file.path): \(failure.message)",
        fix: "make a new one (ssh-keygen -t ed25519), or use " + HostKeyPolicy.wayOut)
  }

  /// Tries a key of an agent.
  private func attempt(
    _ identity: AgentMessages.Identity, _ socket: String, _ deadline: inout Deadline
  ) async throws(TransportError) -> Bool? {
    let signing = SignatureExchange()
    while let session {
      switch session.authenticate(user: user, publicKey: identity.key.blob, signing: signing) {
      case .done: return true
      case .again:
        if let data = signing.question {
          let request = AgentMessages.signRequest(
            key: identity.key, data: data, flags: AgentMessages.flags(toSign: data))
          signing.answer(await askAgent(request, socket, &deadline).flatMap { AgentMessages.signature($0) })
        } else {
          try await pause(until: deadline)
        }
      case .failed(let failure):
        note(failure)
        if let lost { throw loginLost(lost) }
        return false
      }
    }
    return nil
  }

  // MARK: The agent

  /// Asks an agent one question; nil when it gives no answer within a minute. A human may have to confirm, so the
  /// time does not count.
  private func askAgent(_ message: [UInt8], _ path: String, _ deadline: inout Deadline) async -> [UInt8]? {
    let begin = EventLoop.now
    defer { deadline.extend(by: EventLoop.now - begin) }
    guard let agent = Self.connectToAgent(path) else { return nil }
    let limit = Deadline(seconds: 60, error: cancelled)
    var unsent = message[...]
    var answer: [UInt8] = []
    while true {
      if !unsent.isEmpty {
        if case .moved(let count) = unsent.withUnsafeBytes({ agent.io.write($0) }) {
          unsent = unsent.dropFirst(count)
          continue
        }
      } else {
        switch agent.io.read(into: scratch) {
        case .moved(let count): answer.append(contentsOf: scratch[..<count])
        case .wouldBlock: break
        case .ended, .failed: return nil
        }
        var reader = SSHReader(answer.prefix(4))
        if let length = reader.number() {
          guard length <= AgentMessages.longest else { return nil }
          if answer.count >= 4 + Int(length) { return Array(answer[4..<4 + Int(length)]) }
        }
      }
      agent.wake(self, when: unsent.isEmpty ? EPOLLIN.rawValue : EPOLLOUT.rawValue)
      do { try await pause(until: limit) } catch { return nil }
    }
  }

  private static func connectToAgent(_ path: String) -> LentDescriptor? {
    let descriptor = Glibc.socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    let agent = LentDescriptor(owning: descriptor)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let isShort = withUnsafeMutableBytes(of: &address.sun_path) { field in
      guard path.utf8.count < field.count else { return false }
      field.copyBytes(from: path.utf8)
      return true
    }
    guard isShort else { return nil }
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return status == 0 ? agent : nil
  }

  // MARK: Errors

  private func loginLost(_ lost: TransportError) -> TransportError {
    TransportError(
      .authenticationFailed, host: name, why: "\(address) ended the login of \(user): \(lost.why)",
      fix: "see the log of sshd on the host")
  }

  private func loginError(
    refused: [String], sha1: [String], notes: [String], _ deadline: Deadline
  ) async -> TransportError {
    let rsa =
      "\(HostKeyPolicy.rsaReason): " + sha1.joined(separator: ", ")
    if refused.isEmpty, !sha1.isEmpty {
      return TransportError(
        .credentialUnusable, host: name, why: "the only key for \(user)@\(endpoint.host) is an RSA key, and \(rsa)",
        fix: "use \(HostKeyPolicy.wayOut), or make an ED25519 key (ssh-keygen -t ed25519) and add it to "
          + "~\(user)/.ssh/authorized_keys on the host")
    }
    let methods = await acceptedMethods(deadline).map { "; it takes: \($0)" } ?? ""
    if refused.isEmpty {
      return TransportError(
        .credentialUnusable, host: name,
        why: (["there is no key to log in to \(address) with"] + notes).joined(separator: "; "),
        fix: (needsOpenSSH ? "use \(HostKeyPolicy.wayOut), or " : "")
          + "name a private key with `identityFile`, or load one into an agent (ssh-add)")
    }
    let leftOut = sha1.isEmpty ? [] : ["left out, because \(rsa)"]
    return TransportError(
      .authenticationFailed, host: name,
      why: (["\(address) lets \(user) in with none of: " + refused.joined(separator: ", ") + methods] + leftOut + notes)
        .joined(separator: "; "),
      fix: "see that the login name is right, and that ~\(user)/.ssh/authorized_keys on the host has one of these keys"
        + (needsOpenSSH ? "; what was left out is used by " + HostKeyPolicy.wayOut : ""))
  }

  private func acceptedMethods(_ deadline: Deadline) async -> String? {
    while let session, lost == nil {
      switch session.acceptedMethods(user: user) {
      case .done(let list): return list
      case .failed: return nil
      case .again: do { try await pause(until: deadline) } catch { return nil }
      }
    }
    return nil
  }
}
