internal import Glibc
internal import QuorateCore
internal import QuoratePKI

/// The folder where requests lie and certificates are put. `NAME.csr`, `NAME.ext`, `REQUESTS.txt` and `cfssl.json` are
/// written here, `NAME.crt` by whoever signs. None of it is secret.
struct RequestFolder {
  private let folder: String
  private let toolkit: OpenSSLToolkit
  private let files = OperatorFiles()

  init(_ folder: String, toolkit: OpenSSLToolkit) {
    self.folder = folder
    self.toolkit = toolkit
  }

  /// A request's name as that of its files: `infra0-server` for `infra0/server`; nil where it cannot be one.
  static func name(of id: String) -> String? {
    let name = id.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "-")
    let isSafe = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    return isSafe && (1...200).contains(name.utf8.count) && !name.hasPrefix(".") && !name.hasPrefix("-") ? name : nil
  }

  /// Makes the folder where there is none.
  func prepare() throws(PluginError) {
    guard mkdir(folder, 0o755) != 0, errno != EEXIST else { return }
    throw PluginError(
      plugin: "csr", why: "cannot make the folder \(folder): \(String(cString: strerror(errno)))",
      fix: "check `folder`, and who may write there", setting: "folder")
  }

  private func path(_ name: String, _ ending: String) -> String { "\(folder)/\(name).\(ending)" }

  /// What there is to answer to a request: its certificate, where it was put there; else it is left to be signed.
  ///
  /// - Throws: ``PluginError`` when the folder cannot be read or written.
  func answer(to request: IssueRequest, name: String, authority: [UInt8]) throws(PluginError) -> IssueAnswer {
    do throws(PluginError) { try toolkit.check(request, authority: authority) } catch {
      return .refused(why: error.why, retryable: false)
    }
    let (csr, certificate) = (path(name, "csr"), path(name, "crt"))
    let text = try toolkit.pem(signingRequest: request.csr)
    let there = files.exists(csr) ? try read(csr) : nil
    let isKnown = there == text
    if files.exists(certificate) {
      let fault: PluginError
      do throws(PluginError) {
        let chain = try toolkit.certificates(in: try read(certificate))
        _ = try toolkit.verify(chain: chain, against: request, authority: authority)
        return .issued(chain: chain)
      } catch { fault = error }
      if isKnown {
        return .refused(
          why: "\(certificate): \(fault.why); put the right certificate there, or remove the file", retryable: false)
      }
      // It was the answer to an earlier request of the same name.
      guard rename(certificate, certificate + ".old") == 0 else {
        throw PluginError(
          plugin: "csr", why: "cannot move \(certificate) aside: \(String(cString: strerror(errno)))",
          fix: "it answers an earlier request; remove it")
      }
    }
    if !isKnown {
      try write(SigningHints.extensions(for: request.profile), to: path(name, "ext"))
      try write(text, to: csr)
    }
    return .pending(token: name, awaiting: certificate)
  }

  /// Writes for a reader what is awaited and what each certificate must say; removes it when nothing is.
  func describe(_ pending: [(name: String, request: IssueRequest)], authority: ParsedCertificate) throws(PluginError) {
    let summary = "\(folder)/REQUESTS.txt"
    guard !pending.isEmpty else {
      unlink(summary)
      return
    }
    let hints = SigningHints(pending, authority: authority)
    try write(hints.cfssl, to: "\(folder)/cfssl.json")
    try write(hints.text, to: summary)
  }

  private func read(_ path: String) throws(PluginError) -> [UInt8] {
    do throws(RunFailure) { return try files.read(path, limit: 256 << 10) } catch {
      throw PluginError(plugin: "csr", why: "\(error.what): \(error.why)", fix: error.fix, setting: "folder")
    }
  }

  private func write(_ content: [UInt8], to path: String) throws(PluginError) {
    do throws(RunFailure) { try files.replace(SecretBytes(content), at: path, mode: 0o644) } catch {
      throw PluginError(plugin: "csr", why: "\(error.what): \(error.why)", fix: error.fix, setting: "folder")
    }
  }
}
