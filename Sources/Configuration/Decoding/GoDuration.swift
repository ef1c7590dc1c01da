/// A length of time as Go's `time.ParseDuration` reads it (`8760h`, `1h30m`, `90s`, `1.5h`), in whole seconds.
enum GoDuration {
  /// Why a text is no length of time.
  struct Fault: Error, Equatable {
    /// Continues a sentence that begins with the text: `which …`.
    var what: String
    var fix: String
  }

  private static let unitsInNanoseconds: [String: Int64] = [
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60 * 1_000_000_000,
    "h": 3600 * 1_000_000_000,
  ]

  private static let hoursOfOtherUnits: [String: Int64] = [
    "d": 24, "day": 24, "days": 24, "w": 168, "week": 168, "weeks": 168, "mo": 730, "month": 730, "months": 730,
    "y": 8760, "yr": 8760, "year": 8760, "years": 8760,
  ]

  private static let general = "write it as Go does, in hours, minutes and seconds: `8760h`, `1h30m`, `90s`"

  /// Reads a text.
  static func seconds(_ text: String) throws(Fault) -> Int64 {
    var rest = Substring(text)
    var isNegative = false
    if let sign = rest.first, sign == "-" || sign == "+" {
      isNegative = sign == "-"
      rest = rest.dropFirst()
    }
    if rest == "0" { return 0 }
    guard !rest.isEmpty else { throw Fault(what: "which is no length of time", fix: general) }
    var total: Int64 = 0
    while !rest.isEmpty {
      let whole = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(whole.count)
      var fraction: Substring = ""
      if rest.first == "." {
        fraction = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(1 + fraction.count)
      }
      guard !whole.isEmpty || !fraction.isEmpty else { throw Fault(what: "which is no length of time", fix: general) }
      let unit = String(rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." })
      rest = rest.dropFirst(unit.count)
      guard let nanoseconds = unitsInNanoseconds[unit] else {
        throw unitFault(unit, count: whole + (fraction.isEmpty ? "" : "." + fraction))
      }
      guard let part = nanosecondsOf(whole: whole, fraction: fraction, unit: nanoseconds),
        case let (sum, overflow) = total.addingReportingOverflow(part), !overflow
      else { throw Fault(what: "which is longer than Go can count (292 years)", fix: general) }
      total = sum
    }
    guard total % 1_000_000_000 == 0 else {
      throw Fault(what: "which is no whole number of seconds", fix: "write whole seconds: `90s`")
    }
    return (isNegative ? -total : total) / 1_000_000_000
  }

  private static func unitFault(_ unit: String, count: Substring) -> Fault {
    let name = unit.filter { $0 != " " }.lowercased()
    if name.isEmpty {
      return Fault(what: "which has no unit", fix: "write the unit: `\(count)h` for hours, `\(count)s` for seconds")
    }
    if unitsInNanoseconds[name] != nil {
      return Fault(what: "which Go does not read", fix: "write it without spaces, in small letters: `\(count)\(name)`")
    }
    if let hours = hoursOfOtherUnits[name] {
      let suggestion = Int64(count).flatMap { number in
        let (product, overflow) = number.multipliedReportingOverflow(by: hours)
        return overflow ? nil : "`\(product)h`"
      }
      let kind = hours == 24 ? "days" : hours == 168 ? "weeks" : hours == 730 ? "months" : "years"
      return Fault(
        what: "and \(kind) are no unit here, as their length varies",
        fix: "write hours: \(suggestion ?? "`24h` is a day, `8760h` are 365 days")")
    }
    return Fault(what: "and `\(unit.prefix(20))` is no unit of time", fix: general)
  }

  private static func nanosecondsOf(whole: Substring, fraction: Substring, unit: Int64) -> Int64? {
    guard whole.count <= 19, let number = whole.isEmpty ? 0 : Int64(whole) else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    guard let digits = fraction.isEmpty ? 0 : Double("0." + fraction.prefix(18)) else { return nil }
    let (sum, overflowed) = product.addingReportingOverflow(Int64((digits * Double(unit)).rounded()))
    return overflowed ? nil : sum
  }

  /// A length of time as it is best written: `8760h`, `1h30m`, `90s`.
  static func text(seconds: Int64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60)
    let parts = [(hours, "h"), (minutes, "m"), (rest, "s")].filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }
    return parts.isEmpty ? "0s" : parts.joined()
  }
}
