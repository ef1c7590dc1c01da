import CBench
import Glibc

/// A member as a watcher outside sees it: its plain HTTP listener for metrics, perhaps in another network namespace.
struct Member: Sendable, CustomStringConvertible {
  private let host: String
  private let port: UInt16
  private let namespace: String?

  /// Reads `127.0.0.1:2381` or `127.0.0.1:2381@/run/netns/NAME`.
  init(_ text: String) throws {
    let parts = text.split(separator: "@", maxSplits: 1)
    let address = parts.first?.split(separator: ":") ?? []
    guard address.count == 2, let port = UInt16(address[1]) else {
      throw Failure("`\(text)` is no member: write ADDRESS:PORT or ADDRESS:PORT@NAMESPACE")
    }
    host = String(address[0])
    self.port = port
    namespace = parts.count > 1 ? String(parts[1]) : nil
  }

  var description: String { namespace?.split(separator: "/").last.map(String.init) ?? "\(host):\(port)" }

  /// Takes the calling thread to where the member listens.
  func enterNetwork() {
    guard let namespace else { return }
    let descriptor = open(namespace, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, setns(descriptor, Int32(BENCH_NETWORK_NAMESPACE)) == 0 else {
      complain("cannot enter \(namespace): \(String(cString: strerror(errno)))")
      exit(1)
    }
  }

  /// Whether the member says that it is healthy: it serves a read that a quorum confirms.
  func isHealthy() -> Bool {
    let answer = get("/health", milliseconds: 300)
    return answer.contains("\"health\":\"true\"")
  }

  /// When the member's process started, as it says itself; on a thread of its own, since the network changes.
  func startTime() -> String? {
    if namespace == nil { return readStartTime() }
    let result = Box()
    let body = ThreadBody { [self] in
      enterNetwork()
      result.set(readStartTime())
    }
    pthread_join(body.start(), nil)
    return result.value
  }

  /// Whether etcd runs in the member's network, and every etcd there has been given this argument. A kubelet may start the
  /// pod of the manifest before once more while that of the new one comes up: its start time is new, too.
  func runsOnly(with argument: String) -> Bool {
    var own = stat()
    guard stat(namespace ?? "/proc/self/ns/net", &own) == 0, let folder = opendir("/proc") else { return false }
    defer { closedir(folder) }
    var lines: [[UInt8]] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var network = stat()
      guard name.allSatisfy(\.isNumber), stat("/proc/\(name)/ns/net", &network) == 0, network.st_ino == own.st_ino,
        contents("/proc/\(name)/comm") == Array("etcd\n".utf8)
      else { continue }
      lines.append(contents("/proc/\(name)/cmdline"))
    }
    return !lines.isEmpty && lines.allSatisfy { $0.split(separator: 0).contains { $0.elementsEqual(argument.utf8) } }
  }

  private func contents(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 16_384)
    let count = read(descriptor, &buffer, buffer.count)
    return Array(buffer.prefix(max(0, count)))
  }

  private func readStartTime() -> String? {
    get("/metrics", milliseconds: 1_000).split(separator: "\n").first { $0.hasPrefix("process_start_time_seconds ") }
      .map(String.init)
  }

  private func get(_ path: String, milliseconds: Int) -> String {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, host, &address.sin_addr)
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    let request = "GET \(path) HTTP/1.0\r\nHost: localhost\r\n\r\n"
    guard connected == 0, send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL)) > 0 else { return "" }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
