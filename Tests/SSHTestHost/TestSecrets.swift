package import QuorateCore

/// Secrets that are known, and a count of how often they were asked for.
package actor TestSecrets: SecretSource {
  private let password: String?
  private let passphrase: String?
  package private(set) var requests: [SecretRequest] = []

  package init(password: String? = nil, passphrase: String? = nil) {
    self.password = password
    self.passphrase = passphrase
  }

  package func secret(_ request: SecretRequest) async -> SecretBytes? {
    requests.append(request)
    return (request.purpose == .keyPassphrase ? passphrase : password).map { SecretBytes(Array($0.utf8)) }
  }
}
