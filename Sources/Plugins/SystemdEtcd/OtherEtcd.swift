internal import QuorateCore

/// The distribution's own etcd: Debian's package starts `etcd.service` when it is installed.
struct OtherEtcd: Equatable {
  static let unit = "etcd.service"

  let state: UnitState
  /// Where its data is; nil: not known.
  let dataFolder: String?
  /// The ports that it listens on.
  let ports: Set<UInt16>

  /// What its process says; where it says nothing, what etcd does by default (etcd `embed/config.go`).
  init(state: UnitState, process: UnitProcess) {
    self.state = state
    func value(_ flag: String) -> String? {
      let name = "ETCD_" + flag.uppercased().replacing("-", with: "_")
      for (index, argument) in process.command.enumerated() {
        let bare = argument.drop { $0 == "-" }
        guard argument.hasPrefix("-"), bare.hasPrefix(flag) else { continue }
        let rest = bare.dropFirst(flag.count)
        if rest.first == "=" { return String(rest.dropFirst()) }
        if rest.isEmpty, index + 1 < process.command.count { return process.command[index + 1] }
      }
      return process.environment[name]
    }
    dataFolder = value("data-dir")
    let urls = [
      value("listen-client-urls") ?? "http://localhost:2379", value("listen-peer-urls") ?? "http://localhost:2380",
      value("listen-metrics-urls") ?? "",
    ]
    ports = Set(
      urls.flatMap { $0.split(separator: ",") }.compactMap { url in
        url.lastIndex(of: ":").flatMap { UInt16(url[url.index(after: $0)...].prefix { $0.isNumber }) }
      })
  }

  /// What of the member's it has taken, in words; empty: nothing.
  func conflicts(with host: HostSpec) -> [String] {
    guard state.isUp else { return [] }
    let wanted = [("client", host.ports.client), ("peer", host.ports.peer), ("metrics", host.ports.metrics)]
    var taken = wanted.filter { ports.contains($0.1) }.map { "the \($0.0) port \($0.1)" }
    // Debian's data is in a folder below /var/lib/etcd.
    let own = host.layout.dataFolder + "/"
    if let dataFolder, own.hasPrefix(dataFolder + "/") || (dataFolder + "/").hasPrefix(own) {
      taken.append("the folder \(dataFolder)")
    }
    return taken
  }
}
