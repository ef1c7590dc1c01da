internal import Synchronization

/// The operator's own way to a member, for hosts that have no program that speaks TLS: an etcd client on this side,
/// through a stream of the transport, with the host's own client pair in memory.
struct MemberAccess: Sendable {
  let makeClient: EtcdClientFactory

  /// Asks a member everything that an observation holds.
  ///
  /// - Parameter session: The member's host.
  /// - Throws: ``TransportError``, ``HostProgramError``, ``RunFailure`` when the client pair cannot be read.
  func observe(_ session: HostSession) async throws -> MemberObservation {
    let refusal = Refusal()
    let client = try await client(of: session.host, session, refusal)
    var observation = await client.observe(session.host, hashRevision: nil)
    await client.close()
    if let error = refusal.error, error.code == .forwardingRefused {
      observation.health = .unreachable(
        "the host has neither curl nor openssl to ask its member with, and \(error.why); install one of them there, "
          + "or \(error.fix)")
    }
    return observation
  }

  /// Sees that a listener of a member shows the certificate that is in a file of its host.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - endpoint: The member's client or peer endpoint.
  /// - Throws: ``RunFailure`` when it shows another one or cannot be asked; ``TransportError``, ``HostProgramError``.
  func see(
    _ path: String, at endpoint: NetworkEndpoint, of session: HostSession, toolkit: any CertificateToolkit
  ) async throws {
    let answer = try await session.perform(
      [.files(limit: CoreProbes.fileLimit, paths: [path])], timeoutSeconds: 30)
    guard case .files(let found)? = answer.replies.first, let content = found[path]?.content else {
      throw RunFailure(
        host: session.host.name, code: "host.files", what: "cannot read \(path) on \(session.host.name)",
        why: "it was written a moment ago", fix: "run the same command again")
    }
    let wanted = try toolkit.parse(certificate: answer.content(content))
    var listener = session.host
    listener.ports.client = endpoint.port
    let client = try await client(of: listener, session, Refusal())
    let shown: ServedCertificate
    do throws(EtcdError) { shown = try await client.servedCertificate(verifying: true) } catch {
      await client.close()
      throw RunFailure(
        host: session.host.name, code: "host.served",
        what: "cannot see which certificate \(endpoint) on \(session.host.name) shows", why: error.why,
        fix: error.fix.isEmpty ? "install openssl on the host, and run the same command again" : error.fix)
    }
    await client.close()
    guard shown.serial == wanted.serial else {
      throw RunFailure(
        host: session.host.name, code: "host.served",
        what: "\(endpoint) on \(session.host.name) does not show the certificate in \(path)",
        why: "its serial is \(shown.serial), not \(wanted.serial)", fix: "see who listens there")
    }
  }

  private func client(
    of host: HostSpec, _ session: HostSession, _ refusal: Refusal
  ) async throws -> any EtcdAccess {
    makeClient(host, try await credentials(session)) { () throws(TransportError) -> Int32 in
      let endpoint = host.clientEndpoint
      do throws(TransportError) {
        return try await session.transport.stream(
          to: .tcp(host: endpoint.address.description, port: endpoint.port), on: session.opened.connection)
      } catch {
        refusal.note(error)
        throw error
      }
    }
  }

  /// The host's `healthcheck-client` pair and its CA, read into memory.
  private func credentials(_ session: HostSession) async throws -> EtcdCredentials {
    let layout = session.host.layout
    let paths = (
      layout.certificate(.healthcheckClient), layout.key(.healthcheckClient), layout.authorityCertificate
    )
    var answer = try await session.perform(
      [.files(limit: CoreProbes.fileLimit, paths: [paths.0, paths.1, paths.2])], timeoutSeconds: 30)
    defer { answer.wipe() }
    guard case .files(let found)? = answer.replies.first, let certificate = found[paths.0]?.content,
      let key = found[paths.1]?.content, let authority = found[paths.2]?.content
    else {
      throw RunFailure(
        host: session.host.name, code: "host.no-client-pair", what: "cannot ask the member of \(session.host.name)",
        why: "its client pair \(paths.0) cannot be read", fix: "run quorate verify, then quorate apply")
    }
    return EtcdCredentials(
      certificate: answer.content(certificate), key: answer.secret(key), authority: answer.content(authority))
  }

  /// Why no stream could be opened.
  private final class Refusal: Sendable {
    private let noted = Mutex<TransportError?>(nil)

    var error: TransportError? { noted.withLock { $0 } }

    func note(_ error: TransportError) { noted.withLock { $0 = error } }
  }
}
