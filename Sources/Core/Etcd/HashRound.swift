extension ClusterObservation {
  /// This observation with a hash of every member, all up to one revision: the lowest that any of them has.
  ///
  /// Where a compaction falls between two answers they are not comparable, and all are asked again, at most twice. What a
  /// member does not answer stays unknown.
  ///
  /// - Parameter clients: A client of each host's member, by host name.
  public func hashed(by clients: [String: any EtcdAccess]) async -> ClusterObservation {
    var observation = self
    for _ in 0..<3 {
      let statuses = await Self.answers(of: clients) { try? await $0.status() }
      guard let revision = statuses.values.map(\.revision).min() else { return observation }
      let hashes = await Self.answers(of: clients) { try? await $0.hashKV(revision: revision) }
      for index in observation.members.indices {
        observation.members[index].hash = hashes[observation.members[index].host]
      }
      guard Set(hashes.values.map(\.compactRevision)).count > 1 || hashes.count < statuses.count else { break }
    }
    return observation
  }

  /// What each member answers, all asked at once; those that do not answer are left out.
  private static func answers<Answer: Sendable>(
    of clients: [String: any EtcdAccess], to question: @escaping @Sendable (any EtcdAccess) async -> Answer?
  ) async -> [String: Answer] {
    await withTaskGroup(of: (String, Answer?).self) { group in
      for (host, client) in clients { group.addTask { (host, await question(client)) } }
      var answers: [String: Answer] = [:]
      for await (host, answer) in group { answers[host] = answer }
      return answers
    }
  }
}
