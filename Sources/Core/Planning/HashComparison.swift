/// Whether the members' hashes of the key-value store say that they hold the same.
///
/// Hashes are comparable only at equal revision, equal compact revision and equal etcd version (etcd#18274). Anything
/// else is "not comparable", which is no statement about the data.
public enum HashComparison: Sendable, Codable, Hashable {
  /// All members hold the same up to a revision.
  case equal(hash: UInt32, revision: Int64)
  /// Members hold different things up to the same revision, by host.
  case different(revision: Int64, hashes: [String: UInt32])
  /// The hashes say nothing; why, in words.
  case notComparable(String)

  /// Compares the hashes of an observation. Every host must have given one.
  public init(_ observation: ClusterObservation) {
    let given = observation.members.compactMap { member in member.hash.map { (member, $0) } }
    guard given.count >= 2, let first = given.first else {
      let only = given.first.map { "only \($0.0.host) gave one" } ?? "no member gave one"
      self = .notComparable(observation.members.count == 1 ? "there is only one member" : only)
      return
    }
    let missing = observation.members.filter { $0.hash == nil }.map(\.host)
    let hashes = Dictionary(given.map { ($0.0.host, $0.1.hash) }, uniquingKeysWith: { first, _ in first })
    if let whole = given.first(where: { $0.1.compactRevision == nil }) {
      let version = whole.0.version.map { "etcd \($0)" } ?? "its etcd"
      self = .notComparable("\(whole.0.host) gave a hash of its database file: \(version) offers no other by this way")
    } else if !missing.isEmpty {
      self = .notComparable("\(missing.joined(separator: ", ")) gave none")
    } else if let why = Self.difference(given, by: { $0.0.version }, called: "etcd version") {
      self = .notComparable(why)
    } else if let why = Self.difference(given, by: { $0.1.revision }, called: "revision") {
      self = .notComparable(why)
    } else if let why = Self.difference(given, by: { $0.1.compactRevision }, called: "compact revision") {
      self = .notComparable(why)
    } else if Set(hashes.values).count == 1 {
      self = .equal(hash: first.1.hash, revision: first.1.revision)
    } else {
      self = .different(revision: first.1.revision, hashes: hashes)
    }
  }

  private static func difference<Value: Hashable>(
    _ given: [(MemberObservation, EtcdHash)], by value: ((MemberObservation, EtcdHash)) -> Value?, called name: String
  ) -> String? {
    if let unknown = given.first(where: { value($0) == nil }) { return "\(unknown.0.host)'s \(name) is not known" }
    guard Set(given.map { value($0) }).count > 1 else { return nil }
    let each = given.map { pair in value(pair).map { "\(pair.0.host) \($0)" } ?? pair.0.host }
    return "the members differ in \(name): \(each.joined(separator: ", "))"
  }
}
