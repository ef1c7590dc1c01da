import Glibc
internal import QuorateCore

/// A private key file: what can be told of it without its passphrase, and its bytes.
struct PrivateKeyFile: Sendable {
  /// The file's path.
  let path: String
  /// Its content with a zero byte behind it, as libssh2 wants it.
  let content: SecretBytes
  /// What kind of file it is.
  let form: PrivateKeyForm

  /// Reads a key file.
  ///
  /// - Throws: ``TransportError`` of the code `credentialUnusable` that says what is wrong and how to mend it.
  init(path: String, host: String) throws(TransportError) {
    func unusable(_ why: String, _ fix: String) -> TransportError {
      TransportError(.credentialUnusable, host: host, why: why, fix: fix)
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw unusable(
        "the key file \(path) cannot be opened: \(SystemError.text(errno))", "correct `identityFile`")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 << 16 else {
      throw unusable("\(path) is no key file", "correct `identityFile`")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw unusable("others may read the private key \(path)", "chmod 600 \(path)")
    }
    let size = Int(status.st_size)
    content = SecretBytes(count: size + 1) { memory in
      _ = read(descriptor, memory.baseAddress, size)
    }
    self.path = path
    switch content.withBytes({ PrivateKeyForm.read($0.dropLast()) }) {
    case .success(let form): self.form = form
    case .failure(let problem): throw unusable("\(path) \(problem.what)", problem.fix)
    }
  }
}

/// What can be told of a private key without its passphrase.
struct PrivateKeyForm: Sendable, Hashable {
  /// Why a file is no usable key.
  struct Problem: Error, Hashable {
    var what: String
    var fix: String
  }

  /// Its type (`ssh-ed25519`, `ecdsa`, `ssh-rsa`), where the file says so in the clear.
  var type: String?
  /// Whether it needs a passphrase.
  var isEncrypted: Bool
  /// Its public key, where the file has it in the clear.
  var publicKey: PublicKey?

  /// Looks at a file's content.
  static func read(_ content: some Collection<UInt8>) -> Result<PrivateKeyForm, Problem> {
    var bytes = Array(content)
    defer { wipe(&bytes) }
    return form(of: bytes)
  }

  private static func form(of bytes: [UInt8]) -> Result<PrivateKeyForm, Problem> {
    func has(_ text: String) -> Bool { firstRange(of: Array(text.utf8), in: bytes) != nil }
    if has("-----BEGIN OPENSSH PRIVATE KEY-----") { return openSSH(bytes) }
    let isEncrypted = has("ENCRYPTED")
    if has("-----BEGIN EC PRIVATE KEY-----") {
      return .success(PrivateKeyForm(type: "ecdsa", isEncrypted: isEncrypted))
    }
    if has("-----BEGIN RSA PRIVATE KEY-----") {
      return .success(PrivateKeyForm(type: "ssh-rsa", isEncrypted: isEncrypted))
    }
    if has("-----BEGIN PRIVATE KEY-----") || has("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
      return .success(PrivateKeyForm(type: nil, isEncrypted: isEncrypted))
    }
    if bytes.starts(with: Array("PuTTY-User-Key-File".utf8)) {
      return .failure(
        Problem(what: "is a key of PuTTY", fix: "convert it: puttygen FILE -O private-openssh-new -o NEWFILE"))
    }
    if bytes.starts(with: Array("ssh-".utf8)) || bytes.starts(with: Array("ecdsa-".utf8)) {
      return .failure(Problem(what: "is a public key", fix: "name the private key: the file without .pub"))
    }
    return .failure(Problem(what: "is no private key", fix: "correct `identityFile`"))
  }

  /// The container of OpenSSH (its `PROTOCOL.key`): the public key stands in it in the clear.
  private static func openSSH(_ bytes: [UInt8]) -> Result<PrivateKeyForm, Problem> {
    let damaged = Result<PrivateKeyForm, Problem>.failure(
      Problem(what: "is a damaged OpenSSH key", fix: "copy it again, or make a new one with ssh-keygen -t ed25519"))
    guard let begin = firstRange(of: Array("-----BEGIN OPENSSH PRIVATE KEY-----".utf8), in: bytes),
      let end = firstRange(of: Array("-----END OPENSSH PRIVATE KEY-----".utf8), in: bytes),
      begin.upperBound <= end.lowerBound
    else { return damaged }
    var text = bytes[begin.upperBound..<end.lowerBound].filter { !(9...13).contains($0) && $0 != 32 }
    defer { wipe(&text) }
    guard var decoded = Base64.decode(text) else { return damaged }
    defer { wipe(&decoded) }
    return container(decoded).map { .success($0) } ?? damaged
  }

  private static func container(_ bytes: [UInt8]) -> PrivateKeyForm? {
    var reader = SSHReader(bytes)
    guard reader.take(15).map({ $0.elementsEqual(Array("openssh-key-v1".utf8) + [0]) }) == true,
      let cipher = reader.name(), reader.name() != nil, reader.string() != nil, reader.number() == 1,
      let blob = reader.string(), let key = PublicKey(blob)
    else { return nil }
    return PrivateKeyForm(type: key.type, isEncrypted: cipher != "none", publicKey: key)
  }

  private static func firstRange(of word: [UInt8], in bytes: [UInt8]) -> Range<Int>? {
    guard let first = word.first else { return nil }
    var start = 0
    while let index = bytes[start...].firstIndex(of: first), bytes.count - index >= word.count {
      if bytes[index..<index + word.count].elementsEqual(word) { return index..<index + word.count }
      start = index + 1
    }
    return nil
  }

  private static func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } }
  }
}
