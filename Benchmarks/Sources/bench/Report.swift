/// Prints each case: its series with median, least and most, then what follows from them, with its limit.
struct Report {
  private let samples: Samples

  init(_ arguments: ArraySlice<String>) throws {
    guard arguments.count == 1, let file = arguments.first else { throw Failure("usage: report SAMPLES") }
    samples = try Samples(file: file)
  }

  /// - Returns: Whether every figure with a limit keeps it.
  func print() -> Bool {
    var kept = true
    for benchmark in Benchmark.all where samples.has(benchmark.name) {
      let loads = samples.loads[benchmark.name] ?? []
      let busy = samples.busy[benchmark.name] ?? []
      Swift.print(
        "\n\(benchmark.name): \(benchmark.title)\n  load \(range(loads, 2)), processors in use before a run \(range(busy, 0)) %\n"
      )
      Swift.print("  \("".padded(48)) \(["runs", "median", "least", "most"].map { $0.padded(left: 9) }.joined())")
      for series in benchmark.series {
        let values = samples[benchmark.name, series.series, series.metric]
        guard let median = values.median, let least = values.min(), let most = values.max() else { continue }
        let numbers = ["\(values.count)"] + [median, least, most].map { $0.text(series.digits) }
        Swift.print("  \(series.title.padded(48)) \(numbers.map { $0.padded(left: 9) }.joined()) \(series.unit)")
      }
      for figure in benchmark.figures {
        guard let value = figure.value({ samples[benchmark.name, $0, $1].median }) else { continue }
        var line =
          "  \(figure.title.padded(48)) \("".padded(9))\(value.text(figure.digits).padded(left: 9)) \(figure.unit)"
        if let limit = figure.limit {
          let passes = value <= limit
          kept = kept && passes
          line = line.padded(76) + " at most \(limit.text(figure.digits))  \(passes ? "pass" : "FAIL")"
        }
        Swift.print(line)
      }
    }
    return kept
  }

  private func range(_ values: [Double], _ digits: Int) -> String {
    guard let least = values.min(), let most = values.max() else { return "unknown" }
    return least == most ? least.text(digits) : "\(least.text(digits)) to \(most.text(digits))"
  }
}

extension Double {
  /// With so many digits behind the point.
  func text(_ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((self * scale).rounded())
    let sign = scaled < 0 ? "-" : ""
    guard digits > 0 else { return "\(scaled)" }
    let fraction = "\(abs(scaled) % Int(scale))".padded(left: digits, with: "0")
    return "\(sign)\(abs(scaled) / Int(scale)).\(fraction)"
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

  fileprivate func padded(left width: Int, with filler: Character = " ") -> String {
    String(repeating: filler, count: max(0, width - count)) + self
  }
}
