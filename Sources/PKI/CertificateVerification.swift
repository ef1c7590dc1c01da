internal import COpenSSL
internal import QuorateCore

/// The checks that an issuer's answer must pass before it is used: public key, subject, every name and no other, usages,
/// no CA, validity inside the CA's and no longer than asked, chain.
struct CertificateVerification {
  /// The certificate in question.
  let leaf: Certificate
  /// What the issuer sent with it.
  let intermediates: [Certificate]
  /// What was asked.
  let request: IssueRequest
  /// The CA.
  let authority: Certificate
  /// The present moment.
  let now: Instant

  /// What is wrong, in words; empty: nothing.
  func faults() throws(PluginError) -> [String] {
    let parsed = try leaf.parsed()
    let signingRequest = try SigningRequest(der: request.csr)
    var faults: [String] = []
    if try signingRequest.publicKeyFingerprint() != parsed.publicKeyFingerprint {
      faults.append("its public key is not the request's")
    }
    let profileFaults = request.profile.differences(from: parsed)
    faults += profileFaults
    let subject = try leaf.subject()
    let wanted = SubjectName(commonName: request.profile.commonName, organization: request.profile.organization)
    if subject.attributes.count != wanted.attributes.count {
      faults.append("subject is \(subject.text), not \(wanted.text)")
    }
    faults += validityFaults(parsed, authority: try authority.parsed())
    if let fault = try chainFault() { faults.append(fault) }
    return faults
  }

  private func validityFaults(_ parsed: ParsedCertificate, authority: ParsedCertificate) -> [String] {
    var faults: [String] = []
    if parsed.notBefore > now {
      faults.append("not valid before \(parsed.notBefore.text), and it is \(now.text) here: compare the clocks")
    }
    if parsed.notAfter < now { faults.append("expired \(parsed.notAfter.text)") }
    if parsed.notBefore < authority.notBefore {
      faults.append("valid from \(parsed.notBefore.text), before its CA is (\(authority.notBefore.text))")
    }
    if parsed.notAfter > authority.notAfter {
      faults.append("valid until \(parsed.notAfter.text), longer than its CA (\(authority.notAfter.text))")
    }
    if parsed.notAfter > request.notAfter {
      faults.append("valid until \(parsed.notAfter.text), longer than asked (\(request.notAfter.text))")
    }
    if authority.notAfter < now { faults.append("the CA expired \(authority.notAfter.text)") }
    return faults
  }

  /// Builds the path from the certificate to the CA with OpenSSL: signatures, CA:TRUE along the way, critical
  /// extensions, name constraints, and no link weaker than 112 bits (RSA-2048, SHA-256).
  ///
  /// The leaf's and the CA's times have words of their own above; those of intermediates are checked here.
  private func chainFault() throws(PluginError) -> String? {
    for intermediate in intermediates {
      let parsed = try intermediate.parsed()
      if parsed.notAfter < now || parsed.notBefore > now {
        return "the intermediate \(try intermediate.subject().text) is valid from \(parsed.notBefore.text) until "
          + parsed.notAfter.text
      }
    }
    let store = try OpenSSLLibrary.allocated(X509_STORE_new())
    defer { X509_STORE_free(store) }
    let untrusted = try OpenSSLLibrary.allocated(quorate_X509_stack_new())
    defer { quorate_X509_stack_free(untrusted) }
    let context = try OpenSSLLibrary.allocated(X509_STORE_CTX_new())
    defer { X509_STORE_CTX_free(context) }
    for intermediate in intermediates where quorate_X509_stack_push(untrusted, intermediate.pointer) != 1 {
      throw OpenSSLLibrary.failure("OpenSSL has no memory")
    }
    guard X509_STORE_add_cert(store, authority.pointer) == 1,
      X509_STORE_CTX_init(context, store, leaf.pointer, untrusted) == 1
    else { throw OpenSSLLibrary.failure("the chain cannot be checked") }
    let parameters = X509_STORE_CTX_get0_param(context)
    // A CA that is brought may itself be an intermediate; it is trusted as it stands.
    X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME))
    X509_VERIFY_PARAM_set_auth_level(parameters, 2)
    X509_VERIFY_PARAM_set_depth(parameters, 8)
    defer { ERR_clear_error() }
    if X509_verify_cert(context) == 1 { return nil }
    let code = X509_STORE_CTX_get_error(context)
    switch code {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
      X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "not issued by this cluster's CA (\(try authority.subject().text)) but by "
        + (try SubjectName(X509_get_issuer_name(leaf.pointer)).text)
    default:
      let place = X509_STORE_CTX_get_current_cert(context).map { X509_get_subject_name($0) }
      let name = try place.map { name throws(PluginError) in try SubjectName(name).text } ?? "the CA"
      return "the chain to the CA breaks at \(name): \(String(cString: X509_verify_cert_error_string(Int(code))))"
    }
  }
}
