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
}
