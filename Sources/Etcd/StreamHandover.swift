internal import CCurl
internal import Glibc

/// Hands a connected stream to libcurl in the place of a socket that libcurl would have connected.
///
/// libcurl has a way for this: the callback that opens a socket returns the stream, and the one that follows says that
/// it is connected (`CURL_SOCKOPT_ALREADY_CONNECTED`). In 7.88, which is Debian 12's, it connects all the same and
/// fails (curl#10626, mended in 8.0). There it is given a datagram socket, whose connecting sends nothing, and the
/// stream takes that socket's number just before TLS begins.
struct StreamHandover {
  /// The stream, while it is neither handed over nor closed.
  private var stream: Int32?
  /// The datagram socket that stands in for it; libcurl's to close.
  private var placeholder: Int32?
  /// Whether the stream was handed over.
  private(set) var isInUse = false
  /// Whether libcurl wanted a connection and there was no stream.
  private(set) var wasMissed = false

  private static let connectsAnyway = (0x075800..<0x075900).contains(quorate_curl_version())

  /// What libcurl is told before it would connect.
  static var answerToConnect: Int32 { connectsAnyway ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ALREADY_CONNECTED }

  init(_ stream: Int32?) { self.stream = stream }

  /// The socket for a new connection; -1: there is none.
  mutating func open(for address: UnsafeMutablePointer<curl_sockaddr>?) -> Int32 {
    guard let stream, placeholder == nil else {
      wasMissed = self.stream == nil
      return -1
    }
    isInUse = true
    guard Self.connectsAnyway else {
      self.stream = nil
      return stream
    }
    guard let address else { return -1 }
    let socket = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return -1 }
    var loopback = sockaddr_in()
    loopback.sin_family = sa_family_t(AF_INET)
    loopback.sin_port = UInt16(9).bigEndian
    loopback.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
    address.pointee.family = AF_INET
    address.pointee.addrlen = UInt32(MemoryLayout<sockaddr_in>.size)
    withUnsafeBytes(of: &loopback) { bytes in
      withUnsafeMutableBytes(of: &address.pointee.addr) { $0.copyMemory(from: bytes) }
    }
    placeholder = socket
    return socket
  }

  /// Called when TLS is about to begin: the stream takes its place now at the latest.
  mutating func begin() -> Bool {
    guard let placeholder else { return true }
    guard let stream else { return false }
    // The open file, with its flags, is shared by both numbers; libcurl expects it not to block.
    let flags = fcntl(stream, F_GETFL)
    guard flags >= 0, fcntl(stream, F_SETFL, flags | O_NONBLOCK) == 0, dup2(stream, placeholder) == placeholder,
      fcntl(placeholder, F_SETFD, FD_CLOEXEC) == 0
    else { return false }
    closeUnused()
    self.placeholder = nil
    return true
  }

  /// Closes the stream where it was not handed over.
  mutating func closeUnused() {
    if let stream { close(stream) }
    stream = nil
  }
}
