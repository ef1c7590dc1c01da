import Foundation
import QuorateCore

@testable import QuoratePKI

/// A certificate that a real kubeadm made, read from what `openssl x509 -text` printed for it.
struct GoldenCertificate {
  /// The fixtures by name.
  static let names = ["etcd_ca", "etcd_server", "etcd_peer", "etcd_healthcheck-client", "apiserver-etcd-client"]

  let text: String
  let serial: Int64
  let notBefore: Instant
  let notAfter: Instant
  let subject: SubjectName
  let dnsNames: [String]
  let addresses: [IPAddress]
  let extendedKeyUsages: [String]
  let isAuthority: Bool
  let modulus: [UInt8]
  let signature: [UInt8]

  init(_ name: String) throws {
    let file = "Fixtures/kubeadm-1.20.2/\(name).crt"
    let url = try present(Bundle.module.url(forResource: file, withExtension: "txt"), file)
    text = try String(contentsOf: url, encoding: .utf8)
    let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    func value(_ prefix: String) throws -> String {
      let line = try present(lines.first { $0.hasPrefix(prefix) }, prefix)
      return String(line.dropFirst(prefix.count)).trimmingCharacters(in: .whitespaces)
    }
    func bytes(after header: String) throws -> [UInt8] {
      let start = try present(lines.firstIndex(of: header), header)
      let hex = lines[(start + 1)...].prefix { $0.allSatisfy { $0.isHexDigit || $0 == ":" } }.joined()
      return hex.split(separator: ":").compactMap { UInt8($0, radix: 16) }
    }
    func line(after header: String) -> String? {
      lines.firstIndex { $0.hasPrefix(header) }.map { lines[$0 + 1] }
    }
    serial = try present(Int64(try value("Serial Number:").prefix { $0 != " " }), "serial")
    notBefore = try Self.instant(try value("Not Before:"))
    notAfter = try Self.instant(try value("Not After :"))
    let parts = try value("Subject:").components(separatedBy: ", ")
    let organization = parts.first { $0.hasPrefix("O = ") }.map { String($0.dropFirst(4)) }
    let commonName = parts.first { $0.hasPrefix("CN = ") }.map { String($0.dropFirst(5)) }
    subject = SubjectName(commonName: try present(commonName, "CN"), organization: organization)
    let names = line(after: "X509v3 Subject Alternative Name:")?.components(separatedBy: ", ") ?? []
    dnsNames = names.filter { $0.hasPrefix("DNS:") }.map { String($0.dropFirst(4)) }
    addresses = names.filter { $0.hasPrefix("IP Address:") }.compactMap { IPAddress(String($0.dropFirst(11))) }
    let usages = line(after: "X509v3 Extended Key Usage:") ?? ""
    extendedKeyUsages =
      (usages.contains("Server") ? ["serverAuth"] : []) + (usages.contains("Client") ? ["clientAuth"] : [])
    isAuthority = text.contains("CA:TRUE")
    modulus = try bytes(after: "Modulus:")
    signature = try bytes(after: "Signature Value:")
  }

  /// The certificate, put together from our own encoding of what it says and kubeadm's signature: the signature holds
  /// only when our encoding is kubeadm's, byte for byte.
  func rebuilt(issuer: Certificate?) throws -> [UInt8] {
    var template = CertificateTemplate(
      serial: serial, subject: subject, dnsNames: dnsNames, addresses: addresses, notBefore: notBefore,
      notAfter: notAfter, isAuthority: isAuthority, isServer: extendedKeyUsages.contains("serverAuth"),
      isClient: extendedKeyUsages.contains("clientAuth"))
    // Before 1.21 kubeadm's leaves carried no basicConstraints.
    template.hasBasicConstraints = isAuthority
    let request = try SigningRequest.holdingOnly(rsaModulus: modulus)
    let publicKey = try present(request.publicKey, "public key")
    let signed = try template.sign(publicKey: publicKey, issuer: issuer, key: try PrivateKey(.rsa2048)).der()
    let signedPart = try present(DERText.firstElement(of: signed), "the part that is signed")
    return DERText.sequence(signedPart + DERText.sha256WithRSA + DERText.bitString(signature))
  }

  private static func instant(_ text: String) throws -> Instant {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "MMM d HH:mm:ss yyyy 'GMT'"
    let date = try present(formatter.date(from: text), text)
    return Instant(secondsSinceEpoch: Int64(date.timeIntervalSince1970))
  }
}
