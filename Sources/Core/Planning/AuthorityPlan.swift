/// Where a run's CA comes from, and where its key is.
public enum AuthorityPlan: Sendable, Codable, Hashable {
  /// It exists.
  case existing(certificate: [UInt8], key: KeySource)
  /// It is made in this run.
  case new

  /// Where the CA's key is read from when something must be signed.
  public enum KeySource: Sendable, Codable, Hashable {
    /// A file on a host.
    case host(String, path: String)
    /// A file on the operator's machine.
    case operatorFile(String)
    /// With the issuer.
    case issuer
  }

  /// The certificate, PEM, where it exists.
  public var certificate: [UInt8]? { if case .existing(let certificate, _) = self { certificate } else { nil } }
}

/// What is known of the CA before a plan is made.
struct AuthorityResolution: Sendable {
  var plan: AuthorityPlan
  var parsed: ParsedCertificate?
  var findings: [Finding]

  /// Finds the CA among what the user brought and what the hosts hold.
  ///
  /// - Parameters:
  ///   - spec: The configuration.
  ///   - observed: The hosts.
  ///   - brought: The certificate at `ca.certificate` on the operator's machine; nil: none is configured or there.
  ///   - now: The moment of the run.
  init(
    spec: ClusterSpec, observed: [String: ObservedHost], brought: [UInt8]?, toolkit: any CertificateToolkit,
    now: Instant
  ) {
    var findings: [Finding] = []
    func parse(_ bytes: [UInt8], _ host: String?, _ path: String) -> ParsedCertificate? {
      do { return try toolkit.parse(certificate: bytes) } catch {
        findings.append(
          Finding(
            .error, code: "ca.unreadable", host: host, what: "\(path) is no certificate", why: error.why,
            fix: "put the CA's certificate there, PEM, or move the file away"))
        return nil
      }
    }
    let places = spec.hosts.compactMap { host -> (host: HostSpec, bytes: [UInt8])? in
      observed[host.name]?.answers.file(host.layout.authorityCertificate).content.map { (host, $0) }
    }
    let first = spec.hosts.first
    var chosen: (certificate: [UInt8], from: String)?
    if let brought, let path = spec.authority.certificateFile {
      chosen = (brought, path)
    } else if let place = places.first(where: { $0.host == first })
      ?? (spec.authority.keyAt == .firstHost ? nil : places.first)
    {
      chosen = (place.bytes, "\(place.host.name) \(place.host.layout.authorityCertificate)")
    } else if let place = places.first, let first {
      findings.append(
        Finding(
          .error, code: "ca.not-on-first-host", host: place.host.name,
          what: "there is a CA on \(place.host.name), and none on \(first.name), the first host",
          why: "a new CA beside it would not be trusted by whoever trusts that one",
          fix: "move \(place.host.layout.authorityCertificate) away, or copy certificate and key to \(first.name)"))
    }
    guard let chosen else {
      plan = .new
      self.findings = findings
      return
    }
    parsed = parse(chosen.certificate, nil, chosen.from)
    if let parsed {
      if parsed.isAuthority != true {
        findings.append(
          Finding(
            .error, code: "ca.not-a-ca", what: "\(chosen.from) is no CA's certificate",
            why: "its basicConstraints do not say CA:TRUE", fix: "give the certificate that signs the members' ones"))
      }
      if parsed.notAfter <= now {
        findings.append(
          Finding(
            .error, code: "ca.expired", what: "the CA expired on \(parsed.notAfter.dayText)",
            why: "no certificate that it signs is valid", fix: "bring a new CA by ca.certificate and ca.key"))
      }
      for place in places {
        guard let other = parse(place.bytes, place.host.name, place.host.layout.authorityCertificate),
          other.fingerprint != parsed.fingerprint
        else { continue }
        findings.append(
          Finding(
            .error, code: "ca.foreign", host: place.host.name,
            what: "\(place.host.layout.authorityCertificate) is another CA than \(chosen.from)",
            why: "a CA that is there already is never overwritten: somebody may trust it",
            fix: "find out whose it is; move it away when nobody needs it"))
      }
    }
    let source: AuthorityPlan.KeySource
    switch spec.authority.keyAt {
    case .issuer: source = .issuer
    case .operator: source = .operatorFile(spec.authority.keyFile ?? "")
    case .firstHost:
      let onHost = first.flatMap { host -> AuthorityPlan.KeySource? in
        let path = host.layout.authorityKey
        return observed[host.name]?.answers.file(path).kind == .regular ? .host(host.name, path: path) : nil
      }
      source = onHost ?? .operatorFile(spec.authority.keyFile ?? "")
    }
    for host in spec.hosts where observed[host.name]?.answers.file(host.layout.authorityKey).kind == .regular {
      guard spec.authority.keyAt != .firstHost || host != first else { continue }
      findings.append(
        Finding(
          .warning, code: "ca.key-astray", host: host.name, what: "the CA's key is on \(host.name) as well",
          why: "whoever reads it can join the cluster", fix: "remove \(host.layout.authorityKey) there"))
    }
    plan = .existing(certificate: chosen.certificate, key: source)
    self.findings = findings
  }
}
