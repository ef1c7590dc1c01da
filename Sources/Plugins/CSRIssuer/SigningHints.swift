internal import QuorateCore

/// What whoever signs must know: what each certificate has to say, and commands that make it so.
struct SigningHints {
  private let pending: [(name: String, request: IssueRequest)]
  private let authority: ParsedCertificate

  init(_ pending: [(name: String, request: IssueRequest)], authority: ParsedCertificate) {
    self.pending = pending
    self.authority = authority
  }

  /// Extensions as `openssl x509 -extfile` reads them (x509v3_config(5)).
  static func extensions(for profile: CertificateProfile) -> [UInt8] {
    var lines = [
      "basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature, keyEncipherment",
      "extendedKeyUsage = \(usages(profile).joined(separator: ", "))", "authorityKeyIdentifier = keyid",
    ]
    let names = profile.dnsNames.map { "DNS:\($0)" } + profile.addresses.map { "IP:\($0)" }
    if !names.isEmpty { lines.append("subjectAltName = \(names.joined(separator: ", "))") }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  private static func usages(_ profile: CertificateProfile) -> [String] {
    (profile.isServer ? ["serverAuth"] : []) + (profile.isClient ? ["clientAuth"] : [])
  }

  /// The name of a profile in ``cfssl``.
  private static func profileName(_ profile: CertificateProfile) -> String {
    profile.isServer ? profile.isClient ? "server-client" : "server" : "client"
  }

  /// A configuration for `cfssl sign`, with a profile for each set of usages.
  var cfssl: [UInt8] {
    let profiles = [("client", [false, true]), ("server", [true, false]), ("server-client", [true, true])].map {
      name, usages in
      let words =
        ["signing", "key encipherment"] + (usages[0] ? ["server auth"] : []) + (usages[1] ? ["client auth"] : [])
      return "    \"\(name)\": {\"expiry\": \"\(days * 24)h\", "
        + "\"usages\": [\(words.map { "\"\($0)\"" }.joined(separator: ", "))]}"
    }
    return Array("{\"signing\": {\n  \"profiles\": {\n\(profiles.joined(separator: ",\n"))\n  }\n}}\n".utf8)
  }

  /// Whole days that every certificate may be valid: signed now, it ends in time.
  private var days: Int64 {
    // What is asked for begins a little before the present moment.
    let shortest = pending.map { $0.request.notBefore.days(until: $0.request.notAfter) }.min() ?? 1
    return max(1, shortest)
  }

  /// `REQUESTS.txt`.
  var text: [UInt8] {
    let count =
      pending.count == 1
      ? "1 signing request in this folder waits" : "\(pending.count) signing requests in this folder wait"
    var lines = [
      "\(count) for a certificate.", "",
      "Have each NAME.csr signed by the CA below; the certificate must say what stands here, and nothing else. Put it here",
      "as NAME.crt (PEM; intermediates may follow it), then run the same quorate command again. What comes back is checked.",
      "", "The CA", row("subject", authority.commonName.map { "CN=\($0)" } ?? "(without a common name)"),
      row("valid until", authority.notAfter.text), row("SHA-256", authority.fingerprint), "",
    ]
    for (name, request) in pending {
      let profile = request.profile
      lines += [
        "\(name).csr",
        row(
          "subject",
          (profile.organization.map { ["O=\($0)"] } ?? []).joined() + (profile.organization == nil ? "" : ", ")
            + "CN=\(profile.commonName)"),
        row("DNS names", profile.dnsNames.isEmpty ? "none" : profile.dnsNames.joined(separator: ", ")),
        row(
          "IP addresses",
          profile.addresses.isEmpty ? "none" : profile.addresses.map(\.description).joined(separator: ", ")),
        row("key usage", "digitalSignature, keyEncipherment"),
        row("extended key usage", Self.usages(profile).joined(separator: ", ")), row("basic constraints", "CA:FALSE"),
        row("valid until", "\(request.notAfter.text) at the latest"), "",
      ]
    }
    lines += ["With OpenSSL, where the CA is ca.crt and ca.key:", ""]
    for (name, _) in pending {
      lines.append(
        "  openssl x509 -req -in \(name).csr -CA ca.crt -CAkey ca.key -CAcreateserial -days \(days) "
          + "-extfile \(name).ext -out \(name).crt")
    }
    lines += ["", "With cfssl:", ""]
    for (name, request) in pending {
      lines.append(
        "  cfssl sign -ca ca.crt -ca-key ca.key -config cfssl.json -profile \(Self.profileName(request.profile)) "
          + "\(name).csr | cfssljson -bare \(name) && mv \(name).pem \(name).crt")
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  private func row(_ title: String, _ text: String) -> String {
    "  \(title)\(String(repeating: " ", count: max(1, 20 - title.utf8.count)))\(text)"
  }
}
