/// Which part of a goal's plan a run carries out: a pipeline, cut down further by what was asked for on the command line.
public struct StageSelection: Sendable, Codable, Hashable {
  /// The pipeline.
  public var pipeline: Pipeline
  /// Only these parts, by ``Pipeline/Part/name``; empty: all.
  public var only: [String]
  /// This part and those after it; nil: from the first.
  public var from: String?
  /// Not these parts.
  public var skip: [String]
  /// Only on these hosts; nil: on all.
  public var hosts: [String]?

  /// Makes a selection.
  public init(
    _ pipeline: Pipeline, only: [String] = [], from: String? = nil, skip: [String] = [], hosts: [String]? = nil
  ) {
    self.pipeline = pipeline
    self.only = only
    self.from = from
    self.skip = skip
    self.hosts = hosts
  }

  /// Why a part is left out; nil: it is not.
  func reason(toLeaveOut part: Pipeline.Part) -> String? {
    if !only.isEmpty, !only.contains(part.name) { return "--only \(only.joined(separator: ","))" }
    if skip.contains(part.name) { return "--skip \(part.name)" }
    if let from, let first = pipeline.parts.firstIndex(where: { $0.name == from }),
      let index = pipeline.parts.firstIndex(of: part), index < first
    {
      return "--from \(from)"
    }
    return nil
  }

  /// Whether every part is left out. The survey alone, asked for by its name, is something.
  public var isEmpty: Bool {
    pipeline.parts.allSatisfy { reason(toLeaveOut: $0) != nil || $0 == .survey && only != ["survey"] }
  }

  /// The first name among ``only``, ``from`` and ``skip`` that no part of the pipeline has; nil: all are known.
  public var unknownPart: String? {
    let known = Set(pipeline.parts.map(\.name))
    return (only + skip + (from.map { [$0] } ?? [])).first { !known.contains($0) }
  }
}

/// Work of a goal's plan that a selection leaves out.
public struct LeftOutStage: Sendable, Codable, Hashable {
  /// The stage.
  public var id: Stage.ID
  /// The hosts it would have been carried out on.
  public var hosts: [String]
  /// What leaves it out: `--skip files`, `the pipeline smoke`.
  public var why: String

  /// Makes a value.
  public init(id: Stage.ID, hosts: [String], why: String) {
    self.id = id
    self.hosts = hosts
    self.why = why
  }
}
