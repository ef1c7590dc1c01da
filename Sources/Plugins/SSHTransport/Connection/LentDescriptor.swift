internal import CLibSSH2
import Glibc
internal import QuorateCore

/// A descriptor of the caller's, used through a duplicate: the caller may close its own at any time, and one
/// descriptor may serve two purposes at once (epoll takes each number only once).
final class LentDescriptor {
  /// Reads and writes without blocking.
  let io: DescriptorIO
  private var watch: (token: EventLoop.Token, loop: EventLoop)?

  /// Duplicates a descriptor; nil when it is none.
  init?(_ descriptor: Int32) {
    let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard own >= 0 else { return nil }
    io = DescriptorIO(own)
  }

  /// Takes over a descriptor.
  init(owning descriptor: Int32) { io = DescriptorIO(descriptor) }

  deinit {
    if let watch { watch.loop.unwatch(watch.token, io.descriptor) }
    close(io.descriptor)
  }

  /// Has a connection woken, once, when the descriptor is ready.
  func wake(_ connection: isolated SSHConnection, when events: UInt32) {
    guard !io.isAlwaysReady else { return }
    if let watch {
      watch.loop.change(watch.token, io.descriptor, events | EPOLLONESHOT.rawValue)
    } else if let token = connection.wake(when: io.descriptor, events) {
      watch = (token, connection.loop)
    }
  }
}
