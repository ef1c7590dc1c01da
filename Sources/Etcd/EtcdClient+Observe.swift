public import QuorateCore

extension EtcdClient {
  /// Asks everything that an observation holds, each call for itself; what fails becomes part of it.
  ///
  /// - Parameters:
  ///   - host: The host whose member this is.
  ///   - hashRevision: The revision to hash up to; 0: the newest; nil: no hash.
  public func observe(_ host: HostSpec, hashRevision: Int64? = nil) async -> MemberObservation {
    var observation = MemberObservation(of: host, health: .healthy)
    do {
      observation.status = try await status()
    } catch {
      observation.health = Self.health(after: error)
      // Whoever cannot be reached for one call is not asked for the next.
      if case .unreachable = observation.health { return observation }
    }
    do { try await health() } catch { observation.health = Self.health(after: error) }
    // A learner answers neither of these; the voters' answers count.
    observation.memberList = try? await memberList()
    observation.alarms = try? await alarms()
    if let hashRevision { observation.hash = try? await hashKV(revision: hashRevision) }
    return observation
  }

  private static func health(after error: EtcdError) -> MemberHealth {
    switch error.code {
    case .refused, .notEtcd, .answerTooLarge: .unhealthy(error.why)
    case .timedOut: .unhealthy("\(error.call): \(error.why)")
    default: .unreachable(error.why)
    }
  }
}
