package import QuorateCore
import Synchronization

/// With whose rights the commands of one transport or connection run, and what was learned of sudo on the way.
package final class Elevation: Sendable {
  private struct State {
    var isPasswordNeeded = false
    var isPasswordWrong = false
  }

  private let becomesRoot: Bool
  private let secrets: any SecretSource
  private let state = Mutex(State())

  /// Makes one.
  ///
  /// - Parameters:
  ///   - becomesRoot: Whether elevated commands run by sudo.
  ///   - secrets: Where sudo's password comes from.
  package init(becomesRoot: Bool, secrets: any SecretSource) {
    self.becomesRoot = becomesRoot
    self.secrets = secrets
  }

  /// Runs a command in the form that this host needs: by `sudo -n` first, and where that says that a password is needed, once
  /// more in the form that can answer.
  ///
  /// - Parameter attempt: Runs it in a form, with a password where the form may need one.
  package func run(
    _ request: RunRequest, host: String, user: String,
    _ attempt: (ElevationForm, SecretBytes?) async throws(TransportError) -> CommandProcess.Ending
  ) async throws(TransportError) -> RunReply {
    var form = ElevationForm.none
    if request.elevated, becomesRoot { form = state.withLock { $0.isPasswordNeeded } ? .sudoWithPassword : .sudo }
    while true {
      let password = form == .sudoWithPassword ? try await password(host: host, user: user) : nil
      switch try await attempt(form, password) {
      case .reply(let reply): return reply
      case .notStarted(let error, _, _): throw error
      case .passwordRequired:
        // Nothing ran and nothing was read.
        state.withLock { $0.isPasswordNeeded = true }
        form = .sudoWithPassword
      case .passwordWrong(let error):
        state.withLock { $0.isPasswordWrong = true }
        throw error
      }
    }
  }

  private func password(host: String, user: String) async throws(TransportError) -> SecretBytes {
    // A password that was refused once is not tried again: hosts lock accounts.
    if state.withLock({ $0.isPasswordWrong }) { throw .becomePasswordWrong(host: host, user: user) }
    let answer = await secrets.secret(SecretRequest(purpose: .becomePassword, subject: user))
    guard let answer else { throw .becomePasswordMissing(host: host, user: user) }
    return answer
  }
}
