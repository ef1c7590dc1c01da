internal import Glibc

/// A file descriptor that is closed when the last reference to it goes.
public final class OwnedDescriptor: Sendable {
  /// Its number.
  public let number: Int32

  /// Takes over a descriptor.
  public init(owning number: Int32) { self.number = number }

  /// Duplicates a descriptor; nil where none is left, or where the number is none's.
  public convenience init?(duplicating number: Int32) {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { return nil }
    self.init(owning: copy)
  }

  deinit { close(number) }
}
