/// One case of `run`: which series it has, and what is worked out from their medians.
struct Benchmark: Sendable {
  /// Values of one kind, as they are listed.
  struct Series: Sendable {
    var title: String
    var series: String
    var metric: String
    var unit = "s"
    var digits = 2
  }

  /// What follows from medians. The limits are the project's own bars.
  struct Figure: Sendable {
    typealias Median = (_ series: String, _ metric: String) -> Double?

    var title: String
    var unit = "s"
    var digits = 2
    var limit: Double?
    var value: @Sendable (Median) -> Double?
  }

  var name: String
  var title: String
  var series: [Series]
  var figures: [Figure]

  static let all = [bootstrap, process, roundTrips, secondApply, certificates]

  static let bootstrap = Benchmark(
    name: "bootstrap", title: "from fresh hosts until all three members are healthy",
    series: [
      Series(title: "quorate apply, until healthy", series: "quorate", metric: "healthy"),
      Series(title: "  its hardening", series: "quorate", metric: "hardening"),
      Series(title: "  all of it", series: "quorate", metric: "wall"),
      Series(title: "  its processor time here", series: "quorate", metric: "cpu", digits: 3),
      Series(title: "  its peak memory here", series: "quorate", metric: "memory", unit: "MB", digits: 1),
      Series(title: "the guide by script, real kubeadm, until healthy", series: "guide", metric: "healthy"),
      Series(title: "floor: kubelets restarted, all in place", series: "floor", metric: "healthy"),
      Series(title: "three bare manifest changes in turn", series: "floor", metric: "changes"),
    ],
    figures: [
      Figure(title: "quorate above the floor", limit: 1) {
        difference($0("quorate", "healthy"), $0("floor", "healthy"))
      },
      Figure(title: "quorate / guide", unit: "") { ratio($0("quorate", "healthy"), $0("guide", "healthy")) },
      Figure(title: "hardening above the bare changes", limit: 1) {
        difference($0("quorate", "hardening"), $0("floor", "changes"))
      },
      Figure(title: "peak memory", unit: "MB", digits: 1, limit: 60) { $0("quorate", "memory") },
    ])

  static let process = Benchmark(
    name: "process", title: "three members on this machine, without root, until healthy",
    series: [
      Series(title: "quorate apply, until healthy", series: "quorate", metric: "healthy", digits: 3),
      Series(title: "  all of it", series: "quorate", metric: "wall", digits: 3),
      Series(title: "  of it, certificates", series: "quorate", metric: "certificates", digits: 3),
      Series(title: "  its processor time and its children's", series: "quorate", metric: "cpu", digits: 3),
      Series(title: "three bare etcd, the first 0.15 s ahead", series: "bare", metric: "healthy", digits: 3),
    ],
    figures: [
      Figure(title: "quorate above bare etcd", digits: 3, limit: 0.5) {
        difference($0("quorate", "healthy"), $0("bare", "healthy"))
      }
    ])

  static let roundTrips = Benchmark(
    name: "round-trips", title: "how many round trips in a row a run waits for, at 50 ms each",
    series: [
      Series(title: "first run, near, until healthy", series: "first-near", metric: "healthy"),
      Series(title: "first run, far, until healthy", series: "first-far", metric: "healthy"),
      Series(title: "first run, near, all of it", series: "first-near", metric: "wall"),
      Series(title: "first run, far, all of it", series: "first-far", metric: "wall"),
      Series(title: "nothing to change, near", series: "again-near", metric: "wall", digits: 3),
      Series(title: "nothing to change, far", series: "again-far", metric: "wall", digits: 3),
      Series(title: "ssh HOST true (OpenSSH), near", series: "ssh-near", metric: "wall", digits: 3),
      Series(title: "ssh HOST true (OpenSSH), far", series: "ssh-far", metric: "wall", digits: 3),
    ],
    figures: [
      Figure(title: "first run, until healthy", unit: "round trips", digits: 1, limit: 16) {
        trips($0, "first", "healthy")
      },
      Figure(title: "first run, hardening and all", unit: "round trips", digits: 1) { trips($0, "first", "wall") },
      Figure(title: "nothing to change", unit: "round trips", digits: 1, limit: 12) { trips($0, "again", "wall") },
      Figure(title: "ssh HOST true (OpenSSH)", unit: "round trips", digits: 1) { trips($0, "ssh", "wall") },
    ])

  static let secondApply = Benchmark(
    name: "second-apply", title: "a run that finds nothing to change, three hosts",
    series: [
      Series(title: "quorate apply", series: "quorate", metric: "wall", digits: 3),
      Series(title: "  its processor time here", series: "quorate", metric: "cpu", digits: 3),
      Series(title: "  its peak memory here", series: "quorate", metric: "memory", unit: "MB", digits: 1),
      Series(title: "three parallel ssh HOST sudo, same survey", series: "ssh", metric: "wall", digits: 3),
      Series(title: "  their processor time here", series: "ssh", metric: "cpu", digits: 3),
      Series(title: "connections, the host with the most", series: "count", metric: "connections", unit: "", digits: 0),
      Series(title: "commands, the host with the most", series: "count", metric: "commands", unit: "", digits: 0),
    ],
    figures: [
      Figure(title: "quorate / three ssh", unit: "", limit: 1.25) { ratio($0("quorate", "wall"), $0("ssh", "wall")) },
      Figure(title: "connections a host", unit: "", digits: 0, limit: 1) { $0("count", "connections") },
      Figure(title: "commands a host", unit: "", digits: 0, limit: 2) { $0("count", "commands") },
      Figure(title: "peak memory", unit: "MB", digits: 1, limit: 60) { $0("quorate", "memory") },
    ])

  static let certificates = Benchmark(
    name: "certificates", title: "the CA and all certificates of three members",
    series: [
      Series(title: "ECDSA-P256", series: "ECDSA-P256", metric: "seconds", digits: 4),
      Series(title: "RSA-2048", series: "RSA-2048", metric: "seconds", digits: 3),
      Series(title: "as many RSA-2048 keys on all cores, bare", series: "RSA-2048", metric: "bare", digits: 3),
    ],
    figures: [
      Figure(title: "ECDSA-P256", digits: 4, limit: 0.05) { $0("ECDSA-P256", "seconds") },
      Figure(title: "RSA-2048 / bare keys", unit: "", limit: 1.15) {
        ratio($0("RSA-2048", "seconds"), $0("RSA-2048", "bare"))
      },
    ])

  private static func difference(_ a: Double?, _ b: Double?) -> Double? { a.flatMap { a in b.map { a - $0 } } }

  private static func ratio(_ a: Double?, _ b: Double?) -> Double? { a.flatMap { a in b.map { a / $0 } } }

  /// How many delays the far runs took longer than the near ones.
  private static func trips(_ median: Figure.Median, _ run: String, _ metric: String) -> Double? {
    guard let growth = difference(median("\(run)-far", metric), median("\(run)-near", metric)) else { return nil }
    return median("wire", "round-trip").map { growth / $0 }
  }
}
