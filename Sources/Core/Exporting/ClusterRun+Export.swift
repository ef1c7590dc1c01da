extension ClusterRun {
  /// Whether hosts hold the kube-apiserver's client pair at all, which the configuration says.
  ///
  /// - Parameter spec: The cluster.
  /// - Throws: ``RunFailure`` with the code `export.none` where none does.
  public static func checkClientPair(of spec: ClusterSpec) throws(RunFailure) {
    guard spec.apiserverClient == .none else { return }
    throw RunFailure(
      code: "export.none", what: "no host holds the kube-apiserver's client pair",
      why: "the configuration says `apiserverClient: none`",
      fix: "set apiserverClient to first or every and run quorate apply, or issue a pair of your own from the CA")
  }

  /// Reads the kube-apiserver's client pair and the CA's certificate from the first host, which must be connected, and
  /// checks that they are right: one pair, issued by that CA, for clients, valid now.
  ///
  /// - Throws: ``RunFailure``; nothing was changed anywhere.
  public func readClientFiles() async throws(RunFailure) -> ClientFiles {
    guard let host = settings.spec.hosts.first, let session = session(of: host.name) else {
      throw RunFailure(
        code: "transport.unreachable", what: "the first host is not connected", why: "an earlier attempt failed")
    }
    try Self.checkClientPair(of: settings.spec)
    let layout = host.layout
    let paths = (
      layout.authorityCertificate, layout.certificate(.apiserverEtcdClient), layout.key(.apiserverEtcdClient)
    )
    var answer: HostAnswer
    do {
      answer = try await session.perform(
        [.files(limit: CoreProbes.fileLimit, paths: [paths.0, paths.1, paths.2])], timeoutSeconds: 30)
    } catch { throw RunFailure(error, doing: "read the client pair of", host: host) }
    defer { answer.wipe() }
    guard case .files(let found)? = answer.replies.first else {
      throw Self.notRight(host, "\(paths.1) cannot be read")
    }
    var contents: [Range<Int>] = []
    for path in [paths.0, paths.1, paths.2] {
      guard let content = found[path]?.content else {
        throw Self.notRight(host, found[path] == nil ? "\(path) is not there" : "\(path) cannot be read")
      }
      contents.append(content)
    }
    let (authority, certificate) = (answer.content(contents[0]), answer.content(contents[1]))
    let key = answer.secret(contents[2])
    let toolkit = settings.toolkit
    guard let parsed = try? toolkit.parse(certificate: certificate) else {
      throw Self.notRight(host, "\(paths.1) is no certificate")
    }
    guard (try? toolkit.publicKeyFingerprint(ofKey: key)) == parsed.publicKeyFingerprint else {
      throw Self.notRight(host, "\(paths.2) is not the key of \(paths.1)")
    }
    guard toolkit.isIssued(certificate, by: authority) else {
      throw Self.notRight(host, "\(paths.1) was not issued by \(paths.0)")
    }
    guard parsed.extendedKeyUsages.contains("clientAuth") else {
      throw Self.notRight(host, "\(paths.1) is not for clients")
    }
    guard parsed.notAfter > Instant(secondsSinceEpoch: Int64(settings.wallClock())) else {
      throw Self.notRight(host, "\(paths.1) expired on \(parsed.notAfter.dayText)")
    }
    return ClientFiles(authority: authority, certificate: certificate, key: key, notAfter: parsed.notAfter)
  }

  private static func notRight(_ host: HostSpec, _ why: String) -> RunFailure {
    RunFailure(
      host: host.name, code: "export.not-right", what: "the kube-apiserver's client pair on \(host.name) is not right",
      why: why, fix: "run quorate verify, then quorate apply")
  }

  /// Puts the files where kubeadm looks for them on a control-plane node, which must be connected: staged on the same
  /// file system, synced, and renamed one right after the other. What is there and right stays.
  ///
  /// - Parameters:
  ///   - files: The files.
  ///   - host: The node.
  ///   - replacing: Whether other files may be overwritten.
  /// - Throws: ``RunFailure``; with the code `export.different` nothing was changed.
  public func place(_ files: ClientFiles, on host: HostSpec, replacing: Bool) async throws(RunFailure) -> [PlacedFile] {
    guard let session = session(of: host.name) else { throw RunFailure.notConnected(host) }
    let folder = host.layout.pkiFolder
    let folders = [host.layout.kubernetesFolder, folder, host.layout.etcdPKIFolder]
    let paths = files.files.map { "\(folder)/\($0.name)" }
    var seen: [String: ObservedFile] = [:]
    var isSame: [String: Bool] = [:]
    do {
      var answer = try await session.perform(
        [.files(limit: CoreProbes.fileLimit, paths: paths), .files(limit: 0, paths: folders)], timeoutSeconds: 30)
      defer { answer.wipe() }
      for reply in answer.replies {
        guard case .files(let found) = reply else { continue }
        for (path, entry) in found {
          seen[path] = entry.file
          guard let index = paths.firstIndex(of: path), let content = entry.content else { continue }
          isSame[path] = files.files[index].content.isEqual(to: answer.secret(content))
        }
      }
    } catch { throw RunFailure(error, doing: "look at the files of", host: host) }
    let others = paths.filter { seen[$0] != nil && isSame[$0] != true }
    guard others.isEmpty || replacing else { throw .differentFiles(others, host: host.name) }

    var operations: [HostOperation] = [.expect(paths.map { (path: $0, seen: seen[$0] ?? .absent) })]
    var placed: [PlacedFile] = []
    for path in folders where seen[path] == nil {
      operations.append(.makeFolder(path: path, mode: 0o755, owner: nil))
    }
    var puts: [HostOperation] = []
    // A pair is replaced as a pair.
    let isPairRight = paths.dropFirst().allSatisfy { isSame[$0] == true }
    for (index, (file, path)) in zip(files.files, paths).enumerated() {
      let stays = isSame[path] == true && (index == 0 || isPairRight)
      guard !stays else {
        let hasMode = seen[path]?.mode == file.mode
        if !hasMode { operations.append(.setAttributes(path: path, mode: file.mode, owner: nil)) }
        placed.append(PlacedFile(path: path, change: hasMode ? .unchanged : .mode))
        continue
      }
      puts.append(
        .put(
          index: index, path: path, mode: file.mode, owner: nil, content: .secret(file.content),
          count: file.content.count))
      placed.append(PlacedFile(path: path, change: seen[path] == nil ? .added : .replaced))
    }
    let stage = folder + "/.quorate-staged"
    // An earlier run that was cut off may have left a copy of the key there.
    operations +=
      puts.isEmpty
      ? [.discard(stage: stage, onlyIfSeen: false)] : [.stage(stage)] + puts + [.commit(stage: stage, keep: false)]
    do {
      var answer = try await session.perform(operations, timeoutSeconds: 60)
      answer.wipe()
    } catch { throw RunFailure(error, doing: "place files on", host: host) }
    return placed
  }
}

extension OperatorFiles {
  /// Puts the files into a folder of this machine, below which they are named as below `/etc/kubernetes/pki`: all are
  /// written beside their places and synced before the first is renamed.
  ///
  /// - Parameters:
  ///   - files: The files.
  ///   - folder: The folder; it is made, for its owner alone, where it is missing.
  ///   - replacing: Whether other files may be overwritten.
  /// - Throws: ``RunFailure``; with the code `export.different` nothing was changed.
  public func place(_ files: ClientFiles, in folder: String, replacing: Bool) throws(RunFailure) -> [PlacedFile] {
    let paths = files.files.map { "\(folder)/\($0.name)" }
    var isSame: [Bool?] = []
    for (file, path) in zip(files.files, paths) {
      isSame.append(exists(path) ? (try? readSecret(path))?.isEqual(to: file.content) ?? false : nil)
    }
    let others = zip(paths, isSame).filter { $0.1 == false }.map(\.0)
    guard others.isEmpty || replacing else { throw .differentFiles(others, host: nil) }
    try makeFolder(folder, mode: 0o700)
    try makeFolder(folder + "/etcd", mode: 0o755)
    let isPairRight = isSame.dropFirst().allSatisfy { $0 == true }
    var placed: [PlacedFile] = []
    var writes: [(content: SecretBytes, path: String, mode: UInt32)] = []
    for (index, (file, path)) in zip(files.files, paths).enumerated() {
      if isSame[index] == true, index == 0 || isPairRight {
        placed.append(PlacedFile(path: path, change: try correct(mode: file.mode, of: path) ? .mode : .unchanged))
      } else {
        writes.append((file.content, path, UInt32(file.mode)))
        placed.append(PlacedFile(path: path, change: isSame[index] == nil ? .added : .replaced))
      }
    }
    try replaceTogether(writes)
    return placed
  }
}
