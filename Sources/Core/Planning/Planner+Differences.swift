/// What is wanted of a host against what was seen there.
extension Planner {
  func part(of host: HostInput, right: inout [String]) -> Part {
    var part = Part(host: host)
    let layout = host.host.layout
    let owner = host.service.owner

    for file in host.service.files { append(file, host, to: &part.service, &right) }
    part.changesService = !part.service.isEmpty
    if part.changesService || host.service.needsActivation {
      part.service =
        missingFolders(for: host.service.files.map(\.path), host) + part.service + host.service.activationSteps
    }

    authorityFiles(host, into: &part, &right)
    let madeFiles = part.files.filter { step in
      if case .write(let change) = step, case .slot = change.file.content { true } else { false }
    }
    for pair in host.pairs { append(pair, host, into: &part, &right) }
    keep(madeFiles, host, into: &part)
    let manifests = founded ? host.existing : host.founding
    for file in manifests.configuration { append(file, host, to: &part.files, &right) }
    append(record(host, completed: founded), host, to: &part.files, &right)
    for file in manifests.manifest { append(file, host, to: &part.manifest, &right) }
    part.manifestDiffers = manifests.manifest.contains { !$0.meansTheSame(as: host.seen($0.path)) }
    part.manifestDiffersInMore = manifests.manifest.contains { desired in
      let seen = host.seen(desired.path)
      let alternatives = host.founding.manifest + host.existing.manifest
      return !alternatives.contains { $0.path == desired.path && $0.meansTheSame(as: seen) }
    }

    if !founded {
      // What founding writes is what hardening replaces; its fingerprint is not known before it was written.
      for file in host.existing.configuration + [record(host, completed: true)] + host.existing.manifest {
        let before = (host.founding.configuration + host.founding.manifest).first { $0.path == file.path }
        if let before, before == file { continue }
        var seen = ObservedFile(kind: .regular, mode: file.mode, owner: owner, fingerprint: ObservedFile.planned)
        if case .bytes(let bytes)? = before?.content { seen.content = bytes }
        part.hardening.append(
          .write(FileChange(file: owned(file, owner), seen: seen, reasons: [reason(hardening: file, layout)])))
      }
    }
    let written = (part.files + part.manifest).compactMap { step in
      if case .write(let change) = step { change.file.path } else { nil }
    }
    // A folder that the service needs as well is made with it; whoever comes first makes what is above its files.
    part.folders = missingFolders(for: written, host).filter { !part.service.contains($0) }
    if host.seen(layout.dataFolder).kind == .absent, !founded {
      // kubeadm makes it 0700; the kubelet's DirectoryOrCreate would leave it readable (kubeadm `etcd/local.go`).
      part.folders.append(
        .makeFolder(path: layout.dataFolder, mode: 0o700, owner: host.service.memberOwner ?? owner))
    }
    return part
  }

  private func reason(hardening file: DesiredFile, _ layout: HostLayout) -> String {
    file.path == layout.memberRecord ? "cluster id and member id" : "initial-cluster-state: new -> existing"
  }

  private func authorityFiles(_ host: HostInput, into part: inout Part, _ right: inout [String]) {
    let layout = host.host.layout
    let content: DesiredFile.Content =
      input.authority.certificate.map { .bytes($0) } ?? .slot(Slot.authorityCertificate)
    // A certificate that says the same in other bytes is right; AuthorityResolution refused another one.
    if host.seen(layout.authorityCertificate).kind == .regular {
      let there = DesiredFile(
        path: layout.authorityCertificate, mode: 0o644,
        content: host.seen(layout.authorityCertificate).content.map { .bytes($0) } ?? content)
      append(there, host, to: &part.files, &right)
    } else {
      append(
        DesiredFile(path: layout.authorityCertificate, mode: 0o644, content: content), host, to: &part.files, &right)
    }
    guard input.spec.authority.keyAt == .firstHost, host.host == input.spec.hosts.first else { return }
    let seen = host.seen(layout.authorityKey)
    let key = DesiredFile(path: layout.authorityKey, mode: 0o600, content: .slot(Slot.authorityKey))
    if seen.kind == .absent {
      // An existing CA whose key is nowhere to be found is reported only when something must be signed.
      if case .existing(_, .operatorFile("")) = input.authority { return }
      append(key, host, to: &part.files, &right, isSecret: true)
    } else {
      appendAttributes(key, host, to: &part.files, &right)
    }
  }

  private func append(_ pair: PairState, _ host: HostInput, into part: inout Part, _ right: inout [String]) {
    let layout = host.host.layout
    let owner = host.service.owner(of: pair.role)
    let key = layout.key(pair.role)
    let certificate = layout.certificate(pair.role)
    if pair.renewal.isEmpty {
      for path in [key, certificate] {
        guard let reasons = pair.attributes[path] else {
          right.append(path)
          continue
        }
        part.files.append(
          .setAttributes(
            path: path, mode: path == key ? 0o600 : 0o644, owner: owner, seen: host.seen(path),
            reasons: reasons))
      }
      return
    }
    let order = CertificateOrder(
      host: host.host.name, role: pair.role, profile: pair.profile, reasons: pair.renewal, pending: pair.pending)
    part.orders.append(order)
    for (path, slot, mode) in [(key, order.keySlot, 0o600), (certificate, order.certificateSlot, 0o644)]
      as [(String, String, UInt16)]
    {
      part.files.append(
        .write(
          FileChange(
            file: DesiredFile(path: path, mode: mode, owner: owner, content: .slot(slot)),
            seen: host.seen(path), isSecret: path == key, seenKey: host.observed.keyFingerprints[path] ?? nil,
            reasons: (host.seen(path).kind == .absent ? [] : pair.renewal)
              + (pair.pending.map { [path == key ? "the key that waits for its certificate" : $0.text] } ?? []))))
    }
  }

  /// What is kept of a host's orders where the issuer does not issue at once, and what is left of earlier ones.
  ///
  /// - Parameter made: The CA's files, where this run makes the CA: without them its key would be lost.
  private func keep(_ made: [Step], _ host: HostInput, into part: inout Part) {
    let layout = host.host.layout
    for role in CertificateRole.allCases {
      let isReused = part.orders.contains { $0.role == role && $0.pending != nil }
      for path in [layout.pendingKey(role), layout.pendingRequest(role)] where host.seen(path).kind != .absent {
        part.leftovers.append(
          .remove(
            path: path, seen: host.seen(path),
            reasons: [isReused ? "when the certificate is in place" : "no longer what is wanted"]))
      }
    }
    guard !part.orders.isEmpty || !made.isEmpty else { return }
    var writes = made
    for order in part.orders {
      for (path, slot) in [
        (layout.pendingKey(order.role), order.pendingKeySlot), (layout.pendingRequest(order.role), order.pendingSlot),
      ] {
        writes.append(
          .write(
            FileChange(
              file: DesiredFile(
                path: path, mode: 0o600, owner: host.service.owner(of: order.role), content: .slot(slot)),
              seen: host.seen(path), isSecret: slot == order.pendingKeySlot)))
      }
    }
    let paths = writes.compactMap { if case .write(let change) = $0 { change.file.path } else { nil } }
    part.keeping = missingFolders(for: paths, host) + writes
  }

  private func append(
    _ file: DesiredFile, _ host: HostInput, to steps: inout [Step], _ right: inout [String], isSecret: Bool = false
  ) {
    let seen = host.seen(file.path)
    guard seen.kind == .regular, case .bytes(let wanted) = file.content, seen.content == wanted else {
      var reasons: [String] = []
      if seen.kind == .regular { reasons = ["content differs"] }
      if seen.kind == .symlink { reasons = ["is a symbolic link"] }
      steps.append(
        .write(
          FileChange(file: owned(file, host.service.owner), seen: seen, isSecret: isSecret, reasons: reasons)))
      return
    }
    appendAttributes(file, host, to: &steps, &right)
  }

  private func appendAttributes(_ file: DesiredFile, _ host: HostInput, to steps: inout [Step], _ right: inout [String])
  {
    let seen = host.seen(file.path)
    let owner = file.owner ?? host.service.owner
    var reasons: [String] = []
    if seen.mode != file.mode { reasons.append("mode is \(seen.mode.octalText), not \(file.mode.octalText)") }
    if seen.owner != owner { reasons.append("owner is \(seen.owner), not \(owner)") }
    guard !reasons.isEmpty else {
      right.append(file.path)
      return
    }
    steps.append(.setAttributes(path: file.path, mode: file.mode, owner: owner, seen: seen, reasons: reasons))
  }

  private func owned(_ file: DesiredFile, _ owner: FileOwner) -> DesiredFile {
    var file = file
    file.owner = file.owner ?? owner
    return file
  }

  /// The record of a host's member; completed: with the ids, which only a started member knows.
  private func record(_ host: HostInput, completed: Bool) -> DesiredFile {
    let path = host.host.layout.memberRecord
    let seen = host.observed.record(host.host.layout)
    let manager = input.spec.serviceManager.plugin
    if var seen, seen.isFounded, completed, seen.token == input.identity.token {
      seen.serviceManager = manager
      return DesiredFile(path: path, mode: 0o600, content: .bytes(seen.json))
    }
    // What founding starts is asked for its ids during the run.
    guard !completed || founded else {
      return DesiredFile(path: path, mode: 0o600, content: .slot(Slot.record(of: host.host.name)))
    }
    var record = MemberRecord(
      cluster: input.spec.name, member: host.host.name, token: input.identity.token, serviceManager: manager)
    if completed, let ids = ids(of: host.host) { (record.clusterID, record.memberID) = ids }
    return DesiredFile(path: path, mode: 0o600, content: .bytes(record.json))
  }

  /// The ids of the cluster and of a host's member, as a member of this cluster told them in the survey; nil while none
  /// answers: the record is then completed by a later run.
  private func ids(of host: HostSpec) -> (cluster: String, member: String)? {
    for other in input.hosts {
      let observation = EtcdSurvey.observation(of: other.host, answers: other.observed.answers)
      guard let list = observation.memberList, list.header.clusterID.description == input.identity.clusterID,
        let member = list.members.first(where: { $0.peerURLs.contains(host.peerURL) })
      else { continue }
      return (list.header.clusterID.description, member.id.description)
    }
    return nil
  }

  /// Finishes, or clears away, what interrupted runs staged.
  func staged(_ host: HostInput) -> [Step] {
    Stage.ID.own.flatMap { stage -> [Step] in
      let folder = host.host.layout.stagingFolder(of: stage)
      guard let names = host.observed.answers.folder(folder) else { return [] }
      guard names.contains("ready") else { return [.discardStaged(folder: folder)] }
      guard stage == .update, host.isHealthy else { return [.resumeStaged(folder: folder)] }
      // A member that runs shows what is in place then; until it does, the copies stay.
      return [.resumeStaged(folder: folder)] + [.server, .peer].compactMap { awaitServed($0, host.host) } + [
        .discardStaged(folder: folder)
      ]
    }
  }

  /// Folders that must be made before files can be written, outermost first.
  private func missingFolders(for paths: [String], _ host: HostInput) -> [Step] {
    let layout = host.host.layout
    let known: [(path: String, mode: UInt16)] = [
      (layout.kubernetesFolder, 0o755), (layout.pkiFolder, 0o755), (layout.etcdPKIFolder, 0o755),
      (layout.manifestsFolder, 0o755), (layout.quorateFolder, 0o700), (layout.pendingFolder, 0o700),
    ]
    var steps: [Step] = []
    var made: Set<String> = []
    // Every file is staged below Quorate's own folder first.
    let parents = (paths.isEmpty ? [] : [layout.quorateFolder]) + paths.map(\.parentFolder)
    for parent in parents {
      for folder in known where parent == folder.path || parent.hasPrefix(folder.path + "/") {
        guard host.seen(folder.path).kind == .absent, made.insert(folder.path).inserted else { continue }
        steps.append(.makeFolder(path: folder.path, mode: folder.mode, owner: host.service.owner))
      }
      if !known.contains(where: { $0.path == parent }), made.insert(parent).inserted,
        host.observed.answers.byKey[parent] == .file(.absent)
      {
        steps.append(.makeFolder(path: parent, mode: 0o755, owner: host.service.owner))
      }
    }
    return steps
  }
}

extension String {
  /// What stands before the last slash.
  var parentFolder: String { lastIndex(of: "/").map { String(self[..<$0]) } ?? "" }
}

extension UInt16 {
  /// The mode as `ls` and `chmod` users write it: `0600`.
  public var octalText: String {
    let digits = String(self, radix: 8)
    return String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
  }
}

extension ObservedFile {
  /// The fingerprint of a file that an earlier stage of the same plan writes.
  static let planned = "planned"
}
