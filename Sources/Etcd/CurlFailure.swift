internal import CCurl
internal import COpenSSL
internal import QuorateCore

extension EtcdError {
  /// What a failed exchange means to its caller.
  init(_ failure: Failure, of exchange: Exchange, with member: String, credentials: EtcdCredentials) {
    self.init(.internal, member: member, call: exchange.call, why: failure.text)
    mayHaveHappened = failure.hasBeenSent && !exchange.isRepeatable
    if let stop = failure.stop {
      read(stop, exchange)
    } else {
      read(failure, exchange, credentials)
    }
  }

  private mutating func read(_ stop: Failure.Stop, _ exchange: Exchange) {
    switch stop {
    case .cancelled: (code, why) = (.cancelled, "it was cancelled")
    case .tooLarge: (code, why) = (.answerTooLarge, "the answer has more than \(exchange.limit) bytes")
    case .sink(let reason): (code, why) = (.snapshotFailed, reason)
    case .unavailable(let reason): (code, why) = (.internal, reason)
    }
  }

  private mutating func read(_ failure: Failure, _ exchange: Exchange, _ credentials: EtcdCredentials) {
    switch CURLcode(rawValue: failure.code) {
    case CURLE_OPERATION_TIMEDOUT:
      code = .timedOut
      why =
        exchange.timeoutMilliseconds > 0
        ? "no answer within \(Self.seconds(exchange.timeoutMilliseconds))"
        : "not a byte came for \(Exchange.silenceLimit) seconds"
    case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST:
      (code, why) = (.unreachable, "there is no connection (\(failure.text))")
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR: readServerCertificate(failure)
    case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
      code = .credentialUnusable
      why = "the client certificate, its key or the CA cannot be used (\(failure.text))"
      fix = "check that certificate and key are PEM, belong together and have no passphrase"
    case CURLE_SSL_CONNECT_ERROR, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE:
      readConnection(failure, credentials)
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_HTTP2_STREAM,
      CURLE_BAD_CONTENT_ENCODING:
      (code, why) = (.notEtcd, "what answers there does not speak HTTP as etcd does (\(failure.text))")
    default: break
    }
  }

  private static func seconds(_ milliseconds: Int) -> String {
    switch milliseconds {
    case 1000: "1 second"
    case let whole where whole % 1000 == 0: "\(whole / 1000) seconds"
    default: "\(milliseconds) milliseconds"
    }
  }

  private mutating func readServerCertificate(_ failure: Failure) {
    // libcurl compares the name itself, and before OpenSSL's verdict is read.
    if failure.text.contains("no alternative certificate subject name") || failure.text.contains("does not match") {
      (code, why) = (.serverCertificateWrongName, "its server certificate is not for this address")
      fix = "issue it with the host's own address among its SANs"
      return
    }
    switch Int32(truncatingIfNeeded: failure.verification) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      (code, why) = (.serverCertificateExpired, "its server certificate, or its CA's, has expired")
      fix = "renew the certificates, or correct this machine's clock"
    case X509_V_ERR_CERT_NOT_YET_VALID:
      (code, why) = (.serverCertificateNotYetValid, "its server certificate is not valid yet")
      fix = "compare the clocks of this machine and the host"
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE:
      (code, why) = (.serverCertificateUntrusted, "its server certificate was not issued by this cluster's CA")
      fix = "something else listens there, or the member still has a certificate of another CA"
    default: (code, why) = (.serverCertificateRejected, "its server certificate was refused (\(failure.text))")
    }
  }

  private mutating func readConnection(_ failure: Failure, _ credentials: EtcdCredentials) {
    let text = failure.text
    if text.contains("alert") {
      readAlert(text, credentials)
    } else if text.contains("wrong version number") || text.contains("packet length too long")
      || text.contains("record layer failure") || text.contains("http request")
    {
      (code, why) = (.notEtcd, "what answers there does not speak TLS")
      fix = "check the address and the port; etcd's client port must be served by https"
    } else if text.contains("error:") {
      (code, why) = (.tlsFailed, "TLS failed (\(text))")
    } else {
      code = .connectionLost
      why = failure.hasBeenSent ? "the connection ended before the answer" : "the connection ended before TLS was ready"
    }
  }

  /// A member that refuses a client certificate says so by a TLS alert (RFC 8446 section 6.2). Go before 1.20 says
  /// `bad certificate` whatever is wrong with it, so whether it has expired is looked up here.
  private mutating func readAlert(_ text: String, _ credentials: EtcdCredentials) {
    let alerts = [
      "bad certificate", "certificate expired", "unknown ca", "certificate required", "certificate unknown",
    ]
    guard let alert = alerts.first(where: { text.lowercased().contains($0) }) else {
      (code, why) = (.tlsFailed, "TLS failed (\(text))")
      return
    }
    // What is refused with an alert was refused before any request was read.
    mayHaveHappened = false
    switch CertificateTime(of: credentials.certificate) {
    case .expired:
      (code, why) = (.clientCertificateExpired, "it refused the client certificate, which has expired")
      fix = "renew the client certificate"
    case .notYetValid:
      (code, why) = (.clientCertificateRefused, "it refused the client certificate, which is not valid yet")
      fix = "compare the clocks of this machine and the host"
    case .valid, .unknown:
      (code, why) = (.clientCertificateRefused, "it refused the client certificate (TLS alert: \(alert))")
      fix = "the member's trusted CA must be the client certificate's issuer, and the clocks must agree"
    }
  }
}

/// Where now stands in a certificate's validity.
enum CertificateTime {
  case valid
  case expired
  case notYetValid
  case unknown

  /// Looks at the first certificate of a PEM text.
  init(of pem: [UInt8]) {
    let certificate = pem.withUnsafeBytes { bytes -> OpaquePointer? in
      guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
      defer { BIO_free(bio) }
      return PEM_read_bio_X509(bio, nil, nil, nil)
    }
    guard let certificate else {
      self = .unknown
      return
    }
    defer { X509_free(certificate) }
    if X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 {
      self = .expired
    } else if X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 {
      self = .notYetValid
    } else {
      self = .valid
    }
  }
}
