internal import Glibc

/// A moment, in whole seconds since 1970-01-01T00:00:00Z: the precision of X.509.
public struct Instant: Sendable, Codable, Hashable, Comparable {
  /// Seconds since 1970-01-01T00:00:00Z.
  public var secondsSinceEpoch: Int64

  /// Makes a moment from seconds since 1970-01-01T00:00:00Z.
  public init(secondsSinceEpoch: Int64) { self.secondsSinceEpoch = secondsSinceEpoch }

  /// The earlier moment is less.
  public static func < (left: Instant, right: Instant) -> Bool { left.secondsSinceEpoch < right.secondsSinceEpoch }

  /// The moment so many seconds later.
  public func advanced(bySeconds seconds: Int64) -> Instant {
    Instant(secondsSinceEpoch: secondsSinceEpoch + seconds)
  }

  /// Whole days from this moment to another, rounded down.
  public func days(until other: Instant) -> Int64 {
    let difference = other.secondsSinceEpoch - secondsSinceEpoch
    return difference >= 0 ? difference / 86_400 : -((-difference + 86_399) / 86_400)
  }

  /// The day in UTC: `2026-11-23`.
  public var dayText: String { formatted("%Y-%m-%d") }

  /// The moment in UTC as RFC 3339 writes it: `2026-11-23T02:03:00Z`.
  public var text: String { formatted("%Y-%m-%dT%H:%M:%SZ") }

  private func formatted(_ format: String) -> String {
    var seconds = time_t(secondsSinceEpoch)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "\(secondsSinceEpoch) s" }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      let count = strftime(buffer.baseAddress, buffer.count, format, &parts)
      return String(decoding: buffer.prefix(count).lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}
