public import QuorateCore

/// The conformance suite of ``CertIssuer``: what every issuer must keep, tried with a CA of its own, with one that
/// exists, and with requests that it must refuse. It needs no host.
///
/// ```swift
/// #expect(try await CertIssuerConformance(OpenSSLIssuer(), toolkit: OpenSSLToolkit(), now: now).violations() == [])
/// ```
public struct CertIssuerConformance {
  private let issuer: any CertIssuer
  private let toolkit: any CertificateToolkit
  private let now: Instant
  private let existing: AuthorityMaterial?
  private let sign: (([IssueRequest]) async throws -> Void)?

  /// Makes a suite.
  ///
  /// - Parameters:
  ///   - issuer: The issuer.
  ///   - toolkit: Makes keys and requests, and checks what comes back.
  ///   - now: The present moment, as the toolkit has it.
  ///   - existing: The CA to issue from; nil: the issuer makes one.
  ///   - sign: Has requests signed that the issuer left pending, by whatever it awaits; nil: those stay pending.
  public init(
    _ issuer: any CertIssuer, toolkit: any CertificateToolkit, now: Instant, existing: AuthorityMaterial? = nil,
    signing sign: (([IssueRequest]) async throws -> Void)? = nil
  ) {
    self.issuer = issuer
    self.toolkit = toolkit
    self.now = now
    self.existing = existing
    self.sign = sign
  }

  /// What the issuer does not keep, a sentence each.
  public func violations() async throws -> [String] {
    var found: [String] = []
    let profile = AuthorityProfile(
      commonName: "conformance-ca", commonNameIsSAN: true, keyAlgorithm: .ecdsaP256,
      notBefore: now.advanced(bySeconds: -300), notAfter: now.advanced(bySeconds: 87_600 * 3600))
    let first = try await issuer.authority(AuthorityRequest(existing: existing, profile: profile))
    if existing != nil {
      if first.isNew { found.append("makes a CA although it was given one") }
      if first.material.certificate != existing?.certificate { found.append("names another CA than it was given") }
    }
    if !first.isNew, first.material.key != nil { found.append("gives the key of a CA that it did not make") }
    // What the runner passes on: the key that was made, or the one that rests where the configuration says.
    var authority = first.material
    authority.key = first.material.key ?? existing?.key
    let second = try await issuer.authority(AuthorityRequest(existing: authority, profile: profile))
    if second.isNew { found.append("makes a second CA") }
    if second.material.certificate != authority.certificate { found.append("names another CA the second time") }
    found += try await checkBatch(from: authority)
    found += try await checkRefusals(from: authority)
    return found
  }

  /// Forty requests in one batch, twice: each answered once, each certificate right.
  private func checkBatch(from authority: AuthorityMaterial) async throws -> [String] {
    var found: [String] = []
    var requests = try await makeRequests((0..<40).map { "member-\($0)" })
    for attempt in ["", "the second time, ", "when all are signed, "] {
      let isSigned = attempt.hasPrefix("when")
      let open = requests.filter { $0.token != nil }
      if isSigned {
        // As a later run does it: the same requests, each with its token.
        guard let sign, !open.isEmpty else { break }
        try await sign(open)
      }
      let replies = try await issuer.issue(IssueBatch(authority: authority, requests: requests))
      for request in requests {
        let answers = replies.filter { $0.id == request.id }.map(\.answer)
        guard answers.count == 1, let answer = answers.first else {
          found.append("\(attempt)answers \(request.id) \(answers.count) times")
          continue
        }
        switch answer {
        case .issued(let chain):
          do {
            _ = try toolkit.verify(chain: chain, against: request, authority: authority.certificate)
          } catch { found.append("\(attempt)the certificate \(request.id) is wrong: \(error.why)") }
        case .pending where isSigned: found.append("\(attempt)leaves \(request.id) pending")
        case .pending(let token, let awaiting):
          for index in requests.indices where requests[index].id == request.id { requests[index].token = token }
          if token.isEmpty || awaiting.isEmpty {
            found.append("\(attempt)leaves \(request.id) pending without saying for what")
          }
        case .refused(let why, _): found.append("\(attempt)refuses \(request.id): \(why)")
        }
      }
      if replies.count != requests.count {
        found.append("\(attempt)gives \(replies.count) answers to \(requests.count) requests")
      }
    }
    return found
  }

  /// Requests that nobody may fulfil, beside one that is right: each is refused by itself, with a reason.
  private func checkRefusals(from authority: AuthorityMaterial) async throws -> [String] {
    var found: [String] = []
    var requests = try await makeRequests(["right", "broken", "other-key", "other-names", "too-long"])
    requests[1].csr[requests[1].csr.count / 2] ^= 0x55
    requests[2].csr = requests[0].csr
    requests[3].profile.dnsNames.append("elsewhere.example")
    requests[4].notAfter = now.advanced(bySeconds: 200 * 8_760 * 3600)
    let replies = try await issuer.issue(IssueBatch(authority: authority, requests: requests))
    for (index, request) in requests.enumerated() {
      switch replies.first(where: { $0.id == request.id })?.answer {
      case .issued where index > 0: found.append("issues \(request.id), which it must refuse")
      case .refused(let why, _):
        if index == 0 { found.append("refuses a right request because another one is wrong: \(why)") }
        if why.isEmpty { found.append("refuses \(request.id) without a reason") }
      case nil: found.append("does not answer \(request.id)")
      default: break
      }
    }
    return found
  }

  private func makeRequests(_ names: [String]) async throws -> [IssueRequest] {
    let profiles = names.map { name in
      CertificateProfile(
        commonName: name, dnsNames: ["localhost", name].sorted(), addresses: [.loopbackV4, .loopbackV6], isServer: true,
        isClient: true, keyAlgorithm: .ecdsaP256)
    }
    return zip(zip(names, profiles), try await toolkit.makeKeys(for: profiles)).map { named, pair in
      IssueRequest(
        id: named.0, csr: pair.csr, profile: named.1, notBefore: now.advanced(bySeconds: -300),
        notAfter: now.advanced(bySeconds: 8_760 * 3600))
    }
  }
}
