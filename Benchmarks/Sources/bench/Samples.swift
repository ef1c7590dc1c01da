import Glibc

/// What was measured: values by case, series and metric, in the order of the runs.
struct Samples {
  /// Names what was measured: `bootstrap`, `quorate`, `healthy`.
  struct Key: Hashable {
    var benchmark: String
    var series: String
    var metric: String
  }

  private var values: [Key: [Double]] = [:]
  /// The machine's one-minute load when each run of a case began.
  private(set) var loads: [String: [Double]] = [:]
  /// The share of the processors, in percent, that was in use in the second before each run began.
  private(set) var busy: [String: [Double]] = [:]

  /// Reads lines of six fields, apart by tabs: case, series, metric, value, load, busy.
  init(file: String) throws {
    guard let stream = fopen(file, "r") else { throw Failure("cannot read \(file)") }
    defer { fclose(stream) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, stream) > 0, let text = line.map({ String(cString: $0) }) {
      let fields = text.split(whereSeparator: \.isNewline).first?.split(separator: "\t").map(String.init) ?? []
      guard fields.count == 6, let value = Double(fields[3]) else {
        throw Failure("\(file) has a strange line: \(text)")
      }
      values[Key(benchmark: fields[0], series: fields[1], metric: fields[2]), default: []].append(value)
      loads[fields[0], default: []] += [Double(fields[4])].compactMap { $0 }
      busy[fields[0], default: []] += [Double(fields[5])].compactMap { $0 }
    }
  }

  /// Whether there is anything of a case.
  func has(_ benchmark: String) -> Bool { values.keys.contains { $0.benchmark == benchmark } }

  subscript(_ benchmark: String, _ series: String, _ metric: String) -> [Double] {
    values[Key(benchmark: benchmark, series: series, metric: metric)] ?? []
  }
}

extension [Double] {
  /// The middle value; between the two middle ones of an even number.
  var median: Double? {
    guard !isEmpty else { return nil }
    let ordered = sorted()
    return (ordered[(count - 1) / 2] + ordered[count / 2]) / 2
  }
}
