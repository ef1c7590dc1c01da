/// What Core needs of an etcd client: the calls to one member's client endpoint. The module Etcd fulfils it with
/// libcurl; Core itself links no library.
///
/// **Who calls it.** The runner, where a host has neither curl nor openssl and so cannot be asked to ask its own member:
/// for the survey, for the gate before a member, and for the ids after founding. Everywhere else the questions travel
/// with the survey (``EtcdProbe``). The calls that change a cluster are for verbs that are not there yet.
///
/// **Order.** Calls to one member are carried out one after the other on one connection. Each has a time limit.
///
/// **Cancellation.** A call whose task is cancelled throws ``EtcdError/Code/cancelled`` promptly; a change that was
/// asked for may have been made, which ``EtcdError/mayHaveHappened`` says.
///
/// **Errors.** ``EtcdError``. Reading calls that fail with a connection that had been idle are repeated once by the
/// client; changing calls are never repeated by it.
public protocol EtcdAccess: Sendable {
  /// The members, as this member knows them.
  ///
  /// - Parameter linearizable: Whether the list must be at least as new as the call, which needs a quorum.
  func memberList(linearizable: Bool) async throws(EtcdError) -> EtcdMemberList
  /// The member's account of itself.
  func status() async throws(EtcdError) -> EtcdMemberStatus
  /// Whether the member serves a read that needs a quorum, as `etcdctl endpoint health` asks it.
  func health() async throws(EtcdError)
  /// The alarms that stand.
  func alarms() async throws(EtcdError) -> [EtcdAlarm]
  /// Ends an alarm. It is raised again where its reason still stands.
  func disarm(_ alarm: EtcdAlarm) async throws(EtcdError)
  /// The hash of the member's key-value store up to a revision; 0: the newest.
  func hashKV(revision: Int64) async throws(EtcdError) -> EtcdHash
  /// Makes another member the leader; to be asked of the leader.
  func moveLeader(to member: EtcdID) async throws(EtcdError)
  /// Adds a member, which has no vote where it is a learner.
  ///
  /// - Returns: The new member and the list with it.
  func addMember(peerURLs: [String], asLearner: Bool) async throws(EtcdError) -> (EtcdMember, EtcdMemberList)
  /// Gives a learner a vote; refused while it has not caught up.
  func promote(_ member: EtcdID) async throws(EtcdError)
  /// Removes a member.
  func remove(_ member: EtcdID) async throws(EtcdError)
  /// Gives back unused space of the member's database file. The member serves nothing meanwhile.
  func defragment() async throws(EtcdError)
  /// Drops all history before a revision, in the whole cluster.
  func compact(revision: Int64) async throws(EtcdError)
  /// Makes a handshake of its own and returns what the member showed: the proof that a renewed certificate is in use.
  ///
  /// - Parameter verifying: Whether a certificate that this client would not speak to is an error.
  func servedCertificate(verifying: Bool) async throws(EtcdError) -> ServedCertificate
  /// Asks everything that an observation holds; what fails becomes part of it.
  ///
  /// - Parameters:
  ///   - host: The host whose member this is.
  ///   - hashRevision: The revision to hash up to; nil: no hash.
  func observe(_ host: HostSpec, hashRevision: Int64?) async -> MemberObservation
  /// Ends the connection and every call under way.
  func close() async
}

/// Opens a connected stream socket to a member's client endpoint, as ``Transport/stream(to:on:)`` does; whoever calls it
/// owns the descriptor. It is called again where the stream before has ended.
public typealias EtcdStream = @Sendable () async throws(TransportError) -> Int32

/// Makes a client of a host's member. Nothing is connected before the first call.
public typealias EtcdClientFactory = @Sendable (HostSpec, EtcdCredentials, @escaping EtcdStream) -> any EtcdAccess
