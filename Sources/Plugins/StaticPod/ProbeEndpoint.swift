internal import QuorateCore

/// Where the kubelet's probes ask: the first of `listen-metrics-urls` where the configuration sets it, else
/// loopback, port 2381, HTTP (kubeadm `GetEtcdProbeEndpoint`).
struct ProbeEndpoint: Equatable {
  var scheme = "HTTP"
  var host: String
  var port = 2381

  init(metricsURLs: String?, loopback: IPAddress) {
    host = loopback.description
    guard let first = metricsURLs?.split(separator: ",", omittingEmptySubsequences: false).first,
      let mark = first.firstRange(of: "://")
    else { return }
    if first[..<mark.lowerBound].lowercased() == "https" { scheme = "HTTPS" }
    let authority = first[mark.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let (name, rest): (Substring, Substring)
    if authority.hasPrefix("[") {
      name = authority.dropFirst().prefix { $0 != "]" }
      rest = authority.dropFirst(name.count + 2)
    } else {
      name = authority.prefix { $0 != ":" }
      rest = authority.dropFirst(name.count)
    }
    if !name.isEmpty { host = String(name) }
    if rest.hasPrefix(":"), let number = Int(rest.dropFirst()), (1...65_535).contains(number) { port = number }
  }
}
