/// Turns the steps of one host into the operations of one program.
struct StepCompiler {
  /// The operations, in order.
  private(set) var operations: [HostOperation] = []
  /// The index of the step that each operation belongs to; nil: to none.
  private(set) var stepOfOperation: [Int?] = []

  /// How long a member may take to show a new certificate, in seconds. etcd does so at the next handshake.
  static let servedSeconds = 30

  private let layout: HostLayout
  private let stage: Stage.ID
  private let slots: SlotValues
  private var pending: [(step: Int, change: FileChange)] = []

  /// A pair that a running member uses is kept staged until the member is seen to show it: a crash between the two
  /// renames is then finished without the issuer.
  private let keepsStaged: Bool
  /// How many files were staged by now. Copies that are kept are not written over.
  private var staged = 0

  /// Compiles steps.
  ///
  /// - Parameters:
  ///   - holder: Who holds the lock; the program checks that it still does.
  ///   - asks: What the member is asked at the end.
  ///   - keepsStaged: Whether staged copies of an update stay until the member shows them; false where none of what is
  ///     written is for the member.
  /// - Throws: ``RunFailure`` when a slot is empty.
  init(
    _ steps: [Step], stage: Stage.ID, host: HostSpec, holder: String, slots: SlotValues, asks: [EtcdProbe] = [],
    keepsStaged: Bool = true
  ) throws(RunFailure) {
    layout = host.layout
    self.stage = stage
    self.slots = slots
    self.keepsStaged = keepsStaged && stage == .update
    add(.holding(file: layout.lockFile, holder: holder))
    let expected = steps.expectations
    if !expected.isEmpty { add(.expect(expected)) }
    for case .awaitHealth(_, _, true, let instance) in steps {
      add(.mark(host.metricsEndpoint, instance: instance))
      break
    }
    for (index, step) in steps.enumerated() {
      if case .write(let change) = step {
        pending.append((index, change))
        continue
      }
      try flush()
      switch step {
      case .write: break
      case .makeFolder(let path, let mode, let owner): add(.makeFolder(path: path, mode: mode, owner: owner), index)
      case .setAttributes(let path, let mode, let owner, _, _):
        add(.setAttributes(path: path, mode: mode, owner: owner), index)
      case .resumeStaged(let folder):
        // Kept where a later step discards them.
        add(.resume(stage: folder, keep: steps.contains(.discardStaged(folder: folder))), index)
      case .discardStaged(let folder): add(.discard(stage: folder, onlyIfSeen: true), index)
      case .remove(let path, _, _): add(.remove(path), index)
      case .execute(let command), .run(let command): add(.execute(command), index)
      case .awaitHealth(let endpoint, let seconds, let restarted, let instance):
        add(.await(endpoint, seconds: seconds, restarted: restarted, instance: instance), index)
      case .awaitServed(let endpoint, let certificate):
        add(.served(endpoint, certificate: certificate, seconds: Self.servedSeconds), index)
      }
    }
    try flush()
    if keepsStaged { add(.discard(stage: layout.stagingFolder(of: stage), onlyIfSeen: true)) }
    if !asks.isEmpty { add(.etcd(asks)) }
  }

  private mutating func add(_ operation: HostOperation, _ step: Int? = nil) {
    operations.append(operation)
    stepOfOperation.append(step)
  }

  /// Puts what is pending into place: staged, synced, renamed, in the steps' order.
  private mutating func flush() throws(RunFailure) {
    guard let last = pending.last else { return }
    let folder = layout.stagingFolder(of: stage)
    add(.stage(folder))
    for (step, change) in pending {
      let content: InputPart
      let count: Int
      switch change.file.content {
      case .bytes(let bytes): (content, count) = (.bytes(bytes), bytes.count)
      case .slot(let name): (content, count) = try slots.part(name)
      }
      add(
        .put(
          index: staged, path: change.file.path, mode: change.file.mode, owner: change.file.owner, content: content,
          count: count), step)
      staged += 1
    }
    add(.commit(stage: folder, keep: keepsStaged), last.step)
    pending = []
  }
}

extension [Step] {
  /// What must still be as the survey saw it; what an earlier stage of the same plan writes is not among it.
  var expectations: [(path: String, seen: ObservedFile)] {
    compactMap(\.expectation).filter { $0.seen.fingerprint != ObservedFile.planned }
  }
}

extension Step {
  /// What must still be as the survey saw it.
  fileprivate var expectation: (path: String, seen: ObservedFile)? {
    switch self {
    case .write(let change): (change.file.path, change.seen)
    case .setAttributes(let path, _, _, let seen, _), .remove(let path, let seen, _): (path, seen)
    default: nil
    }
  }

  /// How the step is named in an error: `write /etc/…`.
  public var summary: String {
    switch self {
    case .makeFolder(let path, _, _): "make \(path)"
    case .write(let change): "write \(change.file.path)"
    case .setAttributes(let path, _, _, _, _): "set mode and owner of \(path)"
    case .resumeStaged(let folder): "finish an interrupted replacement from \(folder)"
    case .discardStaged(let folder): "remove \(folder)"
    case .remove(let path, _, _): "remove \(path)"
    case .execute(let command): command.summary
    case .run(let command): "run `\(command.summary)`"
    case .awaitHealth: "wait until the member is healthy"
    case .awaitServed(let endpoint, let certificate): "see \(endpoint) show \(certificate)"
    }
  }
}

/// What fills the slots of a plan, during a run.
struct SlotValues: Sendable {
  private var values: [String: InputPart] = [:]
  private var counts: [String: Int] = [:]

  /// Takes another's values over.
  mutating func merge(_ other: SlotValues) {
    values.merge(other.values) { $1 }
    counts.merge(other.counts) { $1 }
  }

  /// Whether a slot is filled.
  func holds(_ name: String) -> Bool { values[name] != nil }

  mutating func set(_ name: String, _ bytes: [UInt8]) {
    values[name] = .bytes(bytes)
    counts[name] = bytes.count
  }

  mutating func set(_ name: String, _ secret: SecretBytes) {
    values[name] = .secret(secret)
    counts[name] = secret.count
  }

  func part(_ name: String) throws(RunFailure) -> (InputPart, Int) {
    guard let value = values[name], let count = counts[name] else {
      throw RunFailure(
        code: "run.slot-empty", what: "\(name) does not exist",
        why: "no earlier stage of this run made it", fix: "make a new plan")
    }
    return (value, count)
  }
}
