internal import ArgumentParser
internal import QuorateConfiguration
internal import QuorateCore

/// `quorate export certs`: the three files that a control-plane node needs.
struct ExportCertsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certs",
    abstract: "Brings the CA's certificate and the kube-apiserver's client pair to a folder or to control-plane nodes.",
    usage: """
      quorate export certs --to DIR
      quorate export certs --to-hosts HOST ...
      """,
    discussion: """
      The files are read from the first host and checked. In DIR they are named as below /etc/kubernetes/pki: \
      etcd/ca.crt, apiserver-etcd-client.crt and apiserver-etcd-client.key, the key with mode 0600. To hosts they go \
      over the configuration's transport, straight to /etc/kubernetes/pki; the key rests nowhere else. Files that are \
      right stay as they are; other files are replaced only with --replace.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outputOptions: OutputOptions

  @Option(name: .long, help: "A folder on this machine; it is made if it is missing.")
  var to: String?

  @Option(
    name: .long, parsing: .upToNextOption,
    help: ArgumentHelp(
      "Control-plane nodes, one by one or with commas in between: [USER@]ADDRESS[:PORT] each; an IPv6 address with a "
        + "port in brackets."))
  var toHosts: [String] = []

  @Flag(name: .long, help: "Replace other files that are there under these names.")
  var replace = false

  func validate() throws {
    guard (to == nil) != toHosts.isEmpty else {
      throw ValidationError("Give either --to DIR or --to-hosts HOST ....")
    }
    let names = toHosts.separatedAtCommas
    for text in names where NodeAddress(text) == nil {
      throw ValidationError("--to-hosts takes [USER@]ADDRESS[:PORT], not '\(text)'.")
    }
    if Set(names).count < names.count { throw ValidationError("--to-hosts names a host twice.") }
  }

  func run() async throws {
    let console = outputOptions.console
    console.begin("export certs")
    let (spec, loaded) = try configuration.load(console)
    let nodes = toHosts.separatedAtCommas.compactMap { NodeAddress($0) }.map(\.host)
    try check(nodes, spec, console)
    let startedAt = Environment.now()
    let journal =
      nodes.isEmpty
      ? nil
      : Journal(
        cluster: spec.name, command: "export", startedAt: Instant(secondsSinceEpoch: Int64(startedAt)))
    let driver = try RunDriver(
      spec: spec, loaded: loaded, console: console, connection: connection, journal: journal)
    var status: ExitCode?
    do { status = try await driver.withConnections { try await export(driver, to: nodes) } } catch {
      status = driver.fail(error, now: "nothing was changed")
    }
    if status != nil, console.format == .json {
      console.result(JSONLine("summary", [("outcome", .string("failed"))]).text)
    }
    journal?.record(JSONLine("exit", [("status", .integer(Int(status?.rawValue ?? 0)))]))
    if let status { throw status }
  }

  private func check(_ nodes: [HostSpec], _ spec: ClusterSpec, _ console: Console) throws {
    let problems = ProblemReport(console: console)
    do { try ClusterRun.checkClientPair(of: spec) } catch {
      problems.report(error, now: "nothing was changed")
      throw ExitStatus.usage.code
    }
    let own = nodes.first { node in spec.hosts.contains { $0.isReached(by: node.endpoint) } }
    if let own {
      problems.report(
        RunFailure(
          host: own.name, code: "export.own-host", what: "\(own.name) is a host of the etcd cluster itself",
          why: "quorate apply puts its files there", fix: "name the control-plane nodes"), now: "nothing was changed")
      throw ExitStatus.usage.code
    }
    if !nodes.isEmpty, spec.transport.plugin == "local" {
      problems.report(
        RunFailure(
          code: "export.local", what: "the transport `local` reaches no other host",
          why: "it works on this machine, whatever the host's address is", fix: "give --to DIR, and copy the files"),
        now: "nothing was changed")
      throw ExitStatus.usage.code
    }
  }

  /// - Returns: The status to end with; nil: success.
  private func export(_ driver: RunDriver, to nodes: [HostSpec]) async throws -> ExitCode? {
    let first = driver.spec.hosts.prefix(1)
    let unreachable = await driver.run.connect(to: Array(first) + nodes)
    driver.tell(unreachable, now: "nothing was changed")
    guard unreachable.isEmpty else { return ExitStatus(of: unreachable.map(\.code)).code }
    let files = try await driver.run.readClientFiles()
    var failures: [RunFailure] = []
    var changed = 0
    if let to {
      let placed = try OperatorFiles().place(files, in: to, replacing: replace)
      changed += show(placed, host: nil, driver.console)
    }
    for node in nodes {
      do throws(RunFailure) {
        changed += show(
          try await driver.run.place(files, on: node, replacing: replace), host: node.name, driver.console)
      } catch { failures.append(error) }
    }
    let done = nodes.count - failures.count
    driver.tell(
      failures, now: done == 0 ? "nothing was changed" : "the files are in place on \(done) of \(nodes.count) hosts")
    guard failures.isEmpty else { return ExitStatus(of: failures.map(\.code)).code }
    if driver.console.format == .json {
      driver.console.result(
        JSONLine(
          "summary",
          [
            ("outcome", .string("done")), ("changed", .integer(changed)), ("notAfter", .string(files.notAfter.text)),
          ]
        ).text)
    } else {
      driver.console.progress(
        (changed == 0 ? "No changes: the files are as they should be." : "\(changed) files written.")
          + " The certificate is valid until \(files.notAfter.dayText).")
    }
    return nil
  }

  private func show(_ placed: [PlacedFile], host: String?, _ console: Console) -> Int {
    for file in placed {
      if console.format == .json {
        console.result(
          JSONLine(
            "file",
            [("host", .optional(host)), ("path", .string(file.path)), ("change", .string(file.change.rawValue))]
          ).text)
        continue
      }
      let (mark, note) =
        switch file.change {
        case .added: (console.styled("+", .green), "")
        case .replaced: (console.styled("~", .yellow), "  replaced")
        case .mode: (console.styled("~", .yellow), "  mode corrected")
        case .unchanged: (" ", "  as it should be")
        }
      console.result("  \(mark) \(host.map { "\($0): " } ?? "")\(file.path)\(note)")
    }
    return placed.count { $0.change != .unchanged }
  }
}

extension HostSpec {
  /// Whether an endpoint is this host's, by its name, its address or where Quorate logs in. Members that share a loopback
  /// address are told apart by their ports.
  fileprivate func isReached(by other: HostEndpoint) -> Bool {
    if name == other.host.lowercased() { return true }
    let otherAddress = IPAddress(other.host)
    if !address.isLoopback, address == otherAddress { return true }
    let isSamePlace =
      endpoint.host.lowercased() == other.host.lowercased()
      || otherAddress != nil && IPAddress(endpoint.host) == otherAddress
    return isSamePlace && endpoint.port == other.port
  }
}

extension [String] {
  /// Values that were given one by one, with commas in between, or both (`a,b c`). A value that names nothing stays, so
  /// that it is refused as it was given.
  var separatedAtCommas: [String] {
    flatMap { (value: String) -> [String] in
      let parts = value.split(separator: ",").map { (part: Substring) -> String in
        var part = part
        while part.first == " " { part.removeFirst() }
        while part.last == " " { part.removeLast() }
        return String(part)
      }
      let names = parts.filter { !$0.isEmpty }
      return names.isEmpty ? [value] : names
    }
  }
}

/// A control-plane node as the command line names it: `[USER@]ADDRESS[:PORT]`.
struct NodeAddress {
  let host: HostSpec

  init?(_ text: String) {
    var rest = text[...]
    var user: String?
    if let at = rest.lastIndex(of: "@") {
      user = String(rest[..<at])
      rest = rest[rest.index(after: at)...]
      guard let user, !user.isEmpty, !user.hasPrefix("-"), user.allSatisfy({ $0.isASCII && $0 > " " }) else {
        return nil
      }
    }
    var port: UInt16 = 22
    var name = String(rest)
    if rest.hasPrefix("[") {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      name = String(rest[rest.index(after: rest.startIndex)..<end])
      rest = rest[rest.index(after: end)...]
      guard IPAddress(name)?.isV6 == true, rest.isEmpty || rest.hasPrefix(":") else { return nil }
      if !rest.isEmpty {
        guard let number = UInt16(rest.dropFirst()), number > 0 else { return nil }
        port = number
      }
    } else if IPAddress(name) == nil, let colon = rest.lastIndex(of: ":") {
      guard let number = UInt16(rest[rest.index(after: colon)...]), number > 0 else { return nil }
      (name, port) = (String(rest[..<colon]), number)
    }
    let address = IPAddress(name)
    guard address != nil || DNSName.isSubdomain(name.lowercased()) else { return nil }
    host = HostSpec(
      name: text, address: address ?? .loopbackV4, endpoint: HostEndpoint(host: name, port: port, user: user))
  }
}
