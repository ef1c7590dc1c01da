/// Finds the name that a writer most likely meant.
public enum NearestName {
  /// The candidate nearest to a name, where one is near: at most a third of its letters differ.
  public static func find(_ name: String, among candidates: [String]) -> String? {
    if let other = namesElsewhere[name.lowercased()], candidates.contains(other) { return other }
    let limit = max(1, name.count / 3)
    let ranked = candidates.map { (name: $0, distance: distance(name.lowercased(), $0.lowercased())) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= limit else { return nil }
    return best.name
  }

  /// What kubeadm, etcd and others call things that have another name here.
  private static let namesElsewhere = [
    "datadir": "dataFolder", "data-dir": "dataFolder", "servercertsans": "serverSANs", "peercertsans": "peerSANs",
    "certsans": "sans", "advertiseaddress": "address", "ip": "address", "internalip": "address", "members": "hosts",
    "nodes": "hosts", "extraargs": "extraArgs", "args": "extraArgs", "certificatevalidityperiod": "validity",
    "cacertificatevalidityperiod": "validity", "encryptionalgorithm": "keyAlgorithm", "username": "user",
    "keyfile": "key", "certfile": "certificate", "cert": "certificate", "crt": "certificate", "cafile": "certificate",
  ]

  /// The number of letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
  static func distance(_ left: String, _ right: String) -> Int {
    let (a, b) = (Array(left.unicodeScalars.prefix(64)), Array(right.unicodeScalars.prefix(64)))
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for row in a.indices {
      var current = [row + 1] + [Int](repeating: 0, count: b.count)
      for column in b.indices {
        var best = min(last[column] + (a[row] == b[column] ? 0 : 1), last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, a[row] == b[column - 1], a[row - 1] == b[column] {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current[column + 1] = best
      }
      (beforeLast, last) = (last, current)
    }
    return last[b.count]
  }
}
