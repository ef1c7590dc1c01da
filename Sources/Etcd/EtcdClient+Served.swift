internal import FoundationEssentials
public import QuorateCore

extension EtcdClient {
  /// Makes a TLS handshake on a connection of its own and returns what the member showed. etcd reads its files at every
  /// handshake, so this is the certificate of now.
  ///
  /// - Parameter verifying: Whether a certificate that this client would not speak to is an error; false to look at
  ///   one that has expired or that another CA issued.
  public func servedCertificate(verifying: Bool = true) async throws(EtcdError) -> ServedCertificate {
    let exchange = Exchange(
      call: "TLS handshake", form: .handshake(verifying: verifying), path: "/", body: [],
      timeoutMilliseconds: milliseconds(nil), limit: 0, isRepeatable: true)
    let answer = try await carryOut(exchange)
    let chain = answer.certificates.compactMap(Self.der)
    let serial = answer.certificates.first?.firstField("Serial Number").map { $0.lowercased().drop { $0 == "0" } }
    guard let serial, !serial.isEmpty, chain.count == answer.certificates.count else {
      throw EtcdError(.tlsFailed, member: name, call: exchange.call, why: "it showed no certificate that can be read")
    }
    return ServedCertificate(chain: chain, serial: String(serial))
  }

  private static func der(_ fields: [String]) -> [UInt8]? {
    guard let pem = fields.firstField("Cert") else { return nil }
    let text = pem.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }.joined()
    return Data(base64Encoded: text).map { Array($0) }
  }
}

extension [String] {
  fileprivate func firstField(_ name: String) -> Substring? {
    first { $0.hasPrefix(name + ":") }.map { $0.dropFirst(name.count + 1) }
  }
}
