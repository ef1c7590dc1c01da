/// Reads the few series that matter here from a member's `/metrics`, in Prometheus' text format (version 0.0.4).
public enum EtcdMetricsText {
  /// Reads a body. Lines that are no sample of a known series are passed over, so a body that holds none gives a value
  /// without any.
  public static func read(_ body: [UInt8]) -> EtcdMetrics {
    var metrics = EtcdMetrics()
    for line in body.split(whereSeparator: { $0 == UInt8(ascii: "\n") }) where line.starts(with: etcd) {
      if let sample = Sample(line) { take(sample, into: &metrics) }
    }
    return metrics
  }

  private static let etcd = Array("etcd_".utf8)

  private static func take(_ sample: Sample, into metrics: inout EtcdMetrics) {
    let truth = sample.value == 1 ? true : sample.value == 0 ? false : nil
    let count = Int64(exactly: sample.value.rounded())
    // A vector that carries its message in a label keeps an old label with the value 0.
    let isCurrent = sample.value == 1
    switch sample.name {
    case "etcd_server_id" where isCurrent:
      metrics.memberID = sample.labels["server_id"].flatMap(EtcdID.init(hexadecimal:))
    case "etcd_server_version" where isCurrent: metrics.version = sample.labels["server_version"]
    case "etcd_cluster_version" where isCurrent: metrics.clusterVersion = sample.labels["cluster_version"]
    case "etcd_server_has_leader": metrics.hasLeader = truth
    case "etcd_server_is_leader": metrics.isLeader = truth
    case "etcd_server_is_learner": metrics.isLearner = truth
    case "etcd_mvcc_db_total_size_in_bytes": metrics.databaseSize = count
    case "etcd_mvcc_db_total_size_in_use_in_bytes": metrics.databaseSizeInUse = count
    case "etcd_server_quota_backend_bytes": metrics.databaseQuota = count
    case "etcd_debugging_mvcc_current_revision": metrics.revision = count
    case "etcd_debugging_mvcc_compact_revision": metrics.compactRevision = count
    case "etcd_server_leader_changes_seen_total": metrics.leaderChanges = count
    case "etcd_server_proposals_pending": metrics.proposalsPending = count
    default: break
    }
  }
}

/// One line of the format: `name{label="value",…} number [timestamp]`.
private struct Sample {
  var name: String
  var labels: [String: String] = [:]
  var value: Double

  init?(_ line: ArraySlice<UInt8>) {
    var rest = line
    if rest.last == UInt8(ascii: "\r") { rest = rest.dropLast() }
    name = String(decoding: Sample.word(&rest), as: UTF8.self)
    if rest.first == UInt8(ascii: "{") {
      rest = rest.dropFirst()
      guard let labels = Sample.labels(&rest) else { return nil }
      self.labels = labels
    }
    let numbers = rest.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    guard !name.isEmpty, (1...2).contains(numbers.count),
      let value = Double(String(decoding: numbers[0], as: UTF8.self))
    else { return nil }
    self.value = value
  }

  private static func word(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let word = rest.prefix {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
        true
      default: false
      }
    }
    rest = rest[word.endIndex...]
    return word
  }

  private static func skipSpaces(_ rest: inout ArraySlice<UInt8>) { rest = rest.drop { $0 == UInt8(ascii: " ") } }

  private static func labels(_ rest: inout ArraySlice<UInt8>) -> [String: String]? {
    var labels: [String: String] = [:]
    while true {
      skipSpaces(&rest)
      if rest.first == UInt8(ascii: "}") {
        rest = rest.dropFirst()
        return labels
      }
      let name = word(&rest)
      skipSpaces(&rest)
      guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "=") else { return nil }
      skipSpaces(&rest)
      guard let value = quoted(&rest) else { return nil }
      labels[String(decoding: name, as: UTF8.self)] = value
      skipSpaces(&rest)
      if rest.first == UInt8(ascii: ",") {
        rest = rest.dropFirst()
      } else if rest.first != UInt8(ascii: "}") {
        return nil
      }
    }
  }

  private static func quoted(_ rest: inout ArraySlice<UInt8>) -> String? {
    guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return EtcdGatewayFields.printable(String(decoding: bytes, as: UTF8.self))
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { return nil }
        bytes.append(escaped == UInt8(ascii: "n") ? UInt8(ascii: "\n") : escaped)
      default: bytes.append(byte)
      }
    }
    return nil
  }
}
